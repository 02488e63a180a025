/** cbor-x under the one frozen profile: integer keys, no floats, no records, shortest maps. Bytes signed are bytes sent. */
import { Encoder } from "cbor-x";
import { type Bounds, guard } from "./guard.ts";

const codec = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false, mapsAsObjects: false });

/** What our formats are made of. Integers from 2^32 on are BigInt, because cbor-x writes such Numbers as floats. */
export type Cbor = number | bigint | string | Uint8Array | boolean | null | readonly Cbor[] | ReadonlyMap<number, Cbor>;

export function encode(value: Cbor): Uint8Array {
  // cbor-x gives a view into a buffer that it writes on; what is kept is a copy.
  return Uint8Array.from(codec.encode(value));
}

/** Decodes one item that comes from outside. @throws Refused (./guard.ts) where it is not of our profile. */
export function decode(bytes: Uint8Array, bounds: Bounds): unknown {
  guard(bytes, bounds);
  return codec.decode(bytes);
}

/** Like decode(), for bytes whose fault nobody needs to be told. @returns undefined where they are not of our profile. */
export function tryDecode(bytes: Uint8Array, bounds: Bounds): unknown {
  try {
    return decode(bytes, bounds);
  } catch {
    // The guard refuses by throwing, and undefined is no value of the profile: it can only mean "refused".
    return undefined;
  }
}

/** An unsigned integer as the profile writes it. @throws RangeError where it is none. */
export function uint(value: number): number | bigint {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is no unsigned integer`);
  return value < 2 ** 32 ? value : BigInt(value);
}

export const isBytes = (value: unknown, length?: number): value is Uint8Array =>
  value instanceof Uint8Array && (length === undefined || value.length === length);

/** Reads an unsigned integer that the decoder gave as Number or, from 2^32 on, perhaps as BigInt. */
export function asUint(value: unknown): number | undefined {
  const number = typeof value === "bigint" ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}
