import fc from "fast-check";
import nacl from "tweetnacl";
import { expect, test } from "vitest";
import { isVigieError } from "../../src/errors/error.ts";
import { signingKey, verifyingKey } from "../../src/seal/key.ts";
import { testKey } from "../fixtures/seal.ts";

const message = new TextEncoder().encode("a segment");
/** The order of the base point, 2^252 + 27742317777372353535851937790883648493. */
const order = 2n ** 252n + 27742317777372353535851937790883648493n;

test("of any seed and message the signature is the one of tweetnacl, and so is the public key", () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  fc.assert(
    fc.property(bytes(32), fc.uint8Array({ maxLength: 200 }), (seed, message) => {
      const ours = signingKey(seed);
      const { publicKey, secretKey } = nacl.sign.keyPair.fromSeed(seed);
      expect(Buffer.from(publicKey).equals(ours.publicKey)).toBe(true);
      expect(Buffer.from(nacl.sign.detached(message, secretKey)).equals(ours.sign(message))).toBe(true);
    }),
    { numRuns: 30 },
  );
});

test("a malleated signature, which tweetnacl accepts, is refused", () => {
  const key = testKey();
  const signature = key.sign(message);
  const s = BigInt(`0x${Buffer.from(signature.slice(32).reverse()).toString("hex")}`);
  const malleated = Uint8Array.from([
    ...signature.slice(0, 32),
    ...Buffer.from((s + order).toString(16).padStart(64, "0"), "hex").reverse(),
  ]);
  expect(nacl.sign.detached.verify(message, malleated, key.publicKey)).toBe(true);
  expect(verifyingKey(key.publicKey).verify(message, signature)).toBe(true);
  expect(verifyingKey(key.publicKey).verify(message, malleated)).toBe(false);
});

test("a public key of small order, under which anything would verify, is refused", () => {
  const identity = new Uint8Array(32);
  identity[0] = 1;
  for (const signBit of [0, 0x80]) {
    const key = identity.slice();
    key[31] = signBit;
    expect(() => verifyingKey(key)).toThrow(expect.objectContaining({ code: "SEAL_KEY_INVALID" }));
  }
});

test("a key of another length is refused with a code", () => {
  const attempts = [() => signingKey(new Uint8Array(31)), () => verifyingKey(new Uint8Array(33))];
  for (const attempt of attempts) {
    try {
      attempt();
      expect.unreachable();
    } catch (error) {
      expect(isVigieError(error, "SEAL_KEY_INVALID")).toBe(true);
    }
  }
});

test("a signature of another length is refused, not thrown on", () => {
  expect(verifyingKey(testKey().publicKey).verify(message, new Uint8Array(63))).toBe(false);
});
