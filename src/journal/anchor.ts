/**
 * Watches the wall clock against the monotonic one, and appends an anchor when what it says of the past changes: when it
 * becomes trusted, and when it jumps. With it a receiver can date again what came before (src/seal/redate.ts).
 */
import { randomBytes } from "node:crypto";
import type { Clock, Instant } from "../measure/time.ts";
import { RecordKind } from "../seal/record.ts";
import type { ClockAnchor } from "../seal/redate.ts";
import type { JournalWriter } from "./port.ts";

/** Waiting, as something that a test can do without time passing. */
export interface Timers {
  /** Calls back once, after so many milliseconds. @returns what cancels it. */
  after(ms: number, callback: () => void): () => void;
}

export interface ClockWatchOptions {
  /** An anchor that could not be appended (a full disk, say). It is tried again at the next look. */
  readonly onFailed?: (error: unknown) => void;
}

/** A clock that is stepped every second gives six anchors a minute, not sixty: the journal is no place for a bad clock. */
const LOOK_EVERY_MS = 10_000;
/** NTP slews what is less than 128 ms and steps the rest; a few seconds are a hand, or a source of time that came back. */
const JUMP_MS = 3_000;

/** Looks at once, and every 10 s. @returns a function that stops it, and resolves when the last anchor is written. */
export function watchClock(
  journal: JournalWriter,
  clock: Clock,
  timers: Timers,
  options: ClockWatchOptions = {},
): () => Promise<void> {
  let last: Instant | undefined;
  let writing: Promise<void> = Promise.resolve();
  let isStopped = false;
  let cancel: () => void = () => {};

  async function look(): Promise<void> {
    const now = clock.now();
    if (!isNews(last, now)) return;
    try {
      await journal.append({ kind: RecordKind.event, id: randomBytes(16), body: bodyOf(now) });
      last = now;
    } catch (error) {
      options.onFailed?.(error);
    }
  }

  function next(): void {
    writing = look().then(() => {
      if (!isStopped) cancel = timers.after(LOOK_EVERY_MS, next);
    });
  }

  next();
  return async () => {
    isStopped = true;
    cancel();
    await writing;
  };
}

/** Whether an anchor is due: the first trusted moment, trust that came or went, or a jump since the last anchor. */
function isNews(last: Instant | undefined, now: Instant): boolean {
  if (last === undefined || last.bootId !== now.bootId) return now.synchronised;
  if (last.synchronised !== now.synchronised) return true;
  const drift = now.wall - last.wall - (now.monotonic - last.monotonic);
  return Math.abs(drift) > JUMP_MS;
}

function bodyOf({ bootId, monotonic, wall, synchronised }: Instant): Uint8Array {
  const anchor: ClockAnchor = {
    type: "clock-anchor",
    bootId,
    monotonicMs: Math.floor(monotonic),
    wallMs: wall,
    synchronised,
  };
  return Buffer.from(JSON.stringify(anchor));
}
