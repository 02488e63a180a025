import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errors } from "../../../src/delivery/errors.ts";
import type { Withhold } from "../../../src/delivery/withhold.ts";
import { say } from "../../../src/errors/sentence.ts";
import { memoryState } from "../../../src/receiver/memory-state.ts";
import { Receiver } from "../../../src/receiver/receiver.ts";
import { decodeMessage } from "../../../src/seal/message.ts";
import { isWithheld } from "../../../src/seal/record.ts";
import { randomFrom } from "../../faults/random.ts";
import { FakeBroker } from "../../fixtures/fake-broker.ts";
import { gatewayKeys, KeepingSink, newJournal, openGateway, platformKey } from "../../fixtures/feed.ts";
import { LossyLine } from "../../fixtures/lossy-line.ts";
import { ManualTimers, settle } from "../../fixtures/timers.ts";

const receiving = (sink: KeepingSink) =>
  new Receiver({ keys: gatewayKeys(), state: memoryState(), sinks: [sink], platformKey });
const config = { url: "mqtt://nowhere", version: "5" } as const;
/** So many bytes that nothing makes smaller, after a number that tells them apart. */
const noise = (n: number, bytes: number): string =>
  `${n}:${randomBytes(Math.ceil((bytes * 3) / 4)).toString("base64")}`;

async function arrange(bodies: readonly (readonly string[])[], maximumPacketSize: number, withhold?: Withhold) {
  const sink = new KeepingSink();
  const timers = new ManualTimers();
  const line = new LossyLine(receiving(sink), () => 0.99);
  line.calm = true;
  line.limits = { ...line.limits, maximumPacketSize };
  const journal = newJournal();
  for (const segment of bodies) journal.commit(...segment);
  const gateway = await openGateway(journal, config, {
    timers,
    connect: line.connect,
    ...(withhold !== undefined && { withhold }),
  });
  await settle();
  await line.deliver();
  return { sink, timers, line, journal, gateway };
}

describe("a segment beyond the broker's packet size", () => {
  it("goes in portions that the broker takes, and those behind it follow at once", async () => {
    const first = Array.from({ length: 40 }, (_, n) => noise(n, 300));
    const { sink, line, journal, gateway } = await arrange([first, ["behind"]], 4_096);
    expect(sink.bodies).toEqual([...first, "behind"]);
    expect(line.largest).toBeLessThanOrEqual(4_096);
    expect(await journal.cursor("platform")).toBe(41);
    await gateway.destination[Symbol.asyncDispose]();
  });

  it("leaves out, with a letter, a body that is too large by itself; its digest and the others pass", async () => {
    const bodies = [noise(1, 300), noise(2, 5_000), noise(3, 300)];
    const { sink, journal, gateway } = await arrange([bodies, [noise(4, 9_000)], ["behind"]], 2_048);
    expect(sink.bodies).toEqual([bodies[0], bodies[2], "behind"]);
    expect(gateway.deadLetters.list()).toMatchObject([
      { seq: 2, code: "too-big", words: expect.stringMatching(/^\d+ bytes, at most 2048$/) },
      { seq: 4, code: "too-big" },
    ]);
    expect(await journal.cursor("platform")).toBe(5);
    await gateway.destination[Symbol.asyncDispose]();
  });

  it("stands still, and says so, only where not even the digests fit", async () => {
    const { sink, journal, gateway } = await arrange([["1", "2", "3"], ["4"]], 200);
    expect(gateway.destination.status()).toMatchObject({ state: "waiting", trouble: { code: "DELIVERY_TOO_BIG" } });
    expect(sink.bodies).toEqual([]);
    expect(await journal.cursor("platform")).toBe(0);
    await gateway.destination[Symbol.asyncDispose]();
  });

  it("shows nothing in any portion that is not for this destination", async () => {
    const first = Array.from({ length: 20 }, (_, n) => noise(n, 300));
    const { sink, journal, gateway } = await arrange([first], 3_000, ({ seq }) => seq % 3 === 0);
    expect(sink.bodies).toEqual(first.filter((_, index) => (index + 1) % 3 !== 0));
    expect(await journal.cursor("platform")).toBe(20);
    await gateway.destination[Symbol.asyncDispose]();
  });

  it("is told of what the platform refuses in a portion, and waits for nothing", async () => {
    const sink = new KeepingSink();
    sink.refuse = ({ seq }) => (seq === 2 ? "no such person" : undefined);
    const timers = new ManualTimers();
    const line = new LossyLine(receiving(sink), () => 0.99);
    line.calm = true;
    line.limits = { ...line.limits, maximumPacketSize: 3_000 };
    const journal = newJournal();
    const bodies = Array.from({ length: 20 }, (_, n) => noise(n + 1, 300));
    journal.commit(...bodies);
    const gateway = await openGateway(journal, config, { timers, connect: line.connect });
    await settle();
    await line.deliver();
    await timers.advance(2_000);
    await line.deliver();
    expect(sink.bodies).toEqual(bodies.toSpliced(1, 1));
    expect(gateway.deadLetters.list()).toMatchObject([{ seq: 2, words: "no such person" }]);
    expect(await journal.cursor("platform")).toBe(20);
    await gateway.destination[Symbol.asyncDispose]();
  });
});

describe("a broker that tells its packet size by refusing a packet", () => {
  async function refusing(how: "PUBACK" | "DISCONNECT", bodies: readonly string[], most: number) {
    const timers = new ManualTimers();
    const broker = new FakeBroker();
    broker.puback = undefined;
    const journal = newJournal();
    journal.commit(...bodies);
    const gateway = await openGateway(journal, config, { timers, connect: broker.connect });
    let answered = 0;
    for (let step = 0; step < 100; step += 1) {
      await settle();
      for (const { payload, answer } of broker.published.slice(answered)) {
        answered += 1;
        if (payload.length <= most) answer(0);
        else if (how === "PUBACK") answer(0x95);
        else {
          broker.handlers?.closed(errors.DELIVERY_TOO_BIG({ found: say("0x95", "0x95") }));
          await timers.advance(60_000);
        }
      }
    }
    await gateway.destination[Symbol.asyncDispose]();
    return { broker, gateway, taken: broker.published.filter(({ payload }) => payload.length <= most) };
  }

  it.each(["PUBACK", "DISCONNECT"] as const)("is sent less (%s)", async (how) => {
    const bodies = Array.from({ length: 16 }, (_, n) => noise(n, 400));
    const { taken, gateway } = await refusing(how, bodies, 3_000);
    const shown = taken.flatMap(({ payload }) => bodies.filter((body) => showsOf(payload).includes(body)));
    expect(new Set(shown)).toEqual(new Set(bodies));
    expect(gateway.deadLetters.list()).toEqual([]);
  });

  it.each(["PUBACK", "DISCONNECT"] as const)("and a body that it refuses alone is put aside (%s)", async (how) => {
    const { gateway, taken } = await refusing(how, ["1", noise(2, 5_000), "3"], 1_000);
    expect(gateway.deadLetters.list()).toMatchObject([{ seq: 2, code: "too-big" }]);
    expect(taken.flatMap(({ payload }) => showsOf(payload))).toEqual(expect.arrayContaining(["1", "3"]));
  });
});

describe("a broker that does not take what is in a message (0x99)", () => {
  async function inspecting(refuses: (bodies: readonly string[]) => boolean) {
    const sink = new KeepingSink();
    const timers = new ManualTimers();
    const line = new LossyLine(receiving(sink), () => 0.99);
    line.calm = true;
    line.puback = (payload) => (refuses(showsOf(payload)) ? 0x99 : 0);
    const journal = newJournal();
    journal.commit(...Array.from({ length: 20 }, (_, n) => `${n + 1}`));
    journal.commit("behind");
    const gateway = await openGateway(journal, config, { timers, connect: line.connect });
    for (let turn = 0; turn < 30; turn += 1) {
      await line.deliver();
      await timers.advance(200);
    }
    return { sink, journal, gateway };
  }

  it.each([[[7]], [[1, 20]], [[4, 5, 6]]])(
    "has the bodies %j put aside, and takes all the others",
    async (poisonous) => {
      const isPoison = (body: string): boolean => poisonous.includes(Number(body));
      const { sink, journal, gateway } = await inspecting((bodies) => bodies.some(isPoison));
      const numbers = Array.from({ length: 20 }, (_, n) => `${n + 1}`);
      expect(sink.bodies).toEqual([...numbers.filter((body) => !isPoison(body)), "behind"]);
      const letters = poisonous.map((seq) =>
        expect.objectContaining({ seq, code: "invalid", words: "MQTT reason code 0x99" }),
      );
      expect(gateway.deadLetters.list()).toEqual(letters);
      expect(await journal.cursor("platform")).toBe(21);
      await gateway.destination[Symbol.asyncDispose]();
    },
  );

  it("and takes no message at all is in the wrong itself: nothing is put aside", async () => {
    const { gateway, journal } = await inspecting(() => true);
    expect(gateway.deadLetters.list()).toEqual([]);
    expect(gateway.destination.status()).toMatchObject({ state: "waiting", trouble: { code: "DELIVERY_REFUSED" } });
    expect(await journal.cursor("platform")).toBe(0);
    await gateway.destination[Symbol.asyncDispose]();
  });
});

describe("whatever happens to the portions on their way", () => {
  it("each body is handed over once, in order, and the cursor is where the receipts are", async () => {
    const body = fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 10, max: 400 }) },
      { weight: 1, arbitrary: fc.constant(2_500) },
    );
    const sizes = fc.array(fc.array(body, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 5 });
    const trial = fc.record({ seed: fc.integer(), sizes, refused: fc.nat(30), keptBack: fc.nat(30) });
    await fc.assert(
      fc.asyncProperty(trial, async ({ seed, sizes: of, refused, keptBack }) => {
        const random = randomFrom(seed);
        const sink = new KeepingSink();
        sink.refuse = ({ seq }) => (seq === refused ? "never" : undefined);
        const line = new LossyLine(receiving(sink), () => random.below(2 ** 20) / 2 ** 20);
        line.limits = { receiveMaximum: 5, maximumPacketSize: 2_000 };
        const journal = newJournal();
        const bodies = of.map((segment) => segment.map((size) => noise(journal.lastSeq, size)));
        for (const segment of bodies) journal.commit(...segment);
        const timers = new ManualTimers();
        const gateway = await openGateway(journal, config, {
          timers,
          connect: line.connect,
          withhold: ({ seq }) => seq === keptBack,
        });
        await line.happen(60, timers);
        line.calm = true;
        line.cut();
        for (let patience = 0; (await journal.cursor("platform")) < journal.lastSeq; patience += 1) {
          if (patience > 100) throw new Error(`stands at ${await journal.cursor("platform")} of ${journal.lastSeq}`);
          await line.deliver();
          await timers.advance(2_000);
        }
        const passes = (text: string, seq: number): boolean =>
          text.length < 2_000 && seq !== keptBack && seq !== refused;
        expect(sink.bodies).toEqual(bodies.flat().filter((text, index) => passes(text, index + 1)));
        expect(line.largest).toBeLessThanOrEqual(2_000);
        const letters = bodies.flat().flatMap((text, index) => {
          const isAside = text.length >= 2_000 || index + 1 === refused;
          return isAside && index + 1 !== keptBack ? [index + 1] : [];
        });
        expect(gateway.deadLetters.list().map(({ seq }) => seq)).toEqual(letters);
        await gateway.destination[Symbol.asyncDispose]();
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});

/** The bodies that a message shows. */
function showsOf(payload: Uint8Array): string[] {
  const decoded = decodeMessage(payload);
  if (!decoded.ok) throw new Error(decoded.because.en);
  return decoded.message.records.flatMap((record) => (isWithheld(record) ? [] : [Buffer.from(record.body).toString()]));
}
