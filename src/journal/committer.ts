/**
 * Group commit without a timer: whatever arrives while one segment is being signed and fsynced makes the next one. Alone,
 * a reading waits for nobody; in a flood, hundreds share one signature and one fsync. Cursors ride along: each fsync of their
 * own would be one more that the readings behind it wait for.
 */
import { MAX_RECORDS } from "../seal/segment.ts";
import type { Cursor } from "./cursors.ts";
import type { Entry } from "./entry.ts";
import { Pace } from "./pace.ts";
import type { Appended } from "./port.ts";

interface Waiting<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

interface WaitingEntry extends Waiting<Appended> {
  /** What makes it, until it is made. */
  entry: Entry | (() => Entry);
  /** A change of key stands alone in its segment. */
  readonly isAlone: boolean;
}

interface WaitingCursor extends Waiting<void> {
  readonly cursor: Cursor;
}

/** To hash and box a small body takes 20 µs, to pack a bundle too 60: one to four milliseconds of each turn of the event loop. */
const MADE_AT_ONCE = 64;

/** One transaction: a segment of 0 to MAX_RECORDS entries, and cursors. @returns an answer for each entry, in their order. */
export type Commit = (entries: readonly Entry[], cursors: readonly Cursor[]) => Promise<readonly Appended[]>;

export class Committer {
  readonly #commit: Commit;
  readonly #pace = new Pace(MADE_AT_ONCE);
  #waiting: WaitingEntry[] = [];
  #riding: WaitingCursor[] = [];
  #running: Promise<void> | undefined;
  #newest: Promise<unknown> = Promise.resolve();

  constructor(commit: Commit) {
    this.#commit = commit;
  }

  /** @param make the entry: at once, while the segment before it is on its way to the disk; of a flood, some in each turn. */
  append(make: () => Entry, isAlone = false): Promise<Appended> {
    const appended = new Promise<Appended>((resolve, reject) => {
      this.#waiting.push({ entry: this.#pace.take() ? make() : make, isAlone, resolve, reject });
    });
    this.#newest = appended;
    this.#running ??= this.#drain();
    return appended;
  }

  /** Moves a cursor, with the next segment where one is waiting. */
  move(cursor: Cursor): Promise<void> {
    const moved = new Promise<void>((resolve, reject) => {
      this.#riding.push({ cursor, resolve, reject });
    });
    this.#running ??= this.#drain();
    return moved;
  }

  /** Resolves when all that was appended until now is durable, or refused. */
  async settled(): Promise<void> {
    // Whoever appended it is told of a refusal.
    await this.#newest.catch(() => undefined);
  }

  /** Resolves when nothing is waiting any more. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #drain(): Promise<void> {
    // One turn of the event loop: all that one packet or one tick brought goes into the same segment.
    await Promise.resolve();
    while (this.#waiting.length + this.#riding.length > 0) {
      const batch = await this.#made(this.#waiting.splice(0, this.#batchSize()));
      const riders = this.#riding.splice(0);
      try {
        const appended = await this.#commit(
          batch.map(({ entry }) => entry),
          riders.map(({ cursor }) => cursor),
        );
        for (const [index, { resolve, reject }] of batch.entries()) {
          const answer = appended[index];
          if (answer === undefined) reject(new RangeError("the commit answered for fewer entries than it was given"));
          else resolve(answer);
        }
        for (const { resolve } of riders) resolve();
      } catch (error) {
        for (const { reject } of [...batch, ...riders]) reject(error);
      }
    }
    this.#running = undefined;
  }

  /** Those that could be made; the others are refused. */
  async #made(batch: readonly WaitingEntry[]): Promise<readonly (Waiting<Appended> & { readonly entry: Entry })[]> {
    const made: (Waiting<Appended> & { readonly entry: Entry })[] = [];
    for (const { entry, resolve, reject } of batch) {
      if (typeof entry !== "function") made.push({ entry, resolve, reject });
      else {
        await this.#pace.wait();
        try {
          made.push({ entry: entry(), resolve, reject });
        } catch (error) {
          reject(error);
        }
      }
    }
    return made;
  }

  /** What stands alone ends the batch before it, and is one itself. */
  #batchSize(): number {
    const next = this.#waiting.slice(0, MAX_RECORDS);
    const alone = next.findIndex(({ isAlone }) => isAlone);
    return alone < 0 ? next.length : Math.max(1, alone);
  }
}
