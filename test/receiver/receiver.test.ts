import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { withholding } from "../../src/delivery/withhold.ts";
import type { StoredSegment } from "../../src/journal/port.ts";
import { memoryState } from "../../src/receiver/memory-state.ts";
import type { Outcome, ReceiverEvent, ReceiverState } from "../../src/receiver/port.ts";
import { Receiver } from "../../src/receiver/receiver.ts";
import { Encoding } from "../../src/seal/encoding.ts";
import { openHolding } from "../../src/seal/holding.ts";
import { encodeMessage } from "../../src/seal/message.ts";
import { openReceipt } from "../../src/seal/receipt.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { hashOf } from "../../src/seal/segment.ts";
import { Told } from "../fixtures/events.ts";
import {
  address,
  gatewayKey,
  gatewayKeys,
  KeepingSink,
  newJournal,
  platformKey,
  platformKeys,
  strangerKey,
} from "../fixtures/feed.ts";
import { MemoryJournal } from "../fixtures/memory-journal.ts";
import { ManualTimers } from "../fixtures/timers.ts";

const GATEWAY = address.gateway;

function arrange(state: ReceiverState = memoryState(), keys = gatewayKeys()) {
  const sink = new KeepingSink();
  const told = new Told<ReceiverEvent>();
  const receiver = new Receiver({ keys, state, sinks: [sink], platformKey, observe: told.observe });
  const receive = (segment: StoredSegment): Promise<Outcome> => receiver.receive(encodeMessage(segment), GATEWAY);
  return { sink, told, receiver, receive };
}

const throughOf = (outcome: Outcome): number | undefined =>
  "standing" in outcome ? outcome.standing.through : undefined;

describe("the receiver", () => {
  it("signs a receipt that names the gateway, the epoch, the last record and the segment's hash", async () => {
    const { receive, receiver } = arrange();
    const segment = newJournal().commit("1", "2", "3");
    const outcome = await receive(segment);
    if (outcome.type !== "held") throw new Error(outcome.type);
    const opened = openReceipt(receiver.sign(GATEWAY, outcome.standing), platformKeys);
    if (!opened.ok) throw new Error(opened.because.en);
    const { head, ...receipt } = opened.receipt;
    expect(receipt).toEqual({ gateway: GATEWAY, epoch: 1, through: 3, exceptions: [], encodings: [0, 1, 2] });
    expect(Buffer.from(head).equals(hashOf(segment.segment))).toBe(true);
  });

  it("follows when another receiver closed the gap, and stands in nobody's way until then", async () => {
    const timers = new ManualTimers();
    const kept = memoryState();
    // What PostgreSQL's says of itself; its locks are not what is asked for here.
    const state: ReceiverState = { ...kept, isShared: true };
    const sink = new KeepingSink();
    const parts = { keys: gatewayKeys(), state, sinks: [sink], platformKey, timers };
    const [one, other] = [new Receiver(parts), new Receiver(parts)];
    const journal = newJournal();
    const [first, second, third] = ["1", "2", "3"].map((body) => encodeMessage(journal.commit(body)));
    if (first === undefined || second === undefined || third === undefined) throw new Error("three were committed");
    const later: Outcome[] = [];
    expect(await other.receive(third, GATEWAY, (outcome) => later.push(outcome))).toMatchObject({ type: "early" });
    expect(await other.receive(second, GATEWAY, (outcome) => later.push(outcome))).toMatchObject({ type: "early" });
    await timers.advance(20);
    expect(later).toEqual([]);
    expect(await one.receive(first, GATEWAY)).toMatchObject({ type: "held" });
    await timers.advance(1_000);
    expect(later.map(throughOf)).toEqual([3]);
    expect(sink.bodies).toEqual(["1", "2", "3"]);
  });

  it("hands an alarm over ahead of its turn, moves nothing, and knows it when its turn comes", async () => {
    const { receive, receiver, sink } = arrange();
    const journal = newJournal();
    const [first, second] = [journal.commit("1"), journal.commit("2", { kind: RecordKind.alarm, body: "fall" }, "3")];
    const alone = withholding(second, ({ kind }) => kind !== RecordKind.alarm);
    const ahead = { type: "ahead", handed: 1, duplicates: 0 };
    expect(await receiver.receiveAhead(encodeMessage(alone), GATEWAY)).toMatchObject(ahead);
    expect(await receiver.receiveAhead(encodeMessage(alone), GATEWAY)).toMatchObject({ handed: 0, duplicates: 1 });
    expect(sink.bodies).toEqual(["fall"]);
    expect(throughOf(await receive(first))).toBe(1);
    expect(await receive(second)).toMatchObject({ type: "held", handed: 2, duplicates: 1 });
    expect(sink.bodies).toEqual(["fall", "1", "2", "3"]);
  });

  it("hands over apart from its turn nothing that is not the one that was sealed", async () => {
    const { receiver, sink } = arrange();
    const segment = newJournal().commit("1", { kind: RecordKind.alarm, body: "fall" });
    const forged = segment.records.map((record) => ("body" in record ? { ...record, body: Buffer.from("9") } : record));
    const altered = await receiver.receiveAhead(encodeMessage({ ...segment, records: forged }), GATEWAY);
    expect(altered).toMatchObject({ type: "refused", fault: "altered" });
    expect(await receiver.receiveAhead(encodeMessage(segment), "ehpad-2")).toMatchObject({ fault: "foreign" });
    expect(sink.bodies).toEqual([]);
  });

  it("says of what came apart whether it is held, and counts what was refused before as refused no more", async () => {
    const { receive, receiver, sink } = arrange();
    const segment = newJournal().commit("1", "2", "3");
    sink.refuse = ({ seq }) => (seq > 1 ? "no such person" : undefined);
    expect(await receive(segment)).toMatchObject({ standing: { exceptions: [{ seq: 2 }, { seq: 3 }] } });
    sink.refuse = ({ seq }) => (seq === 3 ? "still not" : undefined);
    const outcome = await receiver.receiveAhead(encodeMessage(segment), GATEWAY);
    if (outcome.type !== "ahead") throw new Error(outcome.type);
    const { holding } = outcome;
    expect(holding).toEqual({ epoch: 1, held: [1, 2], refused: [{ seq: 3, reason: "still not" }] });
    const statement = receiver.signHolding({ gateway: GATEWAY, ...holding });
    expect(openHolding(statement, platformKeys)).toEqual({ gateway: GATEWAY, ...holding });
    expect(openReceipt(statement, platformKeys)).toMatchObject({ ok: false, fault: "malformed" });
    expect(await receive(segment)).toMatchObject({ standing: { exceptions: [{ seq: 3 }] } });
    expect(sink.bodies).toEqual(["1", "2"]);
  });

  describe("of a segment that comes in portions", () => {
    const segment = () => {
      const stored = newJournal().commit("1", "2", "3", "4");
      const portion = (...seqs: readonly number[]) =>
        encodeMessage(
          withholding(
            stored,
            () => false,
            ({ seq }) => seqs.includes(seq),
          ),
        );
      return { stored, portion };
    };

    it("holds nothing until all bodies are there, and hands each over once", async () => {
      const { receiver, sink } = arrange();
      const { portion } = segment();
      const waiting = { type: "portion", standing: { through: 0 } };
      expect(await receiver.receive(portion(1, 2), GATEWAY)).toMatchObject({ ...waiting, handed: 2 });
      expect(await receiver.receive(portion(1, 2), GATEWAY)).toMatchObject({ ...waiting, handed: 0 });
      expect(await receiver.receive(portion(3, 4), GATEWAY)).toMatchObject({ type: "held", handed: 2 });
      expect(sink.bodies).toEqual(["1", "2", "3", "4"]);
    });

    it("hands nothing over out of order: what is behind a missing body waits for it", async () => {
      const { receiver, sink } = arrange();
      const { portion } = segment();
      expect(await receiver.receive(portion(3, 4), GATEWAY)).toMatchObject({ type: "portion", handed: 0 });
      expect(await receiver.receive(portion(1, 3), GATEWAY)).toMatchObject({ type: "portion", handed: 1 });
      expect(await receiver.receive(portion(2), GATEWAY)).toMatchObject({ type: "portion", handed: 1 });
      expect(await receiver.receive(portion(3, 4), GATEWAY)).toMatchObject({ type: "held", handed: 2 });
      expect(sink.bodies).toEqual(["1", "2", "3", "4"]);
    });

    it("is complete with the last one, though that shows nothing; what is kept back is waited for by nobody", async () => {
      const { receiver, sink } = arrange();
      const { stored, portion } = segment();
      await receiver.receive(portion(1, 2), GATEWAY);
      const rest = withholding(
        stored,
        ({ seq }) => seq > 2,
        () => false,
      );
      expect(await receiver.receive(encodeMessage(rest), GATEWAY)).toMatchObject({ type: "held", withheld: 4 });
      expect(sink.bodies).toEqual(["1", "2"]);
    });

    it("says at once what a sink refuses, before the segment is held", async () => {
      const { receiver, sink } = arrange();
      sink.refuse = ({ seq }) => (seq === 2 ? "no" : undefined);
      const { portion } = segment();
      const standing = { through: 0, exceptions: [{ seq: 2, reason: "no" }] };
      expect(await receiver.receive(portion(1, 2), GATEWAY)).toMatchObject({ type: "portion", standing });
      expect(await receiver.receive(portion(3, 4), GATEWAY)).toMatchObject({ type: "portion", handed: 0 });
      expect(sink.bodies).toEqual(["1"]);
    });

    it("goes on where another one, that came early, is complete", async () => {
      const journal = newJournal();
      const [first, second] = [journal.commit("1", "2"), journal.commit("3")];
      const { receiver, sink, receive } = arrange();
      const early = await receive(second);
      expect(early.type).toBe("early");
      const portion = (at: number) =>
        encodeMessage(
          withholding(
            first,
            () => false,
            ({ seq }) => seq === at,
          ),
        );
      await receiver.receive(portion(1), GATEWAY);
      expect(throughOf(await receiver.receive(portion(2), GATEWAY))).toBe(3);
      expect(sink.bodies).toEqual(["1", "2", "3"]);
    });
  });

  it("hands over before it keeps: what a sink throws leaves everything as it was", async () => {
    const { receive, sink } = arrange();
    const segment = newJournal().commit("1");
    sink.before = () => {
      throw new Error("full");
    };
    await expect(receive(segment)).rejects.toThrow("full");
    sink.before = () => {};
    expect(await receive(segment)).toMatchObject({ type: "held", handed: 1 });
  });

  it("hands over everything once and in order, in whatever order and however often segments come", async () => {
    const journal = newJournal();
    const segments = Array.from({ length: 12 }, (_, i) => journal.commit(`${i}`, `${i}b`));
    const order = fc
      .array(fc.integer({ min: 0, max: 11 }), { maxLength: 20 })
      .chain((some) => fc.shuffledSubarray([...some, ...segments.keys()], { minLength: some.length + 12 }));
    await fc.assert(
      fc.asyncProperty(order, async (indexes) => {
        const { receive, sink } = arrange();
        for (const index of indexes) {
          const segment = segments[index];
          if (segment !== undefined) await receive(segment);
        }
        expect(sink.bodies).toEqual(segments.flatMap((_, i) => [`${i}`, `${i}b`]));
      }),
      { numRuns: 30 },
    );
  });

  it("holds the same gateway's segments one after the other when they come at once", async () => {
    const { receive, sink } = arrange();
    const journal = newJournal();
    const segments = Array.from({ length: 10 }, (_, i) => journal.commit(`${i}`));
    sink.before = () => new Promise((resolve) => setImmediate(resolve));
    const outcomes = await Promise.all(segments.map(receive));
    expect(sink.bodies).toEqual(segments.map((_, i) => `${i}`));
    expect(outcomes.map(throughOf)).toEqual(segments.map((_, i) => i + 1));
  });

  it("says what it holds when something before is missing, nothing at all included", async () => {
    const { receive } = arrange();
    const journal = newJournal();
    const [first, second, third] = [journal.commit("1"), journal.commit("2"), journal.commit("3")];
    expect(await receive(third)).toMatchObject({ type: "early", standing: { through: 0, head: new Uint8Array(32) } });
    expect(await receive(first)).toMatchObject({ type: "held", standing: { through: 1 } });
    expect(await receive(second)).toMatchObject({ type: "held", standing: { through: 3 }, handed: 2 });
  });

  it("holds only so many early segments", async () => {
    const sink = new KeepingSink();
    const receiver = new Receiver({
      keys: gatewayKeys(),
      state: memoryState(),
      sinks: [sink],
      platformKey,
      early: { segmentsPerGateway: 2, bytes: 10_000 },
    });
    const journal = newJournal();
    journal.commit("1");
    const early = [journal.commit("2"), journal.commit("3"), journal.commit("4"), journal.commit("x".repeat(20_000))];
    const outcomes: Outcome[] = [];
    for (const segment of early) outcomes.push(await receiver.receive(encodeMessage(segment)));
    expect(outcomes.map(({ type }) => type)).toEqual(["early", "early", "refused", "refused"]);
  });

  it("hands a record over once though two segments have it", async () => {
    const { receive, sink } = arrange();
    const journal = newJournal();
    const id = new Uint8Array(16).fill(7);
    await receive(journal.commit({ id, body: "1" }, { id, body: "1" }));
    expect(await receive(journal.commit({ id, body: "1" }))).toMatchObject({ type: "held", handed: 0, duplicates: 1 });
    expect(sink.bodies).toEqual(["1"]);
  });

  it("takes a new epoch that begins at 1, says so, and drops what its memory repeats", async () => {
    const { receive, sink, told } = arrange();
    const id = new Uint8Array(16).fill(7);
    await receive(newJournal(1).commit({ id, body: "1" }));
    expect(await receive(newJournal(2).commit({ id, body: "1" }, "2"))).toMatchObject({
      type: "held",
      handed: 1,
      duplicates: 1,
      standing: { epoch: 2, through: 2 },
    });
    expect(told.all).toContainEqual({ type: "new-epoch", gateway: GATEWAY, epoch: 2 });
    expect(sink.bodies).toEqual(["1", "2"]);
  });

  it("keeps each epoch's chain by itself: an old segment that somebody replays moves nothing", async () => {
    const { receive, sink } = arrange();
    const [old, now] = [newJournal(1), newJournal(2)];
    const replayed = old.commit("1");
    await receive(replayed);
    await receive(now.commit("2"));
    expect(await receive(replayed)).toMatchObject({ type: "repeat", standing: { epoch: 1, through: 1 } });
    expect(await receive(now.commit("3"))).toMatchObject({ type: "held", standing: { epoch: 2, through: 2 } });
    expect(sink.bodies).toEqual(["1", "2", "3"]);
  });

  it("tells a gateway's second history from a repeat", async () => {
    const { receive } = arrange();
    const [one, other] = [newJournal(), newJournal()];
    await receive(one.commit("1"));
    expect(await receive(other.commit("another 1"))).toMatchObject({ type: "refused", fault: "fork" });
    expect(await receive(other.commit("2"))).toMatchObject({ type: "refused", fault: "fork" });
  });

  it("hands over on a repeat what was withheld before", async () => {
    const { receive, sink } = arrange();
    const segment = newJournal().commit("1", "2");
    const [first] = segment.records;
    if (first === undefined) throw new Error("no record");
    const withheld = { ...segment, records: [first, { seq: 2, withheld: true as const }] };
    expect(await receive(withheld)).toMatchObject({ type: "held", handed: 1, withheld: 1 });
    expect(await receive(segment)).toMatchObject({ type: "repeat", handed: 1 });
    expect(await receive(segment)).toMatchObject({ type: "repeat", handed: 0 });
    expect(sink.bodies).toEqual(["1", "2"]);
  });

  it("names in the receipt what a sink refused for good, and no longer once it took it", async () => {
    const { receive, sink } = arrange();
    const journal = newJournal();
    const segment = journal.commit("1", "poison", "3");
    sink.refuse = ({ body }) => (Buffer.from(body).toString() === "poison" ? "no such patient" : undefined);
    const exceptions = [{ seq: 2, reason: "no such patient" }];
    expect(await receive(segment)).toMatchObject({ type: "held", refused: 1, standing: { through: 3, exceptions } });
    expect(await receive(journal.commit("4"))).toMatchObject({ standing: { through: 4, exceptions } });
    sink.refuse = () => undefined;
    expect(await receive(segment)).toMatchObject({ type: "repeat", handed: 1, standing: { exceptions: [] } });
    expect(sink.bodies).toEqual(["1", "3", "4", "poison"]);
  });

  it.each([
    ["no CBOR", () => Uint8Array.of(1, 2, 3), "malformed"],
    [
      "a key nobody knows",
      () => encodeMessage(new MemoryJournal({ gateway: GATEWAY, key: strangerKey }).commit("1")),
      "unknown-key",
    ],
    [
      "another gateway's good key",
      () => encodeMessage(new MemoryJournal({ gateway: "ehpad-2", key: gatewayKey }).commit("1")),
      "foreign",
    ],
    ["a changed body", () => altered((body) => body.fill(0)), "altered"],
    ["a record left out", () => dropped(), "altered"],
  ] as const)("refuses %s, and hands over nothing", async (_what, bytes, fault) => {
    const { receiver, sink } = arrange();
    expect(await receiver.receive(bytes(), GATEWAY)).toMatchObject({ type: "refused", fault });
    expect(sink.records).toEqual([]);
  });

  it("refuses a good segment that comes by another gateway's topic", async () => {
    const { receiver } = arrange();
    const bytes = encodeMessage(newJournal().commit("1"));
    expect(await receiver.receive(bytes, "ehpad-2")).toMatchObject({ type: "refused", fault: "foreign" });
  });

  it("says which encodings it reads to a gateway that packs in one of tomorrow", async () => {
    const { receiver } = arrange();
    const segment = newJournal().commit("1");
    const bytes = encodeMessage(segment, Encoding.deflate1);
    const salt = segment.records.flatMap((record) => ("salt" in record ? [Buffer.from(record.salt)] : []))[0];
    const at = Buffer.from(bytes).indexOf(salt ?? "") + 16;
    const outcome = await receiver.receive(bytes.with(at, 2), GATEWAY);
    expect(outcome).toMatchObject({ type: "unreadable", standing: { through: 0 } });
    if (outcome.type !== "unreadable") throw new Error(outcome.type);
    const opened = openReceipt(receiver.sign(GATEWAY, outcome.standing), platformKeys);
    expect(opened).toMatchObject({ ok: true, receipt: { encodings: [0, 1, 2] } });
  });

  it("survives any bytes", async () => {
    const good = encodeMessage(newJournal().commit("1", "2"));
    const flipped = fc
      .tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }))
      .map(([at, mask]) => good.with(at, (good[at] ?? 0) ^ mask));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 300 }), flipped), async (bytes) => {
        // A receiver of its own: what comes altered again and again is another matter.
        const { receiver, sink } = arrange();
        expect(["refused", "unreadable"]).toContain((await receiver.receive(bytes)).type);
        expect(sink.records).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});

function altered(change: (body: Uint8Array) => void): Uint8Array {
  const segment = newJournal().commit("1", "22");
  for (const record of segment.records) if ("body" in record) change(record.body);
  return encodeMessage(segment);
}

function dropped(): Uint8Array {
  const segment = newJournal().commit("1", "2");
  return encodeMessage({ ...segment, records: segment.records.slice(0, 1) });
}
