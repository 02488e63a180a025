/**
 * A gateway's change of signing key, as a record of its own chain: the old key vouches for the new one, and the new one
 * for the old. So whoever trusts either can read the whole chain, and nobody else can bring a key in.
 */
import { z } from "zod";
import { encode } from "./cbor.ts";
import { type KeyId, type KeyRing, keyRing, kidText, type SigningKey, type VerifyingKey, verifyingKey } from "./key.ts";

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));

const RotationBody = z.object({
  type: z.literal("key-rotation"),
  gateway: z.string(),
  oldKey: hex(32),
  newKey: hex(32),
  /** Of the new key. */
  kid: hex(8),
  /** By the old key, over the statement. */
  signature: hex(64),
  /** By the new key, over the same: who rotates to a key holds it. */
  proof: hex(64),
});

/** What a rotation record's body says, as it is written. */
export type RotationStatement = z.infer<typeof RotationBody>;

export interface Rotation {
  readonly gateway: string;
  readonly from: VerifyingKey;
  readonly to: VerifyingKey;
  readonly statement: RotationStatement;
}

/** @returns the statement, which is the body of the record that makes the change. */
export function sealRotation(gateway: string, from: SigningKey, to: SigningKey): RotationStatement {
  const statement = statementOf(gateway, from.publicKey, to.publicKey);
  return {
    type: "key-rotation",
    gateway,
    oldKey: toHex(from.publicKey),
    newKey: toHex(to.publicKey),
    kid: kidText(to.kid),
    signature: toHex(from.sign(statement)),
    proof: toHex(to.sign(statement)),
  };
}

/** @returns undefined unless it is a rotation, with usable keys and both signatures good. Whose keys they are is not asked. */
export function openRotation(value: unknown): Rotation | undefined {
  const parsed = RotationBody.safeParse(value);
  if (!parsed.success) return undefined;
  const { gateway, oldKey, newKey, kid, signature, proof } = parsed.data;
  const [from, to] = [usableKey(oldKey), usableKey(newKey)];
  if (from === undefined || to === undefined || kidText(to.kid) !== kid) return undefined;
  const statement = statementOf(gateway, from.publicKey, to.publicKey);
  if (!from.verify(statement, fromHex(signature)) || !to.verify(statement, fromHex(proof))) return undefined;
  return { gateway, from, to, statement: parsed.data };
}

/** The place of a record in a gateway's history. */
export interface Place {
  readonly epoch: number;
  readonly seq: number;
}

/** The keys that were given, and those that rotations lead to from them. */
export class GrowingKeyRing {
  readonly #given: KeyRing;
  readonly #learned = new Map<string, VerifyingKey>();
  readonly #retired = new Map<string, Place>();

  constructor(given: KeyRing) {
    this.#given = given;
  }

  readonly find: KeyRing = (kid) => this.#given(kid) ?? this.#learned.get(kidText(kid));

  /**
   * @param at where the rotation's record stands, in a segment that was verified: behind it the old key is done with.
   * @returns the new key where the old one is known here, else undefined: then nothing was learned.
   */
  learn({ from, to }: Rotation, at?: Place): VerifyingKey | undefined {
    if (this.find(from.kid) === undefined) return undefined;
    this.#learned.set(kidText(to.kid), to);
    if (at !== undefined) {
      this.#retired.set(kidText(from.kid), at);
      this.#retired.delete(kidText(to.kid));
    }
    return to;
  }

  /** False for what a key signed behind its own retirement, or in another epoch than it was retired in. */
  maySign(kid: KeyId, { epoch, seq }: Place): boolean {
    const retired = this.#retired.get(kidText(kid));
    return retired === undefined || (epoch === retired.epoch && seq <= retired.seq);
  }
}

/**
 * The keys that led to this one, and itself.
 * @param rotations in the order they were made. Those that do not lead to `current` are left out.
 */
export function keysBehind(current: VerifyingKey, rotations: readonly Rotation[]): KeyRing {
  const keys = [current];
  let last = current;
  for (const { from, to } of rotations.toReversed()) {
    if (kidText(to.kid) !== kidText(last.kid)) continue;
    keys.push(from);
    last = from;
  }
  return keyRing(keys);
}

function statementOf(gateway: string, oldKey: Uint8Array, newKey: Uint8Array): Uint8Array {
  return encode(["vigie-key-rotation-1", gateway, oldKey, newKey]);
}

function usableKey(publicKey: string): VerifyingKey | undefined {
  try {
    return verifyingKey(fromHex(publicKey));
  } catch {
    // 32 bytes that are no point of the curve, or one of small order: no key, and so no rotation.
    return undefined;
  }
}

const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const fromHex = (text: string): Uint8Array => Buffer.from(text, "hex");
