import { type Milliseconds, ms } from "../../measure/time.ts";

/** How long things may take. A test shortens them. */
export interface Timing {
  /** An answer of BlueZ. */
  readonly call: Milliseconds;
  /** A Connect to a device that was just heard. */
  readonly connect: Milliseconds;
  /** From connected until BlueZ has found the device's services. */
  readonly resolve: Milliseconds;
  /** From services resolved until their objects are there (BlueZ issue 1489), and for a value whose object is not. */
  readonly objects: Milliseconds;
  /** From the beginning of a search until somebody has picked a device. */
  readonly enrol: Milliseconds;
  /** Until a device whose old bond was removed is heard again. */
  readonly rediscover: Milliseconds;
  /** A pairing, with whoever reads a number and types it. */
  readonly pair: Milliseconds;
  /** First and longest wait: after a failed connection, for a bus or a scan that is not there, for a journal that is closed. */
  readonly retryDevice: Range;
  readonly retryBus: Range;
  readonly retryIntake: Range;
}

export interface Range {
  readonly first: Milliseconds;
  readonly last: Milliseconds;
}

export const defaultTiming: Timing = {
  // An ATT operation may take 30 s (Core Vol 3 Part F §3.3.3), a device stays connected 10 to 60 s: 10 s leave time for
  // the next step.
  call: ms(10_000),
  // BlueZ itself gives up after 40 s; a device that was just heard answers within a few advertisements or is gone.
  connect: ms(20_000),
  resolve: ms(30_000),
  objects: ms(3_000),
  // A technician walks to the cuff and back. Cuffs leave their pairing mode after one to two minutes.
  enrol: ms(300_000),
  // A device in pairing mode advertises at least once a second; in a crowd of them one in three is heard.
  rediscover: ms(15_000),
  // To connect takes 20 s at most, and either side gives up 30 s after the other's last word (Core Vol 3 Part H §3.4).
  pair: ms(60_000),
  // 1 s, 2 s, … 5 min: a cuff is used twice a day, and is heard again each time.
  retryDevice: { first: ms(1_000), last: ms(300_000) },
  retryBus: { first: ms(500), last: ms(30_000) },
  retryIntake: { first: ms(500), last: ms(30_000) },
};

/** Waits that double from the first to the longest. */
export class Backoff {
  readonly #range: Range;
  #next: Milliseconds;

  constructor(range: Range) {
    this.#range = range;
    this.#next = range.first;
  }

  next(): Milliseconds {
    const wait = this.#next;
    this.#next = ms(Math.min(wait * 2, this.#range.last));
    return wait;
  }

  reset(): void {
    this.#next = this.#range.first;
  }
}
