/** How a body is packed for the way. The digest is over the body itself, so that another packing changes nothing sealed. */

export const Encoding = { plain: 0 } as const;
export type Encoding = (typeof Encoding)[keyof typeof Encoding];

/** @returns undefined where the encoding is not known here, or the bytes are not of it. */
export function unpack(encoding: number, packed: Uint8Array): Uint8Array | undefined {
  return encoding === Encoding.plain ? packed : undefined;
}
