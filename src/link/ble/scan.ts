/** Discovery on one adapter: brought to what is wanted, one call at a time, again after a failure. */
import type { Observe } from "../../events.ts";
import type { Adapter } from "./bus.ts";
import { errors } from "./errors.ts";
import { saidBy } from "./refusal.ts";
import { Backoff, type Range } from "./timing.ts";

/** Devices that our drivers read, or whatever is near; undefined: none. */
export type Scope = "readable" | "all" | undefined;

export class Scan {
  readonly #adapter: Adapter;
  readonly #discovering: () => boolean;
  readonly #uuids: readonly string[];
  readonly #observe: Observe;
  readonly #backoff: Backoff;
  #wanted: Scope;
  #running: Scope;
  #closed = false;
  #steering: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param discovering what the adapter itself says */
  constructor(adapter: Adapter, discovering: () => boolean, uuids: readonly string[], retry: Range, observe: Observe) {
    this.#adapter = adapter;
    this.#discovering = discovering;
    this.#uuids = uuids;
    this.#backoff = new Backoff(retry);
    this.#observe = observe;
  }

  get running(): boolean {
    return this.#running !== undefined;
  }

  /** Resolves when the scan is as wanted, or could not be brought there (which is told, and tried again). */
  async aim(wanted: Scope): Promise<void> {
    this.#wanted = wanted;
    if (!this.#closed && wanted !== this.#running) this.#steering ??= this.#steer();
    await this.#steering;
  }

  /** The adapter says that it scans no more. It may be late word of a stop of ours: it is asked again in a while. */
  lost(): void {
    if (this.running) this.#retry();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** Leaves no moment between its last look at what is wanted and its being over. */
  async #steer(): Promise<void> {
    while (!this.#closed && this.#wanted !== this.#running) {
      // A scan keeps the filter that it began with.
      if (!(await (this.running ? this.#stop() : this.#start()))) break;
    }
    this.#steering = undefined;
  }

  async #start(): Promise<boolean> {
    try {
      const scope = this.#wanted;
      await this.#adapter.startDiscovery(scope === "all" ? undefined : this.#uuids);
      this.#running = scope;
      this.#backoff.reset();
      return true;
    } catch (cause) {
      if (this.#closed) return false;
      this.#observe({ type: "fault", error: errors.BLE_DISCOVERY_FAILED({ found: saidBy(cause), cause }) });
      this.#retry();
      return false;
    }
  }

  /** A scan that cannot be stopped has ended by itself or with its adapter. */
  async #stop(): Promise<boolean> {
    this.#running = undefined;
    await this.#adapter.stopDiscovery().catch(() => undefined);
    return true;
  }

  #retry(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (!this.#discovering()) this.#running = undefined;
      void this.aim(this.#wanted);
    }, this.#backoff.next());
  }
}
