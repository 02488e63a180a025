/** Receipts: the platform's signed statement "I hold everything up to sequence N". */
import { type Sentence, say } from "../errors/sentence.ts";
import { asUint, encode, isBytes, tryDecode, uint } from "./cbor.ts";
import { open1, type SealFault, sign1 } from "./cose.ts";
import type { KeyRing, SigningKey } from "./key.ts";

export const RECEIPT_TYPE = "application/vnd.vigie.receipt+cbor";
const VERSION = 1;
/** 256 exceptions of some 200 bytes each would still fit. */
const MAX_RECEIPT_BYTES = 65_536;
const MAX_EXCEPTIONS = 256;

/** A record that the platform refused for good, and why, in its own words. */
export interface RefusedRecord {
  readonly seq: number;
  readonly reason: string;
}

export interface Receipt {
  readonly gateway: string;
  readonly epoch: number;
  /** Every record up to this sequence number is held, but for the exceptions. */
  readonly through: number;
  /** SHA-256 of the COSE bytes of the segment that ends at `through`. */
  readonly head: Uint8Array;
  readonly exceptions: readonly RefusedRecord[];
  /** The encodings of bodies that the platform reads (./encoding.ts). */
  readonly encodings: readonly number[];
}

export function sealReceipt(receipt: Receipt, key: SigningKey): Uint8Array {
  const payload = encode([
    VERSION,
    receipt.gateway,
    uint(receipt.epoch),
    uint(receipt.through),
    receipt.head,
    receipt.exceptions.map(({ seq, reason }) => [uint(seq), reason] as const),
    receipt.encodings,
  ]);
  return sign1(payload, RECEIPT_TYPE, key);
}

export type OpenedReceipt =
  | { readonly ok: true; readonly receipt: Receipt }
  | { readonly ok: false; readonly fault: SealFault; readonly because: Sentence };

/** Verifies a receipt with one of the platform's pinned keys. Whether it is about this journal is the caller's to check. */
export function openReceipt(bytes: Uint8Array, keys: KeyRing): OpenedReceipt {
  const opened = open1(bytes, RECEIPT_TYPE, keys, MAX_RECEIPT_BYTES);
  if (!opened.ok) return opened;
  const receipt = readReceipt(opened.payload);
  return receipt === undefined ? { ok: false, fault: "malformed", because: notAReceipt } : { ok: true, receipt };
}

const notAReceipt = say(
  "ce qui est signé n'est pas un accusé de version 1",
  "the signed payload is no receipt of version 1",
);

function readReceipt(bytes: Uint8Array): Receipt | undefined {
  const items = tryDecode(bytes, { maxBytes: MAX_RECEIPT_BYTES, maxDepth: 4, tags: [] });
  if (!Array.isArray(items)) return undefined;
  const [version, gateway, epochItem, throughItem, head, exceptionItems, encodings]: unknown[] = items;
  const [epoch, through] = [asUint(epochItem), asUint(throughItem)];
  if (version !== VERSION || typeof gateway !== "string" || epoch === undefined || through === undefined)
    return undefined;
  const exceptions = exceptionsOf(exceptionItems);
  if (!isBytes(head, 32) || exceptions === undefined) return undefined;
  if (!Array.isArray(encodings) || !encodings.every((encoding) => typeof encoding === "number")) return undefined;
  return { gateway, epoch, through, head, exceptions, encodings };
}

/** @returns undefined where it is no list of them. */
export function exceptionsOf(items: unknown): readonly RefusedRecord[] | undefined {
  if (!Array.isArray(items) || items.length > MAX_EXCEPTIONS) return undefined;
  const exceptions: RefusedRecord[] = [];
  for (const item of items) {
    if (!Array.isArray(item)) return undefined;
    const [seqItem, reason]: unknown[] = item;
    const seq = asUint(seqItem);
    if (seq === undefined || typeof reason !== "string") return undefined;
    exceptions.push({ seq, reason });
  }
  return exceptions;
}
