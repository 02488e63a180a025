/** COSE_Sign1 (RFC 9052 §4.2) with EdDSA, as every signed thing of Vigie has it. */
import { quoted, type Sentence, say } from "../errors/sentence.ts";
import { type Cbor, decode, encode, isBytes } from "./cbor.ts";
import { Refused } from "./guard.ts";
import type { KeyId, KeyRing, SigningKey } from "./key.ts";

/**
 * The one byte of tag 18, COSE_Sign1. It is set and taken off here: cbor-x keeps its tags in a registry that every package
 * of the process can write to, and other COSE libraries do.
 */
const COSE_SIGN1 = 0xd2;
const header = { algorithm: 1, contentType: 3, keyId: 4 } as const;
/** EdDSA (RFC 9053), and Ed25519 (RFC 9864), which takes its place: the first is written, both are read. */
const algorithms: readonly unknown[] = [-8, -19];

/** Why a signed thing is not believed. */
export type SealFault = "malformed" | "unknown-key" | "bad-signature";

export type Opened =
  | { readonly ok: true; readonly payload: Uint8Array; readonly kid: KeyId }
  | { readonly ok: false; readonly fault: SealFault; readonly because: Sentence };

/** Signs a payload. @param contentType the media type of the payload, which keeps a receipt from passing for a segment. */
export function sign1(payload: Uint8Array, contentType: string, key: SigningKey): Uint8Array {
  const signature = key.sign(toBeSigned(protectedHeaderOf(contentType, key.kid), payload));
  return assemble1({ payload, kid: key.kid, signature }, contentType);
}

/** What differs from one COSE_Sign1 of ours to the next. */
export interface Signed {
  readonly payload: Uint8Array;
  readonly kid: KeyId;
  /** 64 bytes. */
  readonly signature: Uint8Array;
}

/** The bytes that sign1() made of them. Whether the signature fits is not asked. */
export function assemble1({ payload, kid, signature }: Signed, contentType: string): Uint8Array {
  const parts = [protectedHeaderOf(contentType, kid), new Map<number, Cbor>(), payload, signature] as const;
  return Buffer.concat([Uint8Array.of(COSE_SIGN1), encode(parts)]);
}

function protectedHeaderOf(contentType: string, kid: KeyId): Uint8Array {
  return encode(
    new Map<number, Cbor>([
      [header.algorithm, -8],
      [header.contentType, contentType],
      [header.keyId, kid],
    ]),
  );
}

/** Verifies, over the bytes as they came: nothing is encoded anew but the four fields of the Sig_structure. */
export function open1(bytes: Uint8Array, contentType: string, keys: KeyRing, maxBytes: number): Opened {
  const read = read1(bytes, contentType, maxBytes);
  if (!read.ok) return read;
  const { protectedHeader, payload, signature, kid } = read;
  const key = keys(kid);
  if (key === undefined)
    return { ok: false, fault: "unknown-key", because: unknownKey(Buffer.from(kid).toString("hex")) };
  return key.verify(toBeSigned(protectedHeader, payload), signature)
    ? { ok: true, payload, kid }
    : {
        ok: false,
        fault: "bad-signature",
        because: say("la signature ne va pas avec les octets", "the signature does not fit the bytes"),
      };
}

type Malformed = Extract<Opened, { readonly ok: false }>;

/** Takes it apart. Nothing in it is believed yet. */
export function read1(
  bytes: Uint8Array,
  contentType: string,
  maxBytes: number,
): ({ readonly ok: true; readonly protectedHeader: Uint8Array } & Signed) | Malformed {
  try {
    if (bytes[0] !== COSE_SIGN1) return malformed(noCose);
    const parts = decode(bytes.subarray(1), { maxBytes, maxDepth: 3, tags: [] });
    if (!Array.isArray(parts) || parts.length !== 4) return malformed(noCose);
    const [protectedHeader, unprotectedHeader, payload, signature]: unknown[] = parts;
    if (!isBytes(protectedHeader) || !isBytes(payload) || !isBytes(signature, 64)) return malformed(noCose);
    if (!(unprotectedHeader instanceof Map) || unprotectedHeader.size > 0)
      return malformed(say("des en-têtes non protégés", "unprotected headers"));
    const headers = decode(protectedHeader, { maxBytes: 256, maxDepth: 2, tags: [] });
    if (!(headers instanceof Map)) return malformed(say("pas d'en-tête protégé", "no protected header"));
    if (!algorithms.includes(headers.get(header.algorithm)))
      return malformed(say("un autre algorithme qu'EdDSA", "another algorithm than EdDSA"));
    if (headers.get(header.contentType) !== contentType)
      return malformed(say(`un autre type que ${contentType}`, `another content type than ${contentType}`));
    const kid: unknown = headers.get(header.keyId);
    if (!isBytes(kid)) return malformed(say("pas d'identifiant de clé", "no key id"));
    return { ok: true, protectedHeader, payload, signature, kid };
  } catch (error) {
    // The guard refuses by throwing; cbor-x may still find fault with what the guard let through.
    if (error instanceof Refused) return malformed(error.because);
    return malformed(error instanceof Error ? quoted(error.message) : say("pas du CBOR", "not CBOR"));
  }
}

/** Sig_structure of RFC 9052 §4.4, with empty external data. */
function toBeSigned(protectedHeader: Uint8Array, payload: Uint8Array): Uint8Array {
  return encode(["Signature1", protectedHeader, new Uint8Array(), payload]);
}

const noCose = say("ce n'est pas un COSE_Sign1", "no COSE_Sign1");

const unknownKey = (kid: string) => say(`la clé ${kid} n'est pas connue`, `the key ${kid} is not known`);

const malformed = (because: Sentence): Malformed => ({ ok: false, fault: "malformed", because });
