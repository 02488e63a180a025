/**
 * A look at received CBOR before any decoder sees it. Only what our own formats use passes: definite lengths, shortest
 * integers, no floats, no tag but the ones named, no key twice, valid UTF-8, bounded depth and size. A 128 KiB bignum
 * keeps cbor-x busy for 2.3 s; here it is refused at its first byte.
 */
import { type Sentence, say } from "../errors/sentence.ts";

export interface Bounds {
  readonly maxBytes: number;
  /** Arrays, maps and tags inside each other. */
  readonly maxDepth: number;
  readonly tags: readonly number[];
}

export class Refused extends Error {
  readonly because: Sentence;

  constructor(because: Sentence) {
    super(because.en);
    this.because = because;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Walks one data item.
 * @returns the offset behind it, so that items which follow each other (RFC 8742) can be told apart.
 * @throws Refused naming the offset and what stands there.
 */
export function itemEnd(bytes: Uint8Array, at: number, bounds: Bounds): number {
  if (bytes.length > bounds.maxBytes)
    throw new Refused(
      say(`${bytes.length} octets, ${bounds.maxBytes} au plus`, `${bytes.length} bytes, at most ${bounds.maxBytes}`),
    );
  return walk(bytes, at, bounds, bounds.maxDepth);
}

/** Checks that the bytes are exactly one acceptable item. @throws Refused */
export function guard(bytes: Uint8Array, bounds: Bounds): void {
  const end = itemEnd(bytes, 0, bounds);
  if (end !== bytes.length)
    throw new Refused(
      say(`${bytes.length - end} octets derrière l'élément`, `${bytes.length - end} bytes behind the item`),
    );
}

function walk(bytes: Uint8Array, start: number, bounds: Bounds, depthLeft: number): number {
  if (depthLeft < 0)
    throw new Refused(placed(start, `plus de ${bounds.maxDepth} niveaux`, `deeper than ${bounds.maxDepth}`));
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
      if (!bounds.tags.includes(argument))
        throw new Refused(placed(start, `étiquette CBOR ${argument}`, `tag ${argument}`));
      return walk(bytes, at, bounds, depthLeft - 1);
  }
}

function simple(initial: number, at: number): number {
  // false, true, null: RFC 8949 §3.3. Floats, undefined and the break code are not part of our profile.
  if (initial === 0xf4 || initial === 0xf5 || initial === 0xf6) return at + 1;
  const hex = `0x${initial.toString(16)}`;
  throw new Refused(placed(at, `valeur simple ou flottant ${hex}`, `simple value or float ${hex}`));
}

function head(bytes: Uint8Array, start: number, info: number): { argument: number; at: number } {
  if (info < 24) return { argument: info, at: start + 1 };
  if (info > 27) throw new Refused(placed(start, "longueur indéfinie ou réservée", "indefinite or reserved length"));
  const width = 1 << (info - 24);
  let argument = 0;
  for (let i = 1; i <= width; i += 1) argument = argument * 256 + byteAt(bytes, start + i);
  const least = width === 1 ? 24 : 2 ** (width * 4);
  if (argument < least) throw new Refused(placed(start, "pas la forme la plus courte", "not the shortest form"));
  if (!Number.isSafeInteger(argument))
    throw new Refused(placed(start, "entier au-delà de 2^53", "integer beyond 2^53"));
  return { argument, at: start + 1 + width };
}

function string(bytes: Uint8Array, at: number, length: number, isText: boolean): number {
  const end = at + length;
  if (end > bytes.length) {
    const left = bytes.length - at;
    throw new Refused(
      placed(at, `chaîne de ${length} octets, il en reste ${left}`, `string of ${length} bytes, ${left} left`),
    );
  }
  if (isText) {
    try {
      utf8.decode(bytes.subarray(at, end));
    } catch {
      throw new Refused(placed(at, "texte qui n'est pas de l'UTF-8", "text that is no UTF-8"));
    }
  }
  return end;
}

function array(bytes: Uint8Array, start: number, length: number, bounds: Bounds, depthLeft: number): number {
  if (length > bytes.length - start)
    throw new Refused(placed(start, `tableau de ${length} éléments`, `array of ${length} items`));
  let at = start;
  for (let i = 0; i < length; i += 1) at = walk(bytes, at, bounds, depthLeft - 1);
  return at;
}

function map(bytes: Uint8Array, start: number, length: number, bounds: Bounds, depthLeft: number): number {
  if (length > bytes.length - start)
    throw new Refused(placed(start, `table de ${length} entrées`, `map of ${length} entries`));
  const keys = new Set<string>();
  let at = start;
  for (let i = 0; i < length; i += 1) {
    const end = walk(bytes, at, bounds, depthLeft - 1);
    const key = Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at).toString("latin1");
    if (keys.has(key)) throw new Refused(placed(at, "deux fois la même clé", "a key twice"));
    keys.add(key);
    at = walk(bytes, end, bounds, depthLeft - 1);
  }
  return at;
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new Refused(say(`fin à l'octet ${at}`, `ends at ${at}`));
  return byte;
}

/** @param at counted from the beginning of what was looked at. */
function placed(at: number, fr: string, en: string): Sentence {
  return say(`${fr} à l'octet ${at}`, `${en} at ${at}`);
}
