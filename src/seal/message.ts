/** What travels to a destination: a segment, byte for byte as signed, and what is to be shown of its records. */
import { type Sentence, say } from "../errors/sentence.ts";
import { asUint, type Cbor, encode, isBytes, tryDecode, uint } from "./cbor.ts";
import { COMPACT, decodeCompact, encodeCompact } from "./compact.ts";
import { Encoding, packBodies, unpackBodies } from "./encoding.ts";
import { type Bounds, itemEnd, Refused } from "./guard.ts";
import {
  isWithheld,
  kindOf,
  type SegmentMessage,
  type TravellingRecord,
  type WholeRecord,
  type WithheldRecord,
} from "./record.ts";
import { MAX_RECORDS } from "./segment.ts";

/** 256 bundles of 20 kB and some: more comes from nobody honest. */
export const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;
const bounds: Bounds = { maxBytes: MAX_MESSAGE_BYTES, maxDepth: 6, tags: [18] };
/** How a body may be packed in a message that lists its records one by one. */
const bodyEncodings: readonly number[] = [Encoding.plain, Encoding.deflate1];
const ARRAY_OF_TWO = 0x82;
const ARRAY_OF_THREE = 0x83;

/** @param encoding what the reader is known to read; plain is read by everybody. */
export function encodeMessage(message: SegmentMessage, encoding: Encoding = Encoding.plain): Uint8Array {
  if (encoding === Encoding.plain || message.records.every(isWithheld)) return encodePlain(message);
  return (encoding === Encoding.compact ? encodeCompact(message) : undefined) ?? encodeDeflated(message);
}

function encodePlain({ segment, records }: SegmentMessage): Uint8Array {
  const items = records.map((record): Cbor => {
    if (isWithheld(record)) return withoutBody(record);
    return [uint(record.seq), record.kind, record.id, record.salt, Encoding.plain, record.body];
  });
  return Buffer.concat([Uint8Array.of(ARRAY_OF_TWO), segment, encode(items)]);
}

const withoutBody = ({ seq, elsewhere }: WithheldRecord): Cbor =>
  elsewhere === undefined ? [uint(seq)] : [uint(seq), elsewhere];

/** Where a body would stand stands its length in the stream behind the records. */
function encodeDeflated({ segment, records }: SegmentMessage): Uint8Array {
  const items = records.map((record): Cbor => {
    if (isWithheld(record)) return withoutBody(record);
    return [uint(record.seq), record.kind, record.id, record.salt, Encoding.deflate1, record.body.length];
  });
  const whole = records.flatMap((record) => (isWithheld(record) ? [] : [record]));
  const packed = packBodies(
    whole.map(({ body }) => body),
    whole.map(({ id }) => id),
  );
  return Buffer.concat([Uint8Array.of(ARRAY_OF_THREE), segment, encode(items), encode(packed)]);
}

export type DecodedMessage =
  | { readonly ok: true; readonly message: SegmentMessage }
  | {
      readonly ok: false;
      readonly because: Sentence;
      /** The segment, where only the encoding of the bodies is not known here: its gateway can be told so. */
      readonly unreadable?: Uint8Array;
    };

/** Reads a message that came from outside. Nothing in it is believed yet. */
export function decodeMessage(bytes: Uint8Array): DecodedMessage {
  if (bytes[0] === COMPACT) {
    const decoded = decodeCompact(bytes, bounds);
    return "because" in decoded ? { ok: false, because: decoded.because } : { ok: true, message: decoded };
  }
  try {
    if (bytes[0] !== ARRAY_OF_TWO && bytes[0] !== ARRAY_OF_THREE) {
      return failed("ce n'est pas un message de segment et d'enregistrements", "no message of segment and records");
    }
    const segmentEnd = itemEnd(bytes, 1, bounds);
    const recordsEnd = itemEnd(bytes, segmentEnd, bounds);
    const segment = bytes.slice(1, segmentEnd);
    const items = readItems(tryDecode(bytes.subarray(segmentEnd, recordsEnd), bounds));
    if (items === undefined)
      return failed("les enregistrements n'ont pas la forme d'un message", "the records are not of a message's form");
    const unknown = items.find((item) => "encoding" in item && !bodyEncodings.includes(item.encoding));
    if (unknown !== undefined) {
      return { ...failed("un encodage inconnu ici", "an encoding that is not known here"), unreadable: segment };
    }
    const packed = bytes[0] === ARRAY_OF_THREE ? tryDecode(bytes.subarray(recordsEnd), bounds) : undefined;
    // The first byte is not sealed: what it announces has to be there, and nothing else.
    const isAsAnnounced = bytes[0] === ARRAY_OF_THREE ? isBytes(packed) : recordsEnd === bytes.length;
    if (!isAsAnnounced)
      return failed(
        "la suite n'est pas ce que dit le premier octet",
        "not what its first byte says is behind the records",
      );
    const records = unpackItems(items, isBytes(packed) ? packed : undefined);
    if (records === undefined)
      return failed(
        "les corps ne sont pas comprimés comme annoncé",
        "the bodies are not packed as they are said to be",
      );
    return { ok: true, message: { segment, records } };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, because: error.because };
    throw error;
  }
}

const failed = (fr: string, en: string) => ({ ok: false, because: say(fr, en) }) as const;

/**
 * The messages of an export, one behind the other (a CBOR sequence, RFC 8742).
 * Yields a failure, and ends, at the first bytes that are none.
 */
export function* messagesOf(sequence: Uint8Array): Generator<DecodedMessage> {
  let at = 0;
  for (const piece of piecesOf(sequence)) {
    if (piece.refused !== undefined) {
      yield failed(`${piece.refused.fr}, compté depuis ${at}`, `${piece.refused.en}, counted from ${at}`);
      return;
    }
    yield decodeMessage(piece.bytes);
    at += piece.bytes.length;
  }
}

export interface Piece {
  readonly bytes: Uint8Array;
  /** Why these bytes, all that are left, are no message. */
  readonly refused?: Sentence;
}

/** The messages of a sequence as their bytes. Nothing in them is believed, or even looked at, yet. */
export function* piecesOf(sequence: Uint8Array): Generator<Piece> {
  let at = 0;
  while (at < sequence.length) {
    const rest = sequence.subarray(at, at + MAX_MESSAGE_BYTES);
    let end: number;
    try {
      end = itemEnd(rest, 0, bounds);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      yield { bytes: rest, refused: error.because };
      return;
    }
    yield { bytes: rest.subarray(0, end) };
    at += end;
  }
}

/** A record as the message lists it: with its body, or with the length of it in the stream behind. */
type Item =
  | WithheldRecord
  | (Omit<WholeRecord, "body"> & { readonly encoding: number; readonly body: Uint8Array | number });

function readItems(items: unknown): readonly Item[] | undefined {
  if (!Array.isArray(items) || items.length > MAX_RECORDS) return undefined;
  const read: Item[] = [];
  for (const item of items) {
    const record = Array.isArray(item) ? readItem(item) : undefined;
    if (record === undefined) return undefined;
    read.push(record);
  }
  return read;
}

function readItem(item: readonly unknown[]): Item | undefined {
  const [seqItem, kindItem, id, salt, encoding, bodyItem] = item;
  const elsewhere = kindItem;
  const seq = asUint(seqItem);
  if (seq === undefined) return undefined;
  if (item.length === 1) return { seq, withheld: true };
  if (item.length === 2 && isBytes(elsewhere, 16)) return { seq, withheld: true, elsewhere };
  const kind = kindOf(kindItem);
  if (item.length !== 6 || kind === undefined || !isBytes(id, 16) || !isBytes(salt, 16)) return undefined;
  const body = isBytes(bodyItem) ? bodyItem : asUint(bodyItem);
  return typeof encoding !== "number" || body === undefined ? undefined : { seq, kind, id, salt, encoding, body };
}

function unpackItems(items: readonly Item[], packed: Uint8Array | undefined): TravellingRecord[] | undefined {
  const streamed = items.flatMap((item) =>
    "encoding" in item && item.encoding === Encoding.deflate1 && typeof item.body === "number"
      ? [{ id: item.id, length: item.body }]
      : [],
  );
  const length = streamed.reduce((sum, item) => sum + item.length, 0);
  if (streamed.length > 0 !== (packed !== undefined) || length > MAX_MESSAGE_BYTES) return undefined;
  const ids = streamed.map(({ id }) => id);
  const stream = packed === undefined ? new Uint8Array() : unpackBodies(packed, length, ids);
  if (stream === undefined) return undefined;
  let at = 0;
  const records: TravellingRecord[] = [];
  for (const item of items) {
    if (!("encoding" in item)) records.push(item);
    else {
      const { encoding, body, ...facts } = item;
      const isPlain = encoding === Encoding.plain;
      if (isPlain !== (typeof body !== "number")) return undefined;
      records.push({ ...facts, body: typeof body === "number" ? stream.subarray(at, at + body) : body });
      at += typeof body === "number" ? body : 0;
    }
  }
  return records;
}
