/** Tampering: whatever is done to an export, it is found; and nothing is found in one that nobody touched. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeMessage, encodeMessage } from "../../src/seal/message.ts";
import { RecordKind, type SegmentMessage } from "../../src/seal/record.ts";
import { sealRotation } from "../../src/seal/rotation.ts";
import { hashOf } from "../../src/seal/segment.ts";
import { Verifier } from "../../src/seal/verifier.ts";
import { ringOf, testKey, testRecord, testSegment } from "../fixtures/seal.ts";

const ROTATION = 5;

/** Ten segments of one to three records; the key changes behind the sixth. */
function genuine(byte = 7, epoch = 5_000_000_000): SegmentMessage[] {
  const messages: SegmentMessage[] = [];
  let [firstSeq, previous]: [number, Uint8Array | null] = [1, null];
  for (let index = 0; index < 10; index += 1) {
    const signer = testKey(index <= ROTATION ? byte : byte + 1);
    const rotation = Buffer.from(JSON.stringify(sealRotation("ehpad-test", testKey(byte), testKey(byte + 1))));
    const sealed =
      index === ROTATION
        ? [{ ...testRecord("", 99), kind: RecordKind.audit, body: rotation }]
        : Array.from({ length: 1 + (index % 3) }, (_, at) => testRecord(`${byte} ${index} ${at}`, index * 4 + at));
    const { segment } = testSegment(sealed, { firstSeq, previous, epoch }, signer);
    const seq = firstSeq;
    messages.push({ segment, records: sealed.map((record, at) => ({ seq: seq + at, ...record })) });
    [firstSeq, previous] = [firstSeq + sealed.length, hashOf(segment)];
  }
  return messages;
}

const original = genuine();
const stranger = genuine(20);
const otherEpoch = genuine(7, 6_000_000_000);

function findings(messages: readonly SegmentMessage[], complete = true) {
  const verifier = new Verifier(ringOf(testKey(7)), { complete });
  for (const message of messages) verifier.add(message);
  return verifier.result().findings;
}

const at = fc.nat(original.length - 1);

/** Each gives an export that is not what the gateway sealed. */
const tampering: fc.Arbitrary<readonly SegmentMessage[]> = fc.oneof(
  // Cut out from the beginning or the middle; what is cut off the end nobody can miss who has not seen it.
  fc.nat(original.length - 2).map((index) => original.toSpliced(index, 1)),
  fc
    .tuple(at, at)
    .map(([from, to]) => original.toSpliced(to, 0, original[from] ?? { segment: new Uint8Array(), records: [] })),
  fc
    .tuple(at, at)
    .filter(([a, b]) => a !== b)
    .map(([a, b]) => original.with(a, original[b] ?? stranger[0] ?? { segment: new Uint8Array(), records: [] })),
  fc.tuple(at, fc.constantFrom(stranger, otherEpoch)).map(([index, other]) => {
    return original.with(index, other[index] ?? { segment: new Uint8Array(), records: [] });
  }),
  // The history goes on with the old key, as somebody would who stole it.
  at
    .filter((index) => index > ROTATION)
    .map((index) => {
      const { payload } = testSegment([testRecord("forged")]);
      const before = original[index - 1];
      const firstSeq = original[index]?.records[0]?.seq ?? 1;
      const { segment } = testSegment([testRecord("forged")], {
        firstSeq,
        previous: before === undefined ? payload.previous : hashOf(before.segment),
      });
      return [...original.slice(0, index), { segment, records: [{ seq: firstSeq, ...testRecord("forged") }] }];
    }),
  // A record for another of the same segment, or of another one.
  fc.tuple(at, at).map(([a, b]) => {
    const [into, from] = [original[a], original[b]];
    const [victim, donor] = [into?.records.at(-1), from?.records[0]];
    if (into === undefined || victim === undefined || donor === undefined) return [];
    const swapped = victim.seq === donor.seq ? { ...donor, seq: donor.seq + 1 } : { ...donor, seq: victim.seq };
    return original.with(a, { ...into, records: into.records.with(-1, swapped) });
  }),
  at.map((index) => {
    const message = original[index];
    return message === undefined ? [] : original.with(index, { ...message, records: message.records.slice(1) });
  }),
);

test("nothing is found in an export that nobody touched, with any of its records withheld, from any segment on", () => {
  expect(findings(original)).toEqual([]);
  const seqs = original.flatMap(({ records }) => records.map(({ seq }) => seq));
  const rotation = original[ROTATION]?.records[0]?.seq;
  fc.assert(
    fc.property(fc.subarray(seqs), fc.nat(ROTATION), (withheld, from) => {
      const shown = original.slice(from).map(({ segment, records }) => ({
        segment,
        records: records.map((record) => {
          const isWithheld = withheld.includes(record.seq) && record.seq !== rotation;
          return isWithheld ? { seq: record.seq, withheld: true as const } : record;
        }),
      }));
      expect(findings(shown, from === 0)).toEqual([]);
    }),
  );
});

test("whatever is cut out, put in, reordered, exchanged, or signed with a key of before, is found", () => {
  fc.assert(
    fc.property(tampering, (messages) => {
      fc.pre(messages.length > 0);
      expect(findings(messages)).not.toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test("any changed byte of an export's messages is refused by the decoder or found by the verifier", () => {
  const encoded = original.map((one) => encodeMessage(one));
  fc.assert(
    fc.property(at, fc.nat(), fc.integer({ min: 1, max: 255 }), (index, place, change) => {
      const bytes = Uint8Array.from(encoded[index] ?? []);
      bytes[place % bytes.length] = (bytes[place % bytes.length] ?? 0) ^ change;
      const decoded = decodeMessage(bytes);
      if (decoded.ok) expect(findings(original.with(index, decoded.message))).not.toEqual([]);
    }),
    { numRuns: 700 },
  );
});
