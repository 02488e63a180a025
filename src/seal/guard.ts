/**
 * A look at received CBOR before any decoder sees it. Only what our own formats use passes: definite lengths, shortest
 * integers, no floats, no tag but the ones named, no key twice, valid UTF-8, bounded depth and size. A 128 KiB bignum
 * keeps cbor-x busy for 2.3 s; here it is refused at its first byte.
 */

export interface Bounds {
  readonly maxBytes: number;
  /** Arrays, maps and tags inside each other. */
  readonly maxDepth: number;
  readonly tags: readonly number[];
}

export class Refused extends Error {}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Walks one data item.
 * @returns the offset behind it, so that items which follow each other (RFC 8742) can be told apart.
 * @throws Refused naming the offset and what stands there.
 */
export function itemEnd(bytes: Uint8Array, at: number, bounds: Bounds): number {
  if (bytes.length > bounds.maxBytes) throw new Refused(`${bytes.length} bytes, at most ${bounds.maxBytes}`);
  return walk(bytes, at, bounds, bounds.maxDepth);
}

/** Checks that the bytes are exactly one acceptable item. @throws Refused */
export function guard(bytes: Uint8Array, bounds: Bounds): void {
  const end = itemEnd(bytes, 0, bounds);
  if (end !== bytes.length) throw new Refused(`${bytes.length - end} bytes behind the item`);
}

function walk(bytes: Uint8Array, start: number, bounds: Bounds, depthLeft: number): number {
  if (depthLeft < 0) throw new Refused(`deeper than ${bounds.maxDepth} at ${start}`);
  const initial = byteAt(bytes, start);
  const major = initial >> 5;
  if (major === 7) return simple(initial, start);
  const { argument, at } = head(bytes, start, initial & 0x1f);
  switch (major) {
    case 0:
    case 1:
      return at;
    case 2:
    case 3:
      return string(bytes, at, argument, major === 3);
    case 4:
      return array(bytes, at, argument, bounds, depthLeft);
    case 5:
      return map(bytes, at, argument, bounds, depthLeft);
    default:
      if (!bounds.tags.includes(argument)) throw new Refused(`tag ${argument} at ${start}`);
      return walk(bytes, at, bounds, depthLeft - 1);
  }
}

function simple(initial: number, at: number): number {
  // false, true, null: RFC 8949 §3.3. Floats, undefined and the break code are not part of our profile.
  if (initial === 0xf4 || initial === 0xf5 || initial === 0xf6) return at + 1;
  throw new Refused(`simple value or float 0x${initial.toString(16)} at ${at}`);
}

function head(bytes: Uint8Array, start: number, info: number): { argument: number; at: number } {
  if (info < 24) return { argument: info, at: start + 1 };
  if (info > 27) throw new Refused(`indefinite or reserved length at ${start}`);
  const width = 1 << (info - 24);
  let argument = 0;
  for (let i = 1; i <= width; i += 1) argument = argument * 256 + byteAt(bytes, start + i);
  const least = width === 1 ? 24 : 2 ** (width * 4);
  if (argument < least) throw new Refused(`not the shortest form at ${start}`);
  if (!Number.isSafeInteger(argument)) throw new Refused(`integer beyond 2^53 at ${start}`);
  return { argument, at: start + 1 + width };
}

function string(bytes: Uint8Array, at: number, length: number, isText: boolean): number {
  const end = at + length;
  if (end > bytes.length) throw new Refused(`string of ${length} bytes at ${at}, ${bytes.length - at} left`);
  if (isText) {
    try {
      utf8.decode(bytes.subarray(at, end));
    } catch {
      throw new Refused(`text at ${at} is no UTF-8`);
    }
  }
  return end;
}

function array(bytes: Uint8Array, start: number, length: number, bounds: Bounds, depthLeft: number): number {
  if (length > bytes.length - start) throw new Refused(`array of ${length} items at ${start}`);
  let at = start;
  for (let i = 0; i < length; i += 1) at = walk(bytes, at, bounds, depthLeft - 1);
  return at;
}

function map(bytes: Uint8Array, start: number, length: number, bounds: Bounds, depthLeft: number): number {
  if (length > bytes.length - start) throw new Refused(`map of ${length} entries at ${start}`);
  const keys = new Set<string>();
  let at = start;
  for (let i = 0; i < length; i += 1) {
    const end = walk(bytes, at, bounds, depthLeft - 1);
    const key = Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at).toString("latin1");
    if (keys.has(key)) throw new Refused(`a key twice at ${at}`);
    keys.add(key);
    at = walk(bytes, end, bounds, depthLeft - 1);
  }
  return at;
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new Refused(`ends at ${at}`);
  return byte;
}
