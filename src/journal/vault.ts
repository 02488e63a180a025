/**
 * What the journal's file may not show. Bodies are sealed in boxes (XSalsa20-Poly1305); identifiers, devices and persons
 * stand in the index as keyed hashes, so that neither an address nor a guess of a value can be tried against the file.
 */
import { createHmac, randomBytes } from "node:crypto";
import nacl from "tweetnacl";
import { encode, isBytes, tryDecode } from "../seal/cbor.ts";
import type { RecordId } from "../seal/record.ts";
import { errors } from "./errors.ts";
import { random } from "./random.ts";

/** What is in a body's box. The id is inside, whose keyed hash stands in the row: a box moved to another row is found out. */
export interface Contents {
  readonly id: RecordId;
  readonly salt: Uint8Array;
  readonly body: Uint8Array;
  readonly source: Uint8Array | null;
}

const NONCE = nacl.secretbox.nonceLength;
/** One body and its source: two texts of at most 4 MiB. */
const MAX_CONTENTS = 8 * 1024 * 1024;

export class Vault {
  readonly #boxKey: Uint8Array;
  readonly #indexKey: Uint8Array;
  readonly #pseudonyms = new Map<string, Uint8Array>();

  /** @param boxKey 32 bytes, the configured secret. @param indexKey 32 bytes, made with the journal. */
  constructor(boxKey: Uint8Array, indexKey: Uint8Array) {
    this.#boxKey = boxKey;
    this.#indexKey = indexKey;
  }

  sealContents(contents: Contents): Uint8Array {
    const { id, salt, body, source } = contents;
    return sealBox(encode([id, salt, body, source]), this.#boxKey);
  }

  /** @returns undefined where the box was not made with this key, is damaged, or belongs to another row. */
  openContents(box: Uint8Array, idem: Uint8Array): Contents | undefined {
    const plain = openBox(box, this.#boxKey);
    const items = plain && tryDecode(plain, { maxBytes: MAX_CONTENTS, maxDepth: 2, tags: [] });
    if (!Array.isArray(items)) return undefined;
    const [id, salt, body, source]: unknown[] = items;
    if (!isBytes(id, 16) || !isBytes(salt, 16) || !isBytes(body)) return undefined;
    if (source !== null && !isBytes(source)) return undefined;
    const belongs = Buffer.from(this.idem(id, dayOf(idem))).equals(idem);
    return belongs ? { id, salt, body, source } : undefined;
  }

  /** Anything else that the file may not show. */
  seal(plain: Uint8Array): Uint8Array {
    return sealBox(plain, this.#boxKey);
  }

  open(box: Uint8Array): Uint8Array | undefined {
    return openBox(box, this.#boxKey);
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

  /** 16 bytes that stand for a device or a person in the index: the same each time, and nothing without the key. */
  pseudonym(domain: "device" | "person", name: string): Uint8Array {
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

  #hash(domain: string, secret: Uint8Array | string): Uint8Array {
    return createHmac("sha256", this.#indexKey).update(`${domain}\0`).update(secret).digest();
  }
}

function dayOf(idem: Uint8Array): number {
  return new DataView(idem.buffer, idem.byteOffset).getInt32(0);
}

/** Makes the keyed-hash key of a new journal. @returns the key in a box, to be kept in the file. */
export function newIndexKey(boxKey: Uint8Array): Uint8Array {
  return sealBox(randomBytes(32), boxKey);
}

/** @throws JOURNAL_KEY_WRONG where the box does not open with this key. */
export function openVault(boxKey: Uint8Array, indexKeyBox: Uint8Array): Vault {
  const indexKey = openBox(indexKeyBox, boxKey);
  if (indexKey === undefined) throw errors.JOURNAL_KEY_WRONG();
  return new Vault(boxKey, indexKey);
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
