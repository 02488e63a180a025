/**
 * From a PropertiesChanged signal to a frame. A value is taken whether or not this link asked for it: after a reconnect
 * bluetoothd subscribes by itself, and the first reading comes before anybody here did anything.
 */
import type { Observe } from "../../events.ts";
import type { Clock, Instant } from "../../measure/time.ts";
import { errors } from "./errors.ts";
import type { Handover } from "./handover.ts";
import { type BluezObjects, devicePathOf } from "./objects.ts";
import type { Peers } from "./peers.ts";
import type { Timing } from "./timing.ts";

export interface ValuesContext {
  readonly objects: BluezObjects;
  readonly peers: Pick<Peers, "get">;
  readonly handover: Handover;
  readonly clock: Clock;
  readonly timing: Timing;
  readonly observe: Observe;
  /** Asks BlueZ for all its objects again. Never rejects. */
  readonly refresh: () => Promise<void>;
}

interface Value {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly receivedAt: Instant;
}

/** What became of a value: given to intake, none of ours, or its object is not known yet. */
type Placed = "given" | "foreign" | "unknown";

export class Values {
  readonly #context: ValuesContext;
  /** Values whose objects BlueZ has not announced yet, by device path, in order of arrival. */
  readonly #parked = new Map<string, Value[]>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(context: ValuesContext) {
    this.#context = context;
  }

  /** Takes the new value of a characteristic. */
  take(path: string, bytes: Uint8Array): void {
    const value = { path, bytes, receivedAt: this.#context.clock.now() };
    const device = devicePathOf(path);
    if (device === undefined) return;
    const parked = this.#parked.get(device);
    if (parked !== undefined) parked.push(value);
    else if (this.#place(device, value) === "unknown") this.#park(device, value);
  }

  /** Looks again for the parked values: an object was announced. */
  settle(): void {
    for (const [device, values] of this.#parked) {
      while (values[0] !== undefined && this.#place(device, values[0]) !== "unknown") values.shift();
      if (values.length === 0) this.#parked.delete(device);
    }
  }

  /** Gives up what is parked, and says so. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const device of this.#parked.keys()) this.#giveUp(device);
  }

  #place(devicePath: string, { path, bytes, receivedAt }: Value): Placed {
    const { objects, peers, handover } = this.#context;
    const object = objects.device(devicePath);
    if (object === undefined) return "unknown";
    const peer = peers.get(object.address);
    if (peer === undefined) return "foreign";
    const characteristic = objects.characteristic(path);
    const driver = peer.driver(objects, devicePath);
    if (characteristic === undefined || driver === undefined) return "unknown";
    const { channel } = characteristic;
    if (channel === undefined || !driver.channels.has(channel)) return "foreign";
    peer.values += 1;
    handover.give({ driver, channel, device: peer.facts(object), receivedAt, bytes });
    return "given";
  }

  #park(device: string, value: Value): void {
    this.#parked.set(device, [value]);
    void this.#context.refresh();
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#context.refresh().then(() => this.#giveUp(device));
    }, this.#context.timing.objects);
    this.#timers.add(timer);
  }

  #giveUp(device: string): void {
    const values = this.#parked.get(device);
    this.#parked.delete(device);
    for (const _value of values ?? []) {
      this.#context.observe({ type: "fault", error: errors.BLE_VALUE_UNPLACED() });
    }
  }
}
