import type { Milliseconds } from "../../measure/time.ts";

/** A frame and when it arrived, on the monotonic clock. */
export interface Heard {
  readonly bytes: Uint8Array;
  readonly at: Milliseconds;
}

/**
 * Whether a device in stream mode says again what it has just said, so that both are one measure.
 *
 * `previous` is the frame that arrived last, whatever it was: an unsettled weight, zero or noise between two equal readings
 * makes them two. It is also a repeat itself where it was one, so that somebody who stands on a scale for a minute is weighed
 * once. Two residents of the same weight are never taken for one: a scale in stream mode shows the empty platform between
 * them, and in print mode they cannot change places within `withinMs`.
 */
export function isRepeat(previous: Heard | undefined, next: Heard, withinMs: number): boolean {
  return (
    previous !== undefined &&
    next.at - previous.at <= withinMs &&
    next.bytes.length === previous.bytes.length &&
    next.bytes.every((byte, index) => byte === previous.bytes[index])
  );
}
