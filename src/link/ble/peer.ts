/** One known device over all its connections: what is known of it, and how it behaved. */
import type { BleDriver } from "../../driver/define.ts";
import type { DriverRegistry } from "../../driver/registry.ts";
import type { VigieError } from "../../errors/error.ts";
import { say, verbatim } from "../../errors/sentence.ts";
import type { Device } from "../../measure/measurement.ts";
import { errors } from "./errors.ts";
import type { BluezObjects, DeviceObject } from "./objects.ts";
import { isAuthenticationFailure } from "./refusal.ts";
import { Backoff, type Range } from "./timing.ts";

/** A device that the box knows (enrolled): the only ones that are read. */
export interface KnownDevice {
  readonly device: Device;
  /** The id of its driver, where it was chosen; else what the device shows decides. */
  readonly driver?: string;
}

/**
 * Two refusals for want of keys mean a lost bond (device "Paired", authentication failed twice). A link that breaks
 * before it is usable may be a lost bond or a bad radio: it takes six of them.
 */
const SUSPICION = { refused: 3, broken: 1, lost: 6 };

function suspicion(error: VigieError): number {
  if (isAuthenticationFailure(error)) return SUSPICION.refused;
  return error.code === "BLE_CONNECT_FAILED" || error.code === "BLE_LINK_DROPPED" ? SUSPICION.broken : 0;
}

export class Peer {
  /** Its facts; they grow when its Device Information is read. */
  device: Device;
  readonly backoff: Backoff;
  /** It failed a moment ago and is left alone until its back-off is over. */
  resting = false;
  /** Its Device Information was read since the gateway started. */
  informed = false;
  /** How many values it has given since the gateway started. */
  values = 0;
  readonly #known: KnownDevice;
  readonly #pinned: BleDriver | undefined;
  readonly #drivers: DriverRegistry;
  #suspicion = 0;

  /** @throws DRIVER_UNKNOWN; BLE_NO_DRIVER where the driver is one of a serial device. */
  constructor(known: KnownDevice, drivers: DriverRegistry, retry: Range) {
    this.device = known.device;
    this.#known = known;
    this.backoff = new Backoff(retry);
    this.#drivers = drivers;
    const pinned = known.driver === undefined ? undefined : drivers.get(known.driver);
    if (pinned?.transport === "serial")
      throw errors.BLE_NO_DRIVER({
        found: verbatim(pinned.id),
        expected: say("un pilote Bluetooth", "a Bluetooth driver"),
      });
    this.#pinned = pinned;
  }

  /** This peer, where what is known of its device now asks for no other one. */
  stays({ driver, device }: KnownDevice): this | undefined {
    return driver === this.#known.driver && device.name === this.#known.device.name ? this : undefined;
  }

  /** The driver that reads it, by what it advertises and offers as far as BlueZ knows now. */
  driver(objects: BluezObjects, path: string): BleDriver | undefined {
    if (this.#pinned !== undefined) return this.#pinned;
    const object = objects.device(path);
    if (object === undefined) return undefined;
    const offered = objects.characteristics(path).flatMap(({ service }) => service ?? []);
    const name = object.name ?? this.device.name;
    return this.#drivers.match({ services: [...object.services, ...offered], ...(name === undefined ? {} : { name }) });
  }

  /** Its facts, with the name that BlueZ knows it by where nobody gave one. */
  facts({ name }: DeviceObject): Device {
    return name === undefined ? this.device : { name, ...this.device };
  }

  succeeded(): void {
    this.backoff.reset();
    this.#suspicion = 0;
  }

  /** @returns whether this failure makes it known that a bonded device has lost its bond; true once, until it succeeds. */
  failed(error: VigieError): boolean {
    const before = this.#suspicion;
    this.#suspicion += suspicion(error);
    return before < SUSPICION.lost && this.#suspicion >= SUSPICION.lost;
  }
}
