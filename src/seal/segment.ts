/** Segments: the records committed together, sealed by one signature over their digests. */
import { createHash } from "node:crypto";
import { type Sentence, say } from "../errors/sentence.ts";
import { asUint, type Cbor, encode, isBytes, tryDecode, uint } from "./cbor.ts";
import { assemble1, open1, read1, type SealFault, type Signed, sign1 } from "./cose.ts";
import type { KeyId, KeyRing, SigningKey } from "./key.ts";
import type { SealedRecord, SegmentPayload } from "./record.ts";

export const SEGMENT_TYPE = "application/vnd.vigie.segment+cbor";
const VERSION = 1;
/** Group commit takes at most 256 records: a segment is then 256 × 34 bytes of digests and some 200 bytes around them. */
export const MAX_RECORDS = 256;
const MAX_SEGMENT_BYTES = 16_384;

/** SHA-256 over salt, kind, id and body: what a segment seals of a record. */
export function digestOf(record: SealedRecord): Uint8Array {
  return createHash("sha256")
    .update(record.salt)
    .update(Uint8Array.of(record.kind))
    .update(record.id)
    .update(record.body)
    .digest();
}

/** What the next segment names as `previous`: SHA-256 over the whole COSE bytes. */
export function hashOf(segment: Uint8Array): Uint8Array {
  return createHash("sha256").update(segment).digest();
}

/** @returns the COSE_Sign1 bytes, to be kept and sent as they are. */
export function sealSegment(payload: SegmentPayload, key: SigningKey): Uint8Array {
  return sign1(encode(payloadItems(payload)), SEGMENT_TYPE, key);
}

/** The payload's array, which ends with the digests. */
export function payloadItems(payload: SegmentPayload): readonly Cbor[] {
  const { clock } = payload;
  return [
    VERSION,
    payload.gateway,
    uint(payload.epoch),
    uint(payload.firstSeq),
    payload.previous,
    uint(payload.sealedAtMs),
    [clock.bootId, uint(Math.floor(clock.monotonicMs)), clock.synchronised],
    ...payload.digests,
  ];
}

/** What a segment says, and who says to have signed it; the rest of its bytes is the same in all. */
export interface SegmentParts extends Omit<Signed, "payload"> {
  readonly payload: SegmentPayload;
}

/** @returns undefined where the parts would not make the same bytes again: the segment travels as it is. */
export function takeApart(segment: Uint8Array): SegmentParts | undefined {
  const read = read1(segment, SEGMENT_TYPE, MAX_SEGMENT_BYTES);
  const payload = read.ok ? readPayload(read.payload) : undefined;
  if (!read.ok || payload === undefined) return undefined;
  const parts = { payload, kid: read.kid, signature: read.signature };
  return Buffer.from(segment).equals(putTogether(parts)) ? parts : undefined;
}

/** The segment's bytes, of parts that anybody may have sent: whether they are what was signed, the signature tells. */
export function putTogether({ payload, kid, signature }: SegmentParts): Uint8Array {
  return assemble1({ payload: encode(payloadItems(payload)), kid, signature }, SEGMENT_TYPE);
}

export type OpenedSegment =
  | { readonly ok: true; readonly payload: SegmentPayload; readonly kid: KeyId }
  | { readonly ok: false; readonly fault: SealFault; readonly because: Sentence };

/** Verifies the signature and reads what it covers. Whether the segment follows the one before is ./chain.ts's matter. */
export function openSegment(segment: Uint8Array, keys: KeyRing): OpenedSegment {
  const opened = open1(segment, SEGMENT_TYPE, keys, MAX_SEGMENT_BYTES);
  if (!opened.ok) return opened;
  const payload = readPayload(opened.payload);
  return payload === undefined
    ? { ok: false, fault: "malformed", because: notASegment }
    : { ok: true, payload, kid: opened.kid };
}

const notASegment = say(
  "ce qui est signé n'est pas un segment de version 1",
  "the signed payload is no segment of version 1",
);

function readPayload(bytes: Uint8Array): SegmentPayload | undefined {
  const items = tryDecode(bytes, { maxBytes: MAX_SEGMENT_BYTES, maxDepth: 3, tags: [] });
  return Array.isArray(items) ? readItems(items) : undefined;
}

/** Of payloadItems(). @returns undefined where they are not of this version's form. */
export function readItems(items: readonly unknown[]): SegmentPayload | undefined {
  const [version, gateway, epochItem, firstSeqItem, previous, sealedAtItem, clock, ...digests] = items;
  const [epoch, firstSeq, sealedAtMs] = [asUint(epochItem), asUint(firstSeqItem), asUint(sealedAtItem)];
  if (version !== VERSION || typeof gateway !== "string") return undefined;
  if (epoch === undefined || firstSeq === undefined || firstSeq === 0 || sealedAtMs === undefined) return undefined;
  if (previous !== null && !isBytes(previous, 32)) return undefined;
  if (!Array.isArray(clock)) return undefined;
  const [bootId, monotonicItem, synchronised]: unknown[] = clock;
  const monotonicMs = asUint(monotonicItem);
  if (!isBytes(bootId, 16) || monotonicMs === undefined || typeof synchronised !== "boolean") return undefined;
  if (digests.length === 0 || digests.length > MAX_RECORDS) return undefined;
  if (!digests.every((digest) => isBytes(digest, 32))) return undefined;
  return { gateway, epoch, firstSeq, previous, sealedAtMs, clock: { bootId, monotonicMs, synchronised }, digests };
}
