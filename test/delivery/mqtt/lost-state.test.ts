import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { receiptsTopic } from "../../../src/delivery/mqtt/topics.ts";
import { memoryState } from "../../../src/receiver/memory-state.ts";
import { Receiver } from "../../../src/receiver/receiver.ts";
import { encodeMessage } from "../../../src/seal/message.ts";
import { sealReceipt } from "../../../src/seal/receipt.ts";
import { hashOf } from "../../../src/seal/segment.ts";
import { randomFrom } from "../../faults/random.ts";
import { FakeBroker } from "../../fixtures/fake-broker.ts";
import { address, gatewayKeys, KeepingSink, newJournal, openGateway, platformKey } from "../../fixtures/feed.ts";
import { LossyLine } from "../../fixtures/lossy-line.ts";
import { ManualTimers, settle } from "../../fixtures/timers.ts";

const HOUR = 3_600_000;
const config = { url: "mqtt://nowhere", version: "5" } as const;

/** A platform that has receipted 20 segments, and what it may say afterwards. */
async function arrange() {
  const journal = newJournal();
  const stored = Array.from({ length: 20 }, (_, i) => journal.commit(`${i + 1}`));
  const broker = new FakeBroker();
  const timers = new ManualTimers();
  const gateway = await openGateway(journal, config, { timers, connect: broker.connect });
  const commit = async () => {
    stored.push(journal.commit(`${stored.length + 1}`));
    await settle();
  };
  const say = async (through: number, head = hashOf(stored[through - 1]?.segment ?? new Uint8Array())) => {
    const empty = through === 0 ? new Uint8Array(32) : head;
    const receipt = { gateway: address.gateway, epoch: 1, through, head: empty, exceptions: [], encodings: [0, 1] };
    await broker.handlers?.message(receiptsTopic(address), sealReceipt(receipt, platformKey));
    await settle();
  };
  /** What it says to whatever it is sent, asked once and again. */
  const sayTwice = async (...what: Parameters<typeof say>) => {
    await say(...what);
    await timers.advance(2_000);
    await say(...what);
  };
  await settle();
  await say(20);
  broker.published.length = 0;
  const faults = (code: string) => gateway.told.count((event) => event.type === "fault" && event.error.code === code);
  return { journal, broker, timers, gateway, commit, say, sayTwice, faults };
}

describe("a platform that says that it has less than it had receipted", () => {
  it("is sent again what it lost, once it says so again; the cursor on disk stays", async () => {
    const { journal, broker, gateway, commit, sayTwice, say, faults } = await arrange();
    await commit();
    await sayTwice(15);
    expect(broker.seqs).toEqual([21, 21, 16, 17, 18, 19, 20, 21]);
    expect(faults("DELIVERY_PLATFORM_LOST_STATE")).toBe(1);
    expect(faults("DELIVERY_RECEIPT_IGNORED")).toBe(0);
    expect(await journal.cursor("platform")).toBe(20);
    await say(18);
    expect(await journal.cursor("platform")).toBe(20);
    await say(21);
    expect(await journal.cursor("platform")).toBe(21);
    expect(gateway.destination.status()).toMatchObject({ state: "connected", confirmed: 21, ignoredReceipts: {} });
    await gateway.destination[Symbol.asyncDispose]();
  });

  it("may have lost everything", async () => {
    const { broker, gateway, commit, sayTwice } = await arrange();
    await commit();
    await sayTwice(0);
    expect(broker.seqs.slice(2)).toEqual(Array.from({ length: 21 }, (_, i) => i + 1));
    await gateway.destination[Symbol.asyncDispose]();
  });

  it("is not believed where nothing is out, nor where it then says that it has more: that was late, or somebody's", async () => {
    const { broker, gateway, commit, say, timers } = await arrange();
    await say(15);
    await say(15);
    await commit();
    await say(15);
    await say(21);
    await timers.advance(10_000);
    await commit();
    await say(15);
    await timers.advance(2_000);
    await say(21);
    await say(15);
    await say(22);
    expect(broker.seqs).toEqual([21, 22, 22]);
    expect(gateway.destination.status().ignoredReceipts).toEqual({ replayed: 5 });
    await gateway.destination[Symbol.asyncDispose]();
  });

  it("is believed once an hour, then once in two where it had lost nothing: old receipts make no storm", async () => {
    const { broker, gateway, commit, say, sayTwice, timers, faults } = await arrange();
    const startsOver = async (): Promise<boolean> => {
      broker.published.length = 0;
      await commit();
      await sayTwice(3);
      const startedOver = broker.seqs.includes(4);
      // The platform itself: it has everything.
      await say(broker.seqs.at(-1) ?? 0);
      return startedOver;
    };
    expect(await startsOver()).toBe(true);
    expect(await startsOver()).toBe(false);
    await timers.advance(HOUR);
    expect(await startsOver()).toBe(true);
    await timers.advance(HOUR);
    expect(await startsOver()).toBe(false);
    await timers.advance(HOUR);
    expect(await startsOver()).toBe(true);
    expect(faults("DELIVERY_PLATFORM_LOST_STATE")).toBe(3);
    await gateway.destination[Symbol.asyncDispose]();
  });

  it("and has lost nothing is sent no more of it than was out when it says so", async () => {
    const { broker, gateway, commit, say, sayTwice } = await arrange();
    await commit();
    await sayTwice(15);
    broker.published.length = 0;
    await say(20);
    await commit();
    expect(broker.seqs).toEqual([22]);
    await gateway.destination[Symbol.asyncDispose]();
  });

  it("cannot be helped where the journal is pruned beyond that, which is said, once", async () => {
    const { journal, broker, gateway, commit, sayTwice, faults } = await arrange();
    journal.prune(18);
    await commit();
    await sayTwice(15);
    await sayTwice(15);
    expect(new Set(broker.seqs)).toEqual(new Set([21]));
    expect(faults("DELIVERY_PLATFORM_TOO_FAR_BEHIND")).toBe(1);
    await gateway.destination[Symbol.asyncDispose]();
  });

  it("or where it names another history", async () => {
    const { broker, gateway, commit, sayTwice, faults } = await arrange();
    await commit();
    await sayTwice(15, new Uint8Array(32));
    expect(new Set(broker.seqs)).toEqual(new Set([21]));
    expect(faults("DELIVERY_PLATFORM_TOO_FAR_BEHIND")).toBe(1);
    await gateway.destination[Symbol.asyncDispose]();
  });
});

describe("whatever is lost, doubled or overtaken around a platform's loss", () => {
  it("it has everything again in the end, each once and in order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 0, max: 30 }), async (seed, kept) => {
        const random = randomFrom(seed);
        const platform = (sink: KeepingSink) =>
          new Receiver({ keys: gatewayKeys(), state: memoryState(), sinks: [sink], platformKey });
        const line = new LossyLine(platform(new KeepingSink()), random.next);
        const journal = newJournal();
        const commit = (): void => void journal.commit(...Array.from({ length: 1 + random.below(5) }, () => "measure"));
        while (journal.lastSeq < 40) commit();
        const timers = new ManualTimers();
        const gateway = await openGateway(journal, { ...config, window: 5 }, { timers, connect: line.connect });
        await line.happen(60, timers);
        // Restored from a backup of the time when it had some of it.
        const restored = new KeepingSink();
        line.receiver = platform(restored);
        for (const segment of await journal.segments(1, journal.lastSeq)) {
          if (segment.lastSeq <= kept) await line.receiver.receive(encodeMessage(segment));
        }
        for (let turn = 0; turn < 10; turn += 1) {
          await line.happen(6, timers);
          commit();
        }
        line.calm = true;
        line.cut();
        commit();
        const isComplete = async () => (await journal.cursor("platform")) === journal.lastSeq;
        for (let patience = 0; !(await isComplete()) || restored.records.length < journal.lastSeq; patience += 1) {
          if (patience > 400) throw new Error(`${restored.records.length} of ${journal.lastSeq} are there`);
          await line.deliver();
          // Chance may have made it start over for nothing just before: then the next time comes with time, and something new.
          await timers.advance(patience < 20 ? 3_000 : HOUR);
          if (patience % 10 === 9) commit();
        }
        await gateway.destination[Symbol.asyncDispose]();
        expect(restored.records.map(({ seq }) => seq)).toEqual(
          Array.from({ length: journal.lastSeq }, (_, n) => n + 1),
        );
      }),
      { numRuns: 30 },
    );
  }, 120_000);
});
