/** Random numbers that come back: the seed is printed, and `SEED=…` in the environment repeats it. */
import { randomInt } from "node:crypto";

export const seed = process.env["SEED"] === undefined ? randomInt(2 ** 31) : Number(process.env["SEED"]);

export interface Random {
  /** 0 ≤ x < 1 */
  next(): number;
  /** 0 ≤ n < below, whole. */
  below(below: number): number;
}

/** mulberry32: 32 bits of state, period 2^32, enough to choose some thousand instants. */
export function randomFrom(start: number): Random {
  let state = start >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { next, below: (below) => Math.floor(next() * below) };
}

/** @throws RangeError where there is nothing to choose from. */
export function pick<Item>(from: readonly Item[], random: Random): Item {
  const picked = from[random.below(from.length)];
  if (picked === undefined) throw new RangeError("nothing to choose from");
  return picked;
}
