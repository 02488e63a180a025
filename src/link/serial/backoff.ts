import { setTimeout } from "node:timers/promises";
import { type Milliseconds, ms } from "../../measure/time.ts";

/** Resolves after a while, or as soon as the signal aborts. Never rejects. */
export type Sleep = (duration: Milliseconds, signal: AbortSignal) => Promise<void>;

export const sleep: Sleep = async (duration, signal) => {
  await setTimeout(duration, undefined, { signal }).catch(() => undefined); // rejects only when aborted
};

/**
 * 1, 2, 4, 8, 16, 30, 30 … s. A plug that is pushed back in is found within half a minute, and a port that is gone costs
 * two system calls in that time. No jitter: one gateway opens one port.
 * @param failures how many there were before, 0 for the first wait.
 */
export function backoff(failures: number): Milliseconds {
  return ms(Math.min(1_000 * 2 ** failures, 30_000));
}
