/**
 * Group commit without a timer: whatever arrives while one segment is being signed and fsynced makes the next one. Alone,
 * a reading waits for nobody; in a flood, hundreds share one signature and one fsync. Cursors ride along: each fsync of their
 * own would be one more that the readings behind it wait for.
 */
import { MAX_RECORDS } from "../seal/segment.ts";
import type { Cursor } from "./cursors.ts";
import type { Entry } from "./entry.ts";
import type { Appended } from "./port.ts";

interface Waiting<Thing, Answer> {
  readonly thing: Thing;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** One transaction: a segment of 0 to MAX_RECORDS entries, and cursors. @returns an answer for each entry, in their order. */
export type Commit = (entries: readonly Entry[], cursors: readonly Cursor[]) => Promise<readonly Appended[]>;

export class Committer {
  readonly #commit: Commit;
  #waiting: Waiting<Entry, Appended>[] = [];
  #riding: Waiting<Cursor, void>[] = [];
  #running: Promise<void> | undefined;
  #newest: Promise<unknown> = Promise.resolve();

  constructor(commit: Commit) {
    this.#commit = commit;
  }

  append(entry: Entry): Promise<Appended> {
    const appended = new Promise<Appended>((resolve, reject) => {
      this.#waiting.push({ thing: entry, resolve, reject });
    });
    this.#newest = appended;
    this.#running ??= this.#drain();
    return appended;
  }

  /** Moves a cursor, with the next segment where one is waiting. */
  move(cursor: Cursor): Promise<void> {
    const moved = new Promise<void>((resolve, reject) => {
      this.#riding.push({ thing: cursor, resolve, reject });
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
      const batch = this.#waiting.splice(0, this.#batchSize());
      const riders = this.#riding.splice(0);
      try {
        const appended = await this.#commit(
          batch.map(({ thing }) => thing),
          riders.map(({ thing }) => thing),
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

  /** A change of key stands alone in its segment: it ends the batch before it, and is one itself. */
  #batchSize(): number {
    const next = this.#waiting.slice(0, MAX_RECORDS);
    const alone = next.findIndex(({ thing }) => thing.next !== undefined);
    return alone < 0 ? next.length : Math.max(1, alone);
  }
}
