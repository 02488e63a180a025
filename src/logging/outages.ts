/** What stays dead is told of once when it has lasted, and once when it is back; an outage of a month is two lines. */
import type { Timers } from "../delivery/timers.ts";
import type { Clock } from "../measure/time.ts";
import type { Facts, Log } from "./log.ts";

const MINUTE_MS = 60_000;

/**
 * A box or a broker that restarts is back within 5 min, and so is the longest wait between two attempts
 * (delivery/backoff.ts): twice that is nobody's restart any more.
 */
export const LASTING_MS = 10 * MINUTE_MS;

interface Outage {
  /** Monotonic, ms: setting the time does not make an outage longer. */
  readonly since: number;
  facts: Facts;
  isTold: boolean;
  readonly cancel: () => void;
}

/** Both lines are warnings: who reads warnings alone learns of the end as well. */
export class Outages implements Disposable {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #away = new Map<string, Outage>();

  constructor(log: Log, clock: Clock, timers: Timers) {
    this.#log = log;
    this.#clock = clock;
    this.#timers = timers;
  }

  /** @param facts of the last trouble; those of the first are told where no other came. */
  away(name: string, facts: Facts): void {
    const known = this.#away.get(name);
    if (known !== undefined) {
      known.facts = facts;
      return;
    }
    const outage: Outage = {
      since: this.#clock.now().monotonic,
      facts,
      isTold: false,
      cancel: this.#timers.after(LASTING_MS, () => {
        outage.isTold = true;
        this.#log.warn(`${name} still away`, { ...outage.facts, minutes: this.#minutes(outage) });
      }),
    };
    this.#away.set(name, outage);
  }

  back(name: string, facts: Facts): void {
    const outage = this.#end(name);
    if (outage?.isTold === true) this.#log.warn(`${name} back`, { ...facts, minutes: this.#minutes(outage) });
  }

  /** Nobody waits for it any more. */
  forget(name: string): void {
    this.#end(name);
  }

  [Symbol.dispose](): void {
    for (const name of this.#away.keys()) this.#end(name);
  }

  #end(name: string): Outage | undefined {
    const outage = this.#away.get(name);
    outage?.cancel();
    this.#away.delete(name);
    return outage;
  }

  #minutes({ since }: Outage): number {
    return Math.round((this.#clock.now().monotonic - since) / MINUTE_MS);
  }
}
