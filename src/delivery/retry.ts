/** Attempts, one after the other, for ever, with waits between them. */
import type { VigieError } from "../errors/error.ts";
import { backoff, type Pace, SPREAD_AFTER_LOSS_MS } from "./backoff.ts";
import type { Timers } from "./timers.ts";
import { paceOf } from "./trouble.ts";

/** How one attempt ended. */
export interface Ending {
  readonly reason: VigieError;
  /** Whether the connection had stood and worked: then it is a new trouble, not the old one going on. */
  readonly stood: boolean;
  /** The other side named a time before which it wants nothing (Retry-After), milliseconds from now. */
  readonly notBeforeMs?: number;
}

/** Nobody's Retry-After keeps us away for longer: whoever is overloaded by one attempt an hour says so again. */
const LONGEST_NOT_BEFORE_MS = 60 * 60_000;

export interface RetryParts {
  readonly timers: Timers;
  /** In [0, 1). */
  readonly random: () => number;
  /** An attempt ended; the next one comes later. */
  readonly waiting: (reason: VigieError, pace: Pace) => void;
  /** Never waits longer than this, whatever the back-off says. */
  readonly longestMs?: number;
  /** After the loss of a connection that stood, the next attempt comes anywhere within this. */
  readonly spreadMs?: number;
}

/** Goes on until the signal says stop. Waits are those of ./backoff.ts. */
export async function keepTrying(
  attempt: (stop: AbortSignal) => Promise<Ending>,
  { timers, random, waiting, longestMs = Number.POSITIVE_INFINITY, spreadMs = SPREAD_AFTER_LOSS_MS }: RetryParts,
  stop: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!stop.aborted) {
    const { reason, stood, notBeforeMs = 0 } = await attempt(stop);
    if (stop.aborted) return;
    const pace = paceOf(reason);
    failures = stood ? 0 : failures + 1;
    waiting(reason, pace);
    const wait =
      failures === 0 && pace === "network" ? random() * spreadMs : backoff(Math.max(1, failures), pace, random);
    const earliest = Math.min(notBeforeMs, LONGEST_NOT_BEFORE_MS);
    // The jitter comes on top: everybody was told the same time.
    await pause(Math.min(earliest > 0 ? earliest + wait : wait, longestMs), timers, stop);
  }
}

function pause(ms: number, timers: Timers, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      stop.removeEventListener("abort", done);
      resolve();
    };
    const cancel = timers.after(ms, done);
    stop.addEventListener("abort", done);
    if (stop.aborted) done();
  });
}
