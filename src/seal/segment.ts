/** Segments: the records committed together, sealed by one signature over their digests. */
import { createHash } from "node:crypto";
import { type Sentence, say } from "../errors/sentence.ts";
import { asUint, encode, isBytes, tryDecode, uint } from "./cbor.ts";
import { open1, type SealFault, sign1 } from "./cose.ts";
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
  const { clock } = payload;
  const bytes = encode([
    VERSION,
    payload.gateway,
    uint(payload.epoch),
    uint(payload.firstSeq),
    payload.previous,
    uint(payload.sealedAtMs),
    [clock.bootId, uint(Math.floor(clock.monotonicMs)), clock.synchronised],
    ...payload.digests,
  ]);
  return sign1(bytes, SEGMENT_TYPE, key);
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
  if (!Array.isArray(items)) return undefined;
  const [version, gateway, epochItem, firstSeqItem, previous, sealedAtItem, clock, ...digests]: unknown[] = items;
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
