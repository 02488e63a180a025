/** What travels to a destination: a segment, byte for byte as signed, and what is to be shown of its records. */
import { asUint, type Cbor, encode, isBytes, tryDecode, uint } from "./cbor.ts";
import { Encoding, unpack } from "./encoding.ts";
import { type Bounds, itemEnd, Refused } from "./guard.ts";
import { isWithheld, RecordKind, type SegmentMessage, type TravellingRecord } from "./record.ts";
import { MAX_RECORDS } from "./segment.ts";

/** 256 bundles of 20 kB and some: more comes from nobody honest. */
export const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;
const bounds: Bounds = { maxBytes: MAX_MESSAGE_BYTES, maxDepth: 6, tags: [18] };
const ARRAY_OF_TWO = 0x82;

export function encodeMessage(message: SegmentMessage): Uint8Array {
  const records = message.records.map((record): Cbor => {
    if (isWithheld(record)) return [uint(record.seq)];
    return [uint(record.seq), record.kind, record.id, record.salt, Encoding.plain, record.body];
  });
  return Buffer.concat([Uint8Array.of(ARRAY_OF_TWO), message.segment, encode(records)]);
}

export type DecodedMessage =
  | { readonly ok: true; readonly message: SegmentMessage }
  | { readonly ok: false; readonly because: string };

/** Reads a message that came from outside. Nothing in it is believed yet. */
export function decodeMessage(bytes: Uint8Array): DecodedMessage {
  try {
    if (bytes[0] !== ARRAY_OF_TWO) return { ok: false, because: "no message of segment and records" };
    const segmentEnd = itemEnd(bytes, 1, bounds);
    const records = readRecords(tryDecode(bytes.subarray(segmentEnd), bounds));
    if (records === undefined) return { ok: false, because: "the records are not of the form that a message has" };
    return { ok: true, message: { segment: bytes.slice(1, segmentEnd), records } };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, because: error.message };
    throw error;
  }
}

/**
 * The messages of an export, one behind the other (a CBOR sequence, RFC 8742).
 * Yields a failure, and ends, at the first bytes that are none.
 */
export function* messagesOf(sequence: Uint8Array): Generator<DecodedMessage> {
  let at = 0;
  while (at < sequence.length) {
    const rest = sequence.subarray(at, at + MAX_MESSAGE_BYTES);
    let end: number;
    try {
      end = itemEnd(rest, 0, bounds);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      yield { ok: false, because: `${error.message}, counted from ${at}` };
      return;
    }
    yield decodeMessage(rest.subarray(0, end));
    at += end;
  }
}

function readRecords(items: unknown): TravellingRecord[] | undefined {
  if (!Array.isArray(items) || items.length > MAX_RECORDS) return undefined;
  const records: TravellingRecord[] = [];
  for (const item of items) {
    const record = Array.isArray(item) ? readRecord(item) : undefined;
    if (record === undefined) return undefined;
    records.push(record);
  }
  return records;
}

const kinds: readonly RecordKind[] = Object.values(RecordKind);

function readRecord(item: readonly unknown[]): TravellingRecord | undefined {
  const [seqItem, kindItem, id, salt, encoding, packed] = item;
  const seq = asUint(seqItem);
  if (seq === undefined) return undefined;
  if (item.length === 1) return { seq, withheld: true };
  const kind = kinds.find((known) => known === kindItem);
  if (item.length !== 6 || kind === undefined || !isBytes(id, 16) || !isBytes(salt, 16)) return undefined;
  if (typeof encoding !== "number" || !isBytes(packed)) return undefined;
  const body = unpack(encoding, packed);
  return body === undefined ? undefined : { seq, kind, id, salt, body };
}
