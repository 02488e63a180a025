/**
 * Ed25519 keys (RFC 8032), with node:crypto. Of the same seed and message it makes the signature that tweetnacl makes, byte
 * for byte, in a hundredth of the time and whatever else the process does; and it refuses the malleated signatures that
 * tweetnacl accepts.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as signWithOpenssl,
  verify as verifyWithOpenssl,
} from "node:crypto";
import { bytes, say } from "../errors/sentence.ts";
import { errors } from "./errors.ts";

/** What a COSE `kid` is here: the first 8 bytes of SHA-256 over the raw public key. */
export type KeyId = Uint8Array;

export interface SigningKey {
  readonly kid: KeyId;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes. */
  sign(message: Uint8Array): Uint8Array;
}

export interface VerifyingKey {
  readonly kid: KeyId;
  readonly publicKey: Uint8Array;
  verify(message: Uint8Array, signature: Uint8Array): boolean;
}

/** @param seed 32 random bytes, the secret. @throws SEAL_KEY_INVALID */
export function signingKey(seed: Uint8Array): SigningKey {
  if (seed.length !== 32) throw errors.SEAL_KEY_INVALID({ found: bytes(seed.length), expected: bytes(32) });
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: "der", type: "pkcs8" });
  const publicKey = rawPublicKey(createPublicKey(key));
  return { kid: kidOf(publicKey), publicKey, sign: (message) => Uint8Array.from(signWithOpenssl(null, message, key)) };
}

/** @param publicKey 32 bytes. @throws SEAL_KEY_INVALID also for a point of small order, which would accept anything. */
export function verifyingKey(publicKey: Uint8Array): VerifyingKey {
  if (publicKey.length !== 32) {
    throw errors.SEAL_KEY_INVALID({ found: bytes(publicKey.length), expected: bytes(32) });
  }
  if (isSmallOrder(publicKey))
    throw errors.SEAL_KEY_INVALID({ found: say("un point de petit ordre", "a point of small order") });
  const key = ed25519(publicKey);
  return {
    kid: kidOf(publicKey),
    publicKey,
    verify: (message, signature) => signature.length === 64 && verifyWithOpenssl(null, message, key, signature),
  };
}

/** Finds the key of a signature by its `kid`. */
export type KeyRing = (kid: KeyId) => VerifyingKey | undefined;

export function keyRing(keys: readonly VerifyingKey[]): KeyRing {
  const byKid = new Map(keys.map((key) => [kidText(key.kid), key]));
  return (kid) => byKid.get(kidText(kid));
}

export const kidText = (kid: KeyId): string => Buffer.from(kid).toString("hex");

export function kidOf(publicKey: Uint8Array): KeyId {
  return createHash("sha256").update(publicKey).digest().subarray(0, 8);
}

/** What stands before the 32 bytes of a seed in PKCS #8 (RFC 8410 §7): version 0, the algorithm 1.3.101.112, an octet string. */
const PKCS8_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");

function rawPublicKey(key: KeyObject): Uint8Array {
  return Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url");
}

function ed25519(publicKey: Uint8Array): KeyObject {
  const x = Buffer.from(publicKey).toString("base64url");
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
}

/** The y coordinates of the points of order 1, 2, 4 and 8, little-endian, also as y + p where that fits 255 bits. */
const smallOrder = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

function isSmallOrder(publicKey: Uint8Array): boolean {
  const y = Buffer.from(publicKey);
  y[31] = (y[31] ?? 0) & 0x7f; // the top bit is the sign of x
  return smallOrder.has(y.toString("hex"));
}
