import { createPublicKey, verify } from "node:crypto";
import { decode } from "cbor-x";
import { coseVerify } from "cose-kit";
import { expect, test } from "vitest";
import { openSegment } from "../../src/seal/segment.ts";
import { ringOf, testKey, testRecord, testSegment } from "../fixtures/seal.ts";

const publicKey = createPublicKey({
  key: { kty: "OKP", crv: "Ed25519", x: Buffer.from(testKey().publicKey).toString("base64url") },
  format: "jwk",
});

test("what was sealed is what is opened", () => {
  const { payload, segment } = testSegment([testRecord("a"), testRecord("b", 2)], {
    firstSeq: 2 ** 33,
    previous: new Uint8Array(32).fill(3),
  });
  const opened = openSegment(segment, ringOf(testKey()));
  if (!opened.ok) throw new Error(opened.because.en);
  expect(opened.payload.firstSeq).toBe(2 ** 33);
  expect(opened.payload.epoch).toBe(payload.epoch);
  expect(opened.payload.sealedAtMs).toBe(1_800_000_000_000);
  expect(opened.payload.clock).toMatchObject({ monotonicMs: 12_345, synchronised: true });
  expect(Buffer.from(opened.payload.clock.bootId).equals(payload.clock.bootId)).toBe(true);
  expect(opened.payload.digests.map((digest) => Buffer.from(digest).toString("hex"))).toEqual(
    payload.digests.map((digest) => Buffer.from(digest).toString("hex")),
  );
});

test("an independent COSE library verifies a segment, and refuses a changed one", async () => {
  const { segment } = testSegment([testRecord("a")]);
  const verified = await coseVerify(segment, publicKey);
  expect(verified.isValid).toBe(true);
  const changed = segment.slice();
  changed[60] = (changed[60] ?? 0) ^ 1;
  const outcome = await coseVerify(changed, publicKey).then(
    (result) => result.isValid,
    () => false,
  );
  expect(outcome).toBe(false);
});

test("node:crypto verifies a segment from the Sig_structure of RFC 9052, written by hand", () => {
  const { segment } = testSegment([testRecord("a")]);
  const [protectedHeader, , payload, signature] = decode(segment.subarray(1));
  const toBeSigned = Buffer.concat([
    Buffer.from([0x84, 0x6a]),
    Buffer.from("Signature1"),
    head(protectedHeader.length),
    protectedHeader,
    Buffer.from([0x40]),
    head(payload.length),
    payload,
  ]);
  expect(verify(null, toBeSigned, publicKey, signature)).toBe(true);
});

test("another key's segment is of an unknown key; a flipped bit anywhere is never a good segment", () => {
  const { segment } = testSegment([testRecord("a")]);
  expect(openSegment(segment, ringOf(testKey(8)))).toMatchObject({ ok: false, fault: "unknown-key" });
  const ring = ringOf(testKey());
  for (let bit = 0; bit < segment.length * 8; bit += 1) {
    const flipped = segment.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(openSegment(flipped, ring).ok, `bit ${bit}`).toBe(false);
  }
});

function head(length: number): Buffer {
  return length < 24
    ? Buffer.from([0x40 | length])
    : length < 256
      ? Buffer.from([0x58, length])
      : Buffer.from([0x59, length >> 8, length & 255]);
}
