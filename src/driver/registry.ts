import { say, verbatim } from "../errors/sentence.ts";
import type { BleDriver, Driver, SerialDriver } from "./define.ts";
import { errors } from "./errors.ts";

/** What a device shows before it is connected. */
export interface Advertisement {
  readonly services: readonly number[];
  readonly name?: string;
}

/** All drivers, ordered so that the same device always finds the same one. */
export class DriverRegistry {
  /** Highest priority first. */
  readonly all: readonly Driver[];
  readonly #byId: ReadonlyMap<string, Driver>;

  /** @throws DRIVER_CONFLICT where an id or a priority is used twice. */
  constructor(drivers: readonly Driver[]) {
    this.all = [...drivers].sort((a, b) => b.priority - a.priority);
    this.#byId = new Map(drivers.map((driver) => [driver.id, driver]));
    if (this.#byId.size !== drivers.length)
      throw errors.DRIVER_CONFLICT({ found: say("deux fois le même identifiant", "an id twice") });
    const priorities = new Set(drivers.map((driver) => driver.priority));
    if (priorities.size !== drivers.length)
      throw errors.DRIVER_CONFLICT({ found: say("deux fois la même priorité", "a priority twice") });
  }

  get ble(): readonly BleDriver[] {
    return this.all.filter((driver) => driver.transport === "ble");
  }

  /** @throws DRIVER_UNKNOWN */
  get(id: string): Driver {
    const driver = this.#byId.get(id);
    if (driver === undefined) {
      throw errors.DRIVER_UNKNOWN({
        found: verbatim(id),
        expected: verbatim(this.all.map((known) => known.id).join(", ")),
      });
    }
    return driver;
  }

  /** @throws DRIVER_UNKNOWN also where it is the driver of a Bluetooth device. */
  serial(id: string): SerialDriver {
    const driver = this.get(id);
    if (driver.transport === "serial") return driver;
    throw errors.DRIVER_UNKNOWN({
      found: say(`${id}, pour ${driver.transport}`, `${id}, for ${driver.transport}`),
      expected: say("un pilote série", "a serial driver"),
    });
  }

  /** The driver for what a device shows, or undefined. */
  match(advertisement: Advertisement): BleDriver | undefined {
    return this.ble.find(
      ({ match }) =>
        match.services.some((service) => advertisement.services.includes(service)) &&
        (match.name === undefined || match.name.test(advertisement.name ?? "")),
    );
  }
}
