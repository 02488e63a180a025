/**
 * How bodies are packed for the way, and for the box. A digest covers the body itself, so that another packing changes nothing
 * sealed.
 *
 * One bundle says little that the next one does not say again, and that every bundle says. So the bodies of one message
 * are one raw deflate stream (RFC 1951), begun with a dictionary that both sides have.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { uuidOf } from "../measure/identity.ts";
import { dictionary as dictionary1 } from "./dictionaries/1.ts";
import { dictionary as dictionary2 } from "./dictionaries/2.ts";
import type { RecordId } from "./record.ts";

export const Encoding = {
  plain: 0,
  /** Bodies deflated with dictionary 1 and the UUIDs that the message's record ids become in the bundles (./message.ts). */
  deflate1: 1,
  /** The whole message without what its reader can make again (./compact.ts); deflated with dictionary 2. */
  compact: 2,
} as const;
export type Encoding = (typeof Encoding)[keyof typeof Encoding];

/** What this software can read. */
export const knownEncodings: readonly number[] = Object.values(Encoding);

/** What to send to a reader that says it reads these. */
export function bestOf(encodings: readonly number[]): Encoding {
  if (encodings.includes(Encoding.compact)) return Encoding.compact;
  return encodings.includes(Encoding.deflate1) ? Encoding.deflate1 : Encoding.plain;
}

/** Deflate looks back 32 KiB (RFC 1951 §2): of a longer dictionary it would see the end only. */
const WINDOW = 32_768;
/** What zlib wants at least. */
const MIN_CHUNK = 64;
const MAX_CHUNK = 256 * 1024;
const published1 = Buffer.from(dictionary1);
const published2 = Buffer.from(dictionary2);

/** @param ids of the records whose bodies these are, in the same order. */
export function packBodies(bodies: readonly Uint8Array[], ids: readonly RecordId[]): Uint8Array {
  return deflateRawSync(Buffer.concat(bodies), { dictionary: withUuids(ids) });
}

/**
 * @param length of all bodies together, as the message says it. No more than that is ever unpacked.
 * @returns undefined where the bytes are not what they are said to be.
 */
export function unpackBodies(packed: Uint8Array, length: number, ids: readonly RecordId[]): Uint8Array | undefined {
  return inflate(packed, length, withUuids(ids));
}

/** With dictionary 2 alone. */
export function pack(bytes: Uint8Array): Uint8Array {
  return deflateRawSync(bytes, { dictionary: published2 });
}

/** Of pack(). Deflate says itself where it ends: what stands behind is not looked at. @param length, @returns as unpackBodies(). */
export function unpack(packed: Uint8Array, length: number): Uint8Array | undefined {
  return inflate(packed, length, published2);
}

function inflate(packed: Uint8Array, length: number, dictionary: Uint8Array): Uint8Array | undefined {
  try {
    const bytes = inflateRawSync(packed, {
      dictionary,
      maxOutputLength: Math.max(1, length),
      // In one piece: to put pieces together takes as long as to inflate a bundle. More is not made room for on a mere word.
      chunkSize: Math.min(Math.max(MIN_CHUNK, length), MAX_CHUNK),
    });
    return bytes.length === length ? bytes : undefined;
  } catch {
    return undefined; // zlib says "not deflate" and "more than you allowed" by throwing
  }
}

function withUuids(ids: readonly RecordId[]): Uint8Array {
  const uuids = ids.map(uuidOf).join("");
  return Buffer.concat([published1, Buffer.from(uuids)]).subarray(-WINDOW);
}
