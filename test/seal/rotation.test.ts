import fc from "fast-check";
import { expect, test } from "vitest";
import { keyRing, kidOf, kidText, verifyingKey } from "../../src/seal/key.ts";
import { RecordKind, type SealedRecord } from "../../src/seal/record.ts";
import { GrowingKeyRing, openRotation, sealRotation } from "../../src/seal/rotation.ts";
import { hashOf } from "../../src/seal/segment.ts";
import { Verifier } from "../../src/seal/verifier.ts";
import { ringOf, testKey, testRecord, testSegment } from "../fixtures/seal.ts";

const statement = sealRotation("ehpad-test", testKey(7), testKey(8));

test("a rotation is what was sealed, and any changed digit makes it none", () => {
  expect(openRotation(statement)?.gateway).toBe("ehpad-test");
  const fields = ["oldKey", "newKey", "kid", "signature", "proof", "gateway"] as const;
  fc.assert(
    fc.property(fc.constantFrom(...fields), fc.nat(), fc.integer({ min: 1, max: 15 }), (field, place, change) => {
      const text = statement[field];
      const at = place % text.length;
      const digit = (Number.parseInt(text[at] ?? "0", 16) || 0) ^ change;
      const changed = `${text.slice(0, at)}${digit.toString(16)}${text.slice(at + 1)}`;
      if (changed !== text) expect(openRotation({ ...statement, [field]: changed })).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});

test("a key of small order is rotated to by nobody, though anything would verify under it", () => {
  const identity = `01${"00".repeat(31)}`;
  const kid = kidText(kidOf(Buffer.from(identity, "hex")));
  expect(openRotation({ ...statement, newKey: identity, kid, proof: `${identity}${"00".repeat(32)}` })).toBeUndefined();
});

test("a ring learns the new key from one that it knows, and from no other; the old one retires where the record stands", () => {
  const rotation = openRotation(statement);
  if (rotation === undefined) throw new Error("no rotation");
  const stranger = new GrowingKeyRing(keyRing([verifyingKey(testKey(1).publicKey)]));
  expect(stranger.learn(rotation)).toBeUndefined();
  expect(stranger.find(testKey(8).kid)).toBeUndefined();

  const ring = new GrowingKeyRing(ringOf(testKey(7)));
  const learned = ring.learn(rotation, { epoch: 5, seq: 10 });
  expect(learned && kidText(learned.kid)).toBe(kidText(testKey(8).kid));
  expect(ring.find(testKey(8).kid)).toBeDefined();
  expect(ring.maySign(testKey(7).kid, { epoch: 5, seq: 10 })).toBe(true);
  expect(ring.maySign(testKey(7).kid, { epoch: 5, seq: 11 })).toBe(false);
  expect(ring.maySign(testKey(7).kid, { epoch: 6, seq: 1 })).toBe(false);
  expect(ring.maySign(testKey(8).kid, { epoch: 5, seq: 11 })).toBe(true);
});

/** A chain of one record a segment; `byte` says which key signs. */
function chain(links: readonly { readonly record: SealedRecord; readonly byte: number }[]) {
  let previous: Uint8Array | null = null;
  return links.map(({ record, byte }, index) => {
    const { segment } = testSegment([record], { firstSeq: index + 1, previous }, testKey(byte));
    previous = hashOf(segment);
    return { segment, records: [{ seq: index + 1, ...record }] };
  });
}

const rotating: SealedRecord = {
  ...testRecord("", 9),
  kind: RecordKind.audit,
  body: Buffer.from(JSON.stringify(statement)),
};

test.each([
  ["a rotation, then the new key", [7, 7, 8, 8], []],
  ["the old key behind its rotation", [7, 7, 7], ["key-change"]],
  ["the new key before its rotation", [8, 7], ["key-change"]],
  ["a third key", [7, 7, 6], ["unknown-key"]],
])("the verifier follows who signs: %s", (_what, bytes, faults) => {
  const messages = chain(
    bytes.map((byte, index) => ({ record: index === 1 ? rotating : testRecord(`${index}`, index + 1), byte })),
  );
  const verifier = new Verifier(ringOf(testKey(7), testKey(8)));
  for (const message of messages) verifier.add(message);
  expect(verifier.result().findings.map(({ fault }) => fault)).toEqual(faults);
});
