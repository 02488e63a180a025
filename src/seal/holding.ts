/**
 * Holdings: the platform's signed statement "I hold these records", about bodies that came apart from their turn (an alarm, a
 * fresh measure, one that was refused before and came again). It says nothing of what is missing before them, as a receipt
 * does; and it stays true however late, often or out of order it comes.
 */
import { asUint, encode, tryDecode, uint } from "./cbor.ts";
import { open1, sign1 } from "./cose.ts";
import type { KeyRing, SigningKey } from "./key.ts";
import { exceptionsOf, type RefusedRecord } from "./receipt.ts";

export const HOLDING_TYPE = "application/vnd.vigie.holding+cbor";
const VERSION = 1;
/** 256 refusals of some 200 bytes each would still fit. */
const MAX_BYTES = 65_536;
/** What one statement names at most. */
export const MAX_HELD = 256;

export interface Holding {
  readonly gateway: string;
  readonly epoch: number;
  readonly held: readonly number[];
  /** Those that the platform refused for good, and why, in its own words. */
  readonly refused: readonly RefusedRecord[];
}

export function sealHolding({ gateway, epoch, held, refused }: Holding, key: SigningKey): Uint8Array {
  const refusals = refused.map(({ seq, reason }) => [uint(seq), reason] as const);
  return sign1(encode([VERSION, gateway, uint(epoch), held.map(uint), refusals]), HOLDING_TYPE, key);
}

/** Verifies a holding with one of the platform's pinned keys. @returns undefined where it is none. */
export function openHolding(bytes: Uint8Array, keys: KeyRing): Holding | undefined {
  const opened = open1(bytes, HOLDING_TYPE, keys, MAX_BYTES);
  const items = opened.ok ? tryDecode(opened.payload, { maxBytes: MAX_BYTES, maxDepth: 4, tags: [] }) : undefined;
  if (!Array.isArray(items)) return undefined;
  const [version, gateway, epochItem, heldItems, refusedItems]: unknown[] = items;
  const epoch = asUint(epochItem);
  if (version !== VERSION || typeof gateway !== "string" || epoch === undefined) return undefined;
  if (!Array.isArray(heldItems) || heldItems.length > MAX_HELD) return undefined;
  const held = heldItems.map(asUint).filter((seq) => seq !== undefined);
  const refused = exceptionsOf(refusedItems);
  if (held.length !== heldItems.length || refused === undefined) return undefined;
  return { gateway, epoch, held, refused };
}
