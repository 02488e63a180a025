/** A scale that sends garbage ten times a second says so once, and then once an hour how often. */
import type { Timers } from "../delivery/timers.ts";

const HOUR_MS = 60 * 60_000;

export class Sparing implements Disposable {
  readonly #timers: Timers;
  /** What is held back until its hour is over, and what lets it go. */
  readonly #kinds = new Map<string, { count: number; cancel: () => void }>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Tells at once what was not told within the hour; the others together at its end. @param tell how many it stands for. */
  tell(kind: string, tell: (times: number) => void): void {
    const held = this.#kinds.get(kind);
    if (held !== undefined) held.count += 1;
    else {
      tell(1);
      this.#hold(kind, tell);
    }
  }

  /** It is over: when it comes again, it is told at once. */
  forget(kind: string): void {
    this.#kinds.get(kind)?.cancel();
    this.#kinds.delete(kind);
  }

  [Symbol.dispose](): void {
    for (const { cancel } of this.#kinds.values()) cancel();
    this.#kinds.clear();
  }

  #hold(kind: string, tell: (times: number) => void): void {
    const held = {
      count: 0,
      cancel: this.#timers.after(HOUR_MS, () => {
        this.#kinds.delete(kind);
        if (held.count === 0) return;
        tell(held.count);
        this.#hold(kind, tell);
      }),
    };
    this.#kinds.set(kind, held);
  }
}
