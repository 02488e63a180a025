/**
 * Group commit without a timer: whatever arrives while one segment is being signed and fsynced makes the next one. Alone,
 * a reading waits for nobody; in a flood, hundreds share one signature and one fsync.
 */
import { MAX_RECORDS } from "../seal/segment.ts";
import type { Entry } from "./entry.ts";
import type { Appended } from "./port.ts";

interface Waiting {
  readonly entry: Entry;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

export class Committer {
  readonly #commit: (entries: readonly Entry[]) => Promise<readonly Appended[]>;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #newest: Promise<unknown> = Promise.resolve();

  /** @param commit makes one segment of 1 to MAX_RECORDS entries durable, and answers in their order. */
  constructor(commit: (entries: readonly Entry[]) => Promise<readonly Appended[]>) {
    this.#commit = commit;
  }

  append(entry: Entry): Promise<Appended> {
    const appended = new Promise<Appended>((resolve, reject) => {
      this.#waiting.push({ entry, resolve, reject });
      this.#running ??= this.#drain();
    });
    this.#newest = appended;
    return appended;
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
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#batchSize());
      try {
        const appended = await this.#commit(batch.map(({ entry }) => entry));
        for (const [index, { resolve, reject }] of batch.entries()) {
          const answer = appended[index];
          if (answer === undefined) reject(new RangeError("the commit answered for fewer entries than it was given"));
          else resolve(answer);
        }
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#running = undefined;
  }

  /** A change of key stands alone in its segment: it ends the batch before it, and is one itself. */
  #batchSize(): number {
    const next = this.#waiting.slice(0, MAX_RECORDS);
    const alone = next.findIndex(({ entry }) => entry.next !== undefined);
    return alone < 0 ? next.length : Math.max(1, alone);
  }
}
