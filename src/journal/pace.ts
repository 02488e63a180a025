/**
 * So much of a work in each turn of the event loop, and no more: what devices and links have to say comes in between.
 */
import { setImmediate } from "node:timers/promises";

export class Pace {
  readonly #share: number;
  #left: number;
  #next: Promise<void> | undefined;

  /** @param share how many times a turn. */
  constructor(share: number) {
    this.#share = share;
    this.#left = share;
  }

  /** @returns false where this turn's share is used up. */
  take(): boolean {
    if (this.#left === 0) return false;
    this.#next ??= this.#renew();
    this.#left -= 1;
    return true;
  }

  /** Resolves when it is this one's turn. */
  async wait(): Promise<void> {
    while (!this.take()) await this.#next;
  }

  async #renew(): Promise<void> {
    await setImmediate();
    this.#left = this.#share;
    this.#next = undefined;
  }
}
