/**
 * A message in its shortest form. The COSE header is the same in every segment, and a record that is shown has its digest
 * in itself: the reader makes the signed bytes again from what they say. If anything of it was changed on the way, it makes
 * other bytes, which the signature does not fit.
 */
import { type Sentence, say } from "../errors/sentence.ts";
import { type Cbor, encode, isBytes, tryDecode } from "./cbor.ts";
import { Encoding, pack, unpack } from "./encoding.ts";
import type { Bounds } from "./guard.ts";
import { isWithheld, kindOf, type SegmentMessage, type TravellingRecord, type WholeRecord } from "./record.ts";
import { digestOf, MAX_RECORDS, payloadItems, putTogether, readItems, takeApart } from "./segment.ts";
import { mark, unmark, uuidsOf } from "./uuids.ts";

/** An array of seven. */
export const COMPACT = 0x87;

/** @returns undefined where this form would not give the same back, or has nothing to make shorter. */
export function encodeCompact({ segment, records }: SegmentMessage): Uint8Array | undefined {
  const parts = takeApart(segment);
  const whole = records.flatMap((record) => (isWithheld(record) ? [] : [record]));
  if (parts === undefined || whole.length === 0) return undefined;
  const { payload, kid, signature } = parts;
  const { firstSeq, digests } = payload;
  if (records.length !== digests.length || records.some(({ seq }, index) => seq !== firstSeq + index)) return undefined;
  const marked = mark(payload.gateway, whole);
  if (marked === undefined) return undefined;
  const lengths = marked.texts.map(({ length }) => length).values();
  const items = records.map((record, index): Cbor => {
    if (isWithheld(record)) return withoutBody(digests[index] ?? null, record.elsewhere);
    return [record.kind, record.id, record.salt, lengths.next().value ?? 0];
  });
  const head = payloadItems({ ...payload, digests: [] });
  const stream = pack(Buffer.from(marked.texts.join(""), "latin1"));
  return encode([Encoding.compact, head, kid, signature, items, marked.uuids, stream]);
}

const refused = {
  encoding: { because: say("un encodage inconnu ici", "an encoding that is not known here") },
  head: { because: say("ce n'est pas l'en-tête d'un segment", "no head of a segment") },
  records: {
    because: say("les enregistrements n'ont pas la forme d'un message", "the records are not of a message's form"),
  },
  bodies: {
    because: say("les corps ne sont pas empaquetés comme annoncé", "the bodies are not packed as they are said to be"),
  },
} as const;

/** @returns the message, of which nothing is believed yet; or why it is none. */
export function decodeCompact(bytes: Uint8Array, bounds: Bounds): SegmentMessage | { readonly because: Sentence } {
  const message = tryDecode(bytes, bounds);
  const [encoding, head, kid, signature, items, uuids, stream]: unknown[] = Array.isArray(message) ? message : [];
  if (encoding !== Encoding.compact) return refused.encoding;
  const gateway: unknown = Array.isArray(head) ? head[1] : undefined;
  if (!Array.isArray(head) || typeof gateway !== "string" || !isBytes(kid) || !isBytes(signature, 64)) {
    return refused.head;
  }
  const listed = Array.isArray(items) && items.length <= MAX_RECORDS ? items.map(readItem) : [undefined];
  if (!listed.every((item) => item !== undefined)) return refused.records;
  const bodies = readBodies(listed, { gateway, uuids, stream }, bounds.maxBytes);
  if (bodies === undefined) return refused.bodies;

  const digests: Uint8Array[] = [];
  const places: ((seq: number) => TravellingRecord)[] = [];
  let next = 0;
  for (const item of listed) {
    if ("digest" in item) {
      const { digest, elsewhere } = item;
      digests.push(digest);
      places.push((seq) => ({ seq, withheld: true, ...(elsewhere && { elsewhere }) }));
      continue;
    }
    const { length: _, ...facts } = item;
    const record = { ...facts, body: bodies[next] ?? new Uint8Array() };
    next += 1;
    digests.push(digestOf(record));
    places.push((seq) => ({ seq, ...record }));
  }
  const payload = readItems([...head, ...digests]);
  if (payload === undefined) return refused.head;
  const records = places.map((place, index) => place(payload.firstSeq + index));
  return { segment: putTogether({ payload, kid, signature }), records };
}

const withoutBody = (digest: Cbor, elsewhere: Uint8Array | undefined): Cbor =>
  elsewhere === undefined ? digest : [digest, elsewhere];

/** A record as this form lists it: withheld, or with so many bytes of its marked body in the stream. */
type Item =
  | { readonly digest: Uint8Array; readonly elsewhere?: Uint8Array }
  | (Omit<WholeRecord, "seq" | "body"> & { readonly length: number });

function readItem(item: unknown): Item | undefined {
  if (isBytes(item, 32)) return { digest: item };
  if (!Array.isArray(item)) return undefined;
  const [kindItem, id, salt, length]: unknown[] = item;
  if (item.length === 2 && isBytes(kindItem, 32) && isBytes(id, 16)) return { digest: kindItem, elsewhere: id };
  if (item.length !== 4) return undefined;
  const kind = kindOf(kindItem);
  if (kind === undefined || !isBytes(id, 16) || !isBytes(salt, 16) || typeof length !== "number") return undefined;
  return length < 0 ? undefined : { kind, id, salt, length };
}

/** @param maxBytes of all of them, as they are in the end. */
function readBodies(
  items: readonly Item[],
  { gateway, uuids, stream }: { readonly gateway: string; readonly uuids: unknown; readonly stream: unknown },
  maxBytes: number,
): Uint8Array[] | undefined {
  const whole = items.flatMap((item) => ("digest" in item ? [] : [item]));
  const length = whole.reduce((sum, item) => sum + item.length, 0);
  if (!Array.isArray(uuids) || !uuids.every((uuid) => isBytes(uuid, 16)) || !isBytes(stream)) return undefined;
  const bytes = length > maxBytes ? undefined : unpack(stream, length);
  if (bytes === undefined) return undefined;
  const words = uuidsOf(gateway, uuids);
  const bodies: Uint8Array[] = [];
  let [at, room] = [0, maxBytes];
  for (const item of whole) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + at, item.length).toString("latin1");
    const body = unmark(text, item.id, { uuids: words, maxBytes: room });
    if (body === undefined) return undefined;
    bodies.push(body);
    at += item.length;
    room -= body.length;
  }
  return bodies;
}
