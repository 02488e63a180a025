/**
 * From the link to intake. BlueZ has confirmed a value to its device before anybody here sees it, so the device may have
 * deleted it: what intake cannot take is kept in memory and offered again until it does.
 */
import { say, verbatim } from "../../errors/sentence.ts";
import type { Observe } from "../../events.ts";
import type { Frame, Intake } from "../../intake/port.ts";
import { errors } from "./errors.ts";
import { Backoff, type Range } from "./timing.ts";

/** 10 000 frames of at most 512 bytes: some 10 MB with their device facts, weeks of a nursing home's readings. */
const MOST_WAITING = 10_000;

export class Handover {
  readonly #intake: Intake;
  readonly #observe: Observe;
  readonly #backoff: Backoff;
  readonly #most: number;
  readonly #underWay = new Set<Promise<void>>();
  /** By order of arrival. */
  #waiting: { readonly order: number; readonly frame: Frame }[] = [];
  #order = 0;
  /** The journal's refusal was told; once until all is handed over again. */
  #told = false;
  #timer: NodeJS.Timeout | undefined;
  #lost = 0;

  constructor(intake: Intake, observe: Observe, retry: Range, most = MOST_WAITING) {
    this.#intake = intake;
    this.#observe = observe;
    this.#backoff = new Backoff(retry);
    this.#most = most;
  }

  /** Offers a frame at once; behind the frames of the same device that wait already, so that their order stays. */
  give(frame: Frame): void {
    this.#order += 1;
    const entry = { order: this.#order, frame };
    const behind = this.#waiting.some(({ frame: { device } }) => device.address === frame.device.address);
    if (behind) this.#wait(entry);
    else this.#offer(entry);
  }

  /** Offers what waits once more, and tells what has to be given up. */
  async close(): Promise<void> {
    await Promise.all(this.#underWay);
    this.#offerAgain();
    await Promise.all(this.#underWay);
    clearTimeout(this.#timer);
    const count = this.#waiting.length;
    this.#waiting = [];
    if (count > 0) this.#observe({ type: "fault", error: errors.BLE_VALUES_LOST({ found: verbatim(count) }) });
  }

  #offer(entry: { readonly order: number; readonly frame: Frame }): void {
    const offering = this.#take(entry.frame)
      .catch((cause: unknown) => this.#wait(entry, cause))
      .finally(() => this.#underWay.delete(offering));
    this.#underWay.add(offering);
  }

  async #take(frame: Frame): Promise<void> {
    await this.#intake.take(frame);
    if (this.#waiting.length > 0) return;
    this.#backoff.reset();
    this.#told = false;
  }

  #wait(entry: { readonly order: number; readonly frame: Frame }, cause?: unknown): void {
    if (this.#waiting.length >= this.#most) {
      this.#lost += 1;
      this.#observe({
        type: "fault",
        error: errors.BLE_VALUES_LOST({
          found: verbatim(this.#lost),
          expected: say(`${this.#most} en attente au plus`, `at most ${this.#most} waiting`),
        }),
      });
      return;
    }
    this.#waiting.push(entry);
    if (!this.#told) this.#observe({ type: "fault", error: errors.BLE_VALUE_WAITING({ cause }) });
    this.#told = true;
    this.#timer ??= setTimeout(() => this.#offerAgain(), this.#backoff.next());
  }

  #offerAgain(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const entries = this.#waiting.sort((a, b) => a.order - b.order);
    this.#waiting = [];
    for (const entry of entries) this.#offer(entry);
  }
}
