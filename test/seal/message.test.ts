import fc from "fast-check";
import { expect, test } from "vitest";
import { faultyRecords, follow } from "../../src/seal/chain.ts";
import { decodeMessage, encodeMessage, messagesOf } from "../../src/seal/message.ts";
import { openReceipt, sealReceipt } from "../../src/seal/receipt.ts";
import { hashOf, openSegment } from "../../src/seal/segment.ts";
import { ringOf, testKey, testRecord, testSegment } from "../fixtures/seal.ts";

const records = [testRecord("one"), testRecord("two", 3)];
const { payload, segment } = testSegment(records);
const message = {
  segment,
  records: [
    { seq: 1, ...testRecord("one") },
    { seq: 2, withheld: true as const },
  ],
};

test("a message keeps the segment byte for byte, whole records and withheld ones", () => {
  const decoded = decodeMessage(encodeMessage(message));
  if (!decoded.ok) throw new Error(decoded.because.en);
  expect(Buffer.from(decoded.message.segment).equals(segment)).toBe(true);
  expect(decoded.message.records[1]).toEqual({ seq: 2, withheld: true });
  expect(faultyRecords(payload, decoded.message.records)).toEqual([]);
});

test("a body that comes in another message is named by its id, and is no fault of this one", () => {
  const elsewhere = { seq: 2, withheld: true as const, elsewhere: testRecord("two", 3).id };
  const decoded = decodeMessage(encodeMessage({ segment, records: [{ seq: 1, ...testRecord("one") }, elsewhere] }));
  if (!decoded.ok) throw new Error(decoded.because.en);
  const [, second] = decoded.message.records;
  expect(second).toMatchObject({ seq: 2, withheld: true });
  expect(second && "elsewhere" in second && Buffer.from(second.elsewhere ?? []).equals(elsewhere.elsewhere)).toBe(true);
  expect(faultyRecords(payload, decoded.message.records)).toEqual([]);
});

test("a message that announces a stream of bodies and has none is refused", () => {
  expect(decodeMessage(encodeMessage(message).with(0, 0x83))).toMatchObject({ ok: false });
});

test("a record that is not the one sealed is named by its sequence number", () => {
  const swapped = [
    { seq: 1, ...testRecord("One") },
    { seq: 2, ...testRecord("two", 3) },
  ];
  expect(faultyRecords(payload, swapped)).toEqual([
    { seq: 1, because: expect.objectContaining({ en: "the record is not the one that was sealed" }) },
  ]);
  expect(faultyRecords(payload, swapped.slice(1)).map(({ seq }) => seq)).toContain(1);
});

test("mutated messages are decoded or refused, and never accepted as another content", () => {
  const good = encodeMessage({ segment, records: records.map((record, index) => ({ seq: index + 1, ...record })) });
  const ring = ringOf(testKey());
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const mutated = good.slice();
      mutated[at] = (mutated[at] ?? 0) ^ change;
      const decoded = decodeMessage(mutated);
      if (!decoded.ok) return;
      const opened = openSegment(decoded.message.segment, ring);
      expect(opened.ok && faultyRecords(opened.payload, decoded.message.records).length === 0).toBe(false);
    }),
    { numRuns: 3_000 },
  );
});

test("messages follow each other in an export, and the first bytes that are none end it", () => {
  const one = encodeMessage(message);
  const read = [...messagesOf(Buffer.concat([one, one, Uint8Array.of(0xff, 1)]))];
  expect(read.map(({ ok }) => ok)).toEqual([true, true, false]);
});

test("the chain knows the next segment, a gap, a repeat, a fork and a bad start", () => {
  const first = testSegment([testRecord("a"), testRecord("b")]);
  const judged = follow(undefined, first.segment, first.payload);
  if (!judged.ok) throw new Error(judged.because.en);
  const { head } = judged;
  const next = (change: object) => {
    const made = testSegment([testRecord("c")], { firstSeq: 3, previous: hashOf(first.segment), ...change });
    return follow(head, made.segment, made.payload);
  };
  expect(next({})).toMatchObject({ ok: true, head: { lastSeq: 3 } });
  expect(next({ firstSeq: 4 })).toMatchObject({ fault: "gap" });
  expect(next({ firstSeq: 2 })).toMatchObject({ fault: "repeat" });
  expect(next({ previous: new Uint8Array(32) })).toMatchObject({ fault: "fork" });
  expect(next({ previous: null })).toMatchObject({ fault: "fork" });
  expect(follow(undefined, first.segment, { ...first.payload, previous: new Uint8Array(32) })).toMatchObject({
    fault: "bad-start",
  });
  expect(follow(undefined, first.segment, { ...first.payload, firstSeq: 9 })).toMatchObject({ fault: "bad-start" });
});

test("a receipt is what was signed, and no segment passes for one", () => {
  const receipt = {
    gateway: "ehpad-test",
    epoch: 5_000_000_000,
    through: 2,
    head: hashOf(segment),
    exceptions: [{ seq: 1, reason: "422 no such patient" }],
    encodings: [0, 1],
  };
  const sealed = sealReceipt(receipt, testKey(9));
  const opened = openReceipt(sealed, ringOf(testKey(9)));
  expect(opened).toMatchObject({ ok: true, receipt: { through: 2, exceptions: receipt.exceptions } });
  expect(openReceipt(segment, ringOf(testKey()))).toMatchObject({ ok: false, fault: "malformed" });
  expect(openReceipt(sealed, ringOf(testKey(1)))).toMatchObject({ ok: false, fault: "unknown-key" });
});
