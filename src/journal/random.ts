import { randomFillSync } from "node:crypto";

/** Random bytes are drawn by the pool: a call for 24 of them costs as much as one for thousands. */
const pool = new Uint8Array(8_192);
let left = 0;

/** @param length 1 to 8192 bytes, never given out twice. */
export function random(length: number): Uint8Array {
  if (length > left) {
    randomFillSync(pool);
    left = pool.length;
  }
  left -= length;
  return pool.slice(left, left + length);
}
