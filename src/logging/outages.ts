/**
 * What stays dead is told of once when it has lasted, and once when it is back; an outage of a month is two lines. Back is
 * what stays: a broker that answers where nobody listens behind it is connected and lost again at every attempt.
 */
import type { Timers } from "../delivery/timers.ts";
import type { Clock } from "../measure/time.ts";
import type { Facts, Log } from "./log.ts";

const MINUTE_MS = 60_000;

/**
 * A box or a broker that restarts is back within 5 min, and so is the longest wait between two attempts
 * (delivery/backoff.ts): twice that is nobody's restart any more.
 */
export const LASTING_MS = 10 * MINUTE_MS;

/** A receipt is given up after 60 s (delivery/mqtt/destination.ts): what has stood for longer works. */
export const SETTLED_MS = 2 * MINUTE_MS;

/** What is known of one destination or link. Times are monotonic, ms: setting the clock makes no outage longer. */
interface Standing {
  /** The lines since it last stood well: one that was told already is no news. */
  readonly lines: Set<string>;
  outage?: { readonly since: number; facts: Facts; isTold: boolean; readonly cancel: () => void };
  /** It is back, and has yet to stay. */
  settling?: { readonly at: number; readonly facts: Facts; readonly cancel: () => void };
}

/** Both lines are warnings: who reads warnings alone learns of the end as well. */
export class Outages implements Disposable {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #standings = new Map<string, Standing>();

  constructor(log: Log, clock: Clock, timers: Timers) {
    this.#log = log;
    this.#clock = clock;
    this.#timers = timers;
  }

  /** Whether this line was not told since it last stood well. */
  isNews(name: string, line: string): boolean {
    const { lines } = this.#of(name);
    const isNews = !lines.has(line);
    lines.add(line);
    return isNews;
  }

  /** @param facts of the trouble; the latest are told. */
  away(name: string, facts: Facts): void {
    const standing = this.#of(name);
    standing.settling?.cancel();
    delete standing.settling;
    if (standing.outage === undefined) {
      const since = this.#clock.now().monotonic;
      const cancel = this.#timers.after(LASTING_MS, () => this.#tellIfLasting(name, standing));
      standing.outage = { since, facts, isTold: false, cancel };
    } else {
      standing.outage.facts = facts;
      this.#tellIfLasting(name, standing);
    }
  }

  back(name: string, facts: Facts): void {
    const standing = this.#of(name);
    if (standing.outage === undefined) standing.lines.clear();
    if (standing.outage === undefined || standing.settling !== undefined) return;
    const cancel = this.#timers.after(SETTLED_MS, () => this.settled(name));
    standing.settling = { at: this.#clock.now().monotonic, facts, cancel };
  }

  /** It works: it has stood for a while, or has done what it is for. */
  settled(name: string): void {
    const standing = this.#standings.get(name);
    if (standing?.settling === undefined) return;
    const { outage, settling } = standing;
    this.forget(name);
    if (outage?.isTold !== true) return;
    this.#log.warn(`${name} back`, { ...settling.facts, minutes: minutes(settling.at - outage.since) });
  }

  /** Nobody waits for it any more. */
  forget(name: string): void {
    const standing = this.#standings.get(name);
    standing?.outage?.cancel();
    standing?.settling?.cancel();
    this.#standings.delete(name);
  }

  [Symbol.dispose](): void {
    for (const name of this.#standings.keys()) this.forget(name);
  }

  #tellIfLasting(name: string, { outage, settling }: Standing): void {
    if (outage === undefined || outage.isTold || settling !== undefined) return;
    const lasted = this.#clock.now().monotonic - outage.since;
    if (lasted < LASTING_MS) return;
    outage.isTold = true;
    this.#log.warn(`${name} still away`, { ...outage.facts, minutes: minutes(lasted) });
  }

  #of(name: string): Standing {
    const known = this.#standings.get(name) ?? { lines: new Set() };
    this.#standings.set(name, known);
    return known;
  }
}

const minutes = (ms: number): number => Math.round(ms / MINUTE_MS);
