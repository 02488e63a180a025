/**
 * What the journal's file may not show, and what it must not get wrong unseen. Bodies are sealed in boxes
 * (XSalsa20-Poly1305); identifiers, devices and persons stand in the index as keyed hashes, so that neither an address nor
 * a guess of a value can be tried against the file; and each row of the index is under a keyed check.
 */
import { createHmac, randomBytes } from "node:crypto";
import nacl from "tweetnacl";
import { bytes } from "../errors/sentence.ts";
import { type Cbor, encode, isBytes, tryDecode } from "../seal/cbor.ts";
import type { RecordId } from "../seal/record.ts";
import { type Contents, readContents, writeContents } from "./contents.ts";
import { errors } from "./errors.ts";
import { random } from "./random.ts";

const NONCE = nacl.secretbox.nonceLength;
/** A guess at a 16-byte check succeeds once in 2^128 tries; and no box is as short, so a check can stand in its place. */
export const CHECK_BYTES = 16;

export class Vault {
  #boxKey: Uint8Array;
  /** While boxes are being moved to a new key: the old one, which opens those that are still to be moved. */
  #oldKey: Uint8Array | undefined;
  readonly #indexKey: Uint8Array;
  readonly #pseudonyms = new Map<string, Uint8Array>();

  /** @param boxKey 32 bytes, the configured secret. @param indexKey 32 bytes, made with the journal. */
  constructor(boxKey: Uint8Array, indexKey: Uint8Array, oldKey?: Uint8Array) {
    this.#boxKey = boxKey;
    this.#indexKey = indexKey;
    this.#oldKey = oldKey;
  }

  get isRotating(): boolean {
    return this.#oldKey !== undefined;
  }

  isKey(boxKey: Uint8Array): boolean {
    return Buffer.compare(boxKey, this.#boxKey) === 0;
  }

  /** @returns what a file carries while its boxes are moved: with it, the new key opens all of them. */
  boxForNext(boxKey: Uint8Array): Uint8Array {
    return sealBox(encode([this.#indexKey, this.#boxKey]), boxKey);
  }

  /** From here on boxes are sealed with this key, and open with both. */
  moveTo(boxKey: Uint8Array): void {
    this.#oldKey = this.#boxKey;
    this.#boxKey = boxKey;
  }

  /** @returns the box sealed with the current key; undefined where it is already, and null where no key opens it. */
  moved(box: Uint8Array): Uint8Array | undefined | null {
    if (openBox(box, this.#boxKey) !== undefined) return undefined;
    const plain = this.open(box);
    return plain === undefined ? null : this.seal(plain);
  }

  /** The index key in a box of the current key: what the file carries when all boxes are moved. */
  indexKeyBox(): Uint8Array {
    return this.seal(this.#indexKey);
  }

  forgetOldKey(): void {
    this.#oldKey = undefined;
  }

  sealContents(contents: Contents): Uint8Array {
    return this.seal(writeContents(contents));
  }

  /** @returns undefined where the box was not made with this key, or is damaged. */
  openContents(box: Uint8Array): Contents | undefined {
    const plain = this.open(box);
    return plain && readContents(plain);
  }

  /** Anything else that the file may not show. */
  seal(plain: Uint8Array): Uint8Array {
    return sealBox(plain, this.#boxKey);
  }

  open(box: Uint8Array): Uint8Array | undefined {
    return openBox(box, this.#boxKey) ?? (this.#oldKey && openBox(box, this.#oldKey));
  }

  /**
   * What makes a repeat a no-op: the day in 4 bytes, then 12 bytes of the id's keyed hash. The day comes first so that new
   * rows land on neighbouring pages of the unique index, however many there are. Two of 2^32 ids in one day meet with a
   * chance of 2^-33.
   */
  idem(id: RecordId, day: number): Uint8Array {
    const idem = Buffer.alloc(16);
    idem.writeInt32BE(day);
    idem.set(this.#hash("id", id).subarray(0, 12), 4);
    return idem;
  }

  /** 16 bytes that stand for a device, a person or a fact's key: the same each time, and nothing without the key. */
  pseudonym(domain: "device" | "person" | "fact", name: string): Uint8Array {
    const key = `${domain}:${name}`;
    let pseudonym = this.#pseudonyms.get(key);
    if (pseudonym === undefined) {
      // A box knows tens of devices and persons; a thousand is a house. Beyond, they are computed again.
      if (this.#pseudonyms.size >= 1_000) this.#pseudonyms.clear();
      pseudonym = this.#hash(domain, name).subarray(0, 16);
      this.#pseudonyms.set(key, pseudonym);
    }
    return pseudonym;
  }

  /** The keyed check that stands beside what the chain does not sign: a flipped bit or an edited column shows. */
  check(table: string, fields: readonly Cbor[]): Uint8Array {
    return this.#hash(`check ${table}`, encode(fields)).subarray(0, CHECK_BYTES);
  }

  #hash(domain: string, secret: Uint8Array | string): Uint8Array {
    return createHmac("sha256", this.#indexKey).update(`${domain}\0`).update(secret).digest();
  }
}

/** Which day an idem begins with. */
export function dayOf(idem: Uint8Array): number {
  return new DataView(idem.buffer, idem.byteOffset, idem.byteLength).getInt32(0);
}

/** Makes the keyed-hash key of a new journal. @returns the key in a box, to be kept in the file. */
export function newIndexKey(boxKey: Uint8Array): Uint8Array {
  return sealBox(randomBytes(32), boxKey);
}

/**
 * @param nextBox what a file carries while its boxes are being moved to another key.
 * @throws JOURNAL_KEY_ROTATING where this is the key that is being left; JOURNAL_KEY_WRONG where it is none of the file's.
 */
export function openVault(boxKey: Uint8Array, indexKeyBox: Uint8Array, nextBox?: Uint8Array): Vault {
  if (boxKey.length !== nacl.secretbox.keyLength) {
    throw errors.JOURNAL_KEY_WRONG({ found: bytes(boxKey.length), expected: bytes(32) });
  }
  const indexKey = openBox(indexKeyBox, boxKey);
  if (indexKey !== undefined && nextBox !== undefined) throw errors.JOURNAL_KEY_ROTATING();
  if (indexKey !== undefined) return new Vault(boxKey, indexKey);
  const plain = nextBox && openBox(nextBox, boxKey);
  const items = plain && tryDecode(plain, { maxBytes: 128, maxDepth: 1, tags: [] });
  const [next, oldKey]: unknown[] = Array.isArray(items) ? items : [];
  if (!isBytes(next, 32) || !isBytes(oldKey, 32)) throw errors.JOURNAL_KEY_WRONG();
  return new Vault(boxKey, next, oldKey);
}

function sealBox(plain: Uint8Array, key: Uint8Array): Uint8Array {
  // 24 random bytes: by the birthday bound a repeat is less likely than 2^-96 in 2^48 boxes.
  const nonce = random(NONCE);
  return Buffer.concat([nonce, nacl.secretbox(plain, nonce, key)]);
}

function openBox(box: Uint8Array, key: Uint8Array): Uint8Array | undefined {
  if (box.length < NONCE + nacl.secretbox.overheadLength) return undefined;
  // tweetnacl takes no Buffer of a pool for a Uint8Array in every place: plain views of the right length.
  const nonce = new Uint8Array(box.buffer, box.byteOffset, NONCE);
  const sealed = new Uint8Array(box.buffer, box.byteOffset + NONCE, box.length - NONCE);
  return nacl.secretbox.open(sealed, nonce, key) ?? undefined;
}
