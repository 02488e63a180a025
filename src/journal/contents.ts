/**
 * What stands in a body's box: the record's own, and what its index row is computed from. A bundle of 3 kB and the measurement
 * it was made from are packed with the dictionary that bodies travel with: some 500 bytes, a sixth to write to the card and
 * to decrypt.
 *
 * A packed length tells a little of what was packed: which kind of measure (the index says that anyway), whether a value has
 * two digits or three, or is the one that the dictionary has. So lengths go in steps of 32 bytes, of which one kind of
 * measure of one device takes one or two. Nobody outside can have a text of theirs packed together with a secret and look at
 * the length (CRIME); and who can see lengths at all holds the card. Measured: the steps cost 3 % of a box.
 */
import { type Cbor, encode, isBytes, tryDecode } from "../seal/cbor.ts";
import { pack, unpack } from "../seal/encoding.ts";
import type { RecordId } from "../seal/record.ts";

/** What the index says of a record, in clear, so that its row can be computed again from the box. */
export interface Indexed {
  readonly day: number;
  readonly device: string | null;
  readonly person: string | null;
}

export interface Contents {
  readonly id: RecordId;
  readonly salt: Uint8Array;
  readonly body: Uint8Array;
  readonly source: Uint8Array | null;
  /** Undefined in the boxes of version 1 of the file, which had four items. */
  readonly indexed: Indexed | undefined;
}

/** One body and its source: two texts of at most 4 MiB. */
const MAX_BYTES = 8 * 1024 * 1024;
/** To pack takes 15 µs before the first byte, and to box a kilobyte 8: shorter ones (events) stay as they are. */
const WORTH_PACKING = 1_024;
const STEP = 32;
/** Which one it is packed with (src/seal/dictionaries). */
const DICTIONARY = 2;

export function writeContents({ id, salt, body, source, indexed }: Contents): Uint8Array {
  const index: Cbor[] = indexed === undefined ? [] : [indexed.day, indexed.device, indexed.person];
  const plain = encode([id, salt, body, source, ...index]);
  if (plain.length < WORTH_PACKING) return plain;
  const packed = pack(plain);
  const padded = new Uint8Array(Math.ceil(packed.length / STEP) * STEP);
  padded.set(packed);
  return encode([DICTIONARY, plain.length, padded]);
}

/** @returns undefined where the bytes are not what writeContents() makes, or made in an older version. */
export function readContents(bytes: Uint8Array): Contents | undefined {
  const items = itemsOf(bytes);
  const [dictionary, length, packed] = items;
  if (dictionary !== DICTIONARY) return contentsOf(items);
  if (!isBytes(packed) || typeof length !== "number" || length > MAX_BYTES) return undefined;
  // Deflate says itself where it ends: what fills the step up is not looked at.
  const plain = unpack(packed, length);
  return plain && contentsOf(itemsOf(plain));
}

function itemsOf(bytes: Uint8Array): readonly unknown[] {
  const items = tryDecode(bytes, { maxBytes: MAX_BYTES, maxDepth: 2, tags: [] });
  return Array.isArray(items) ? items : [];
}

function contentsOf([id, salt, body, source, ...index]: readonly unknown[]): Contents | undefined {
  if (!isBytes(id, 16) || !isBytes(salt, 16) || !isBytes(body)) return undefined;
  if (source !== null && !isBytes(source)) return undefined;
  return { id, salt, body, source, indexed: indexedOf(index) };
}

function indexedOf([day, device, person]: readonly unknown[]): Indexed | undefined {
  if (typeof day !== "number" || (device !== null && typeof device !== "string")) return undefined;
  return person === null || typeof person === "string" ? { day, device, person } : undefined;
}
