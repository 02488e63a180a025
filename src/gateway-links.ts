/** Where readings come in: links opened from the configuration, and kept in line with the devices of the registry. */
import { readNamedText } from "./config/named-file.ts";
import type { GatewayConfig } from "./config/schema.ts";
import { systemBusAddress } from "./config/system-bus.ts";
import { errors as controlErrors } from "./control/errors.ts";
import type { LineSettings, SerialDriver } from "./driver/define.ts";
import type { DriverRegistry } from "./driver/registry.ts";
import { isVigieError } from "./errors/error.ts";
import type { Observe } from "./events.ts";
import type { Intake } from "./intake/port.ts";
import type { BleLink } from "./link/ble/link.ts";
import type { BadgeReader, Radio } from "./link/port.ts";
import type { Device } from "./measure/measurement.ts";
import type { Clock } from "./measure/time.ts";
import { showBadge } from "./registry/badges.ts";
import { errors as registryErrors } from "./registry/errors.ts";
import type { SessionBook } from "./registry/sessions.ts";
import { type KnownDevice, lineOf, transportOf } from "./registry/shape.ts";
import type { RegistryStore } from "./registry/store.ts";

export interface LinkParts {
  readonly config: Pick<GatewayConfig, "gateway" | "links">;
  readonly drivers: DriverRegistry;
  readonly registry: Pick<RegistryStore, "state" | "watch">;
  /** What badges open and close. */
  readonly sessions: SessionBook;
  readonly intake: Intake;
  readonly clock: Clock;
  readonly observe: Observe;
  /** How often a simulated scenario is played. @default Infinity */
  readonly rounds?: number;
}

/** Disposing of them hands over what was read. */
export interface Links extends AsyncDisposable {
  /** Resolves when the simulated devices have played all their rounds and everything was taken. */
  readonly played: Promise<void>;
  /** What pairs devices; undefined where there is no Bluetooth link. @throws PAIRING_OFF where pairing is not allowed */
  readonly radio: Radio | undefined;
  /** The badge readers, by name. */
  readonly readers: ReadonlyMap<string, BadgeReader>;
}

/**
 * Opens the links, and follows the registry from then on: a device that is added is looked for, one that is removed is let
 * go, one that is given another driver or port is read anew. No device is a reason not to start.
 * @throws CONFIG_FILE_UNREADABLE, SCENARIO_INVALID, DRIVER_UNKNOWN: what is wrong with the simulated scenario
 */
export async function openLinks(parts: LinkParts): Promise<Links> {
  const links = new OpenLinks(parts);
  try {
    await links.open();
    return links;
  } catch (error) {
    await links[Symbol.asyncDispose]();
    throw error;
  }
}

/** Where a serial device is read, and how. */
interface Wiring {
  readonly path: string;
  readonly driver: SerialDriver;
  readonly line: Partial<LineSettings>;
}

class OpenLinks implements Links {
  readonly #parts: LinkParts;
  readonly #serial = new Map<string, AsyncDisposable>();
  /** As they stood when the registry was last looked at. */
  #known: ReadonlyMap<string, KnownDevice> = new Map();
  readonly #badges = new Map<string, BadgeReader & AsyncDisposable>();
  #ble: BleLink | undefined;
  #simulated: (AsyncDisposable & { readonly finished: Promise<void> }) | undefined;
  #unwatch = (): unknown => undefined;
  #following: Promise<void> = Promise.resolve();

  constructor(parts: LinkParts) {
    this.#parts = parts;
  }

  get played(): Promise<void> {
    return this.#simulated?.finished ?? Promise.resolve();
  }

  get readers(): ReadonlyMap<string, BadgeReader> {
    return this.#badges;
  }

  get radio(): Radio | undefined {
    if (this.#parts.config.links.ble?.discover === false) throw controlErrors.PAIRING_OFF();
    return this.#ble;
  }

  async open(): Promise<void> {
    this.#known = this.#registered();
    await this.#openBle();
    await this.#rewire();
    await this.#openBadgeReaders();
    await this.#openSimulated();
    const follow = () => {
      this.#following = this.#following.then(() => this.#follow());
      return this.#following;
    };
    this.#unwatch = this.#parts.registry.watch(() => void follow());
    await follow(); // what came while the links were being opened
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unwatch();
    await this.#following;
    for (const link of [this.#simulated, ...this.#badges.values(), ...this.#serial.values(), this.#ble])
      await link?.[Symbol.asyncDispose]();
  }

  #registered(): ReadonlyMap<string, KnownDevice> {
    return new Map(this.#parts.registry.state.devices.values().map((device) => [device.address, device]));
  }

  async #follow(): Promise<void> {
    const [before, known] = [this.#known, this.#registered()];
    this.#known = known;
    const isOther = (address: string) => !isReadAlike(before.get(address), known.get(address));
    const others = [...new Set([...before.keys(), ...known.keys()])].filter(isOther);
    if (others.length === 0) return;
    for (const device of others) {
      const state = !known.has(device) ? "released" : before.has(device) ? "changed" : "followed";
      this.#parts.observe({ type: "device", device, state });
    }
    this.#ble?.know(this.#overBle());
    await this.#rewire(others);
  }

  // A box without a radio needs no D-Bus: each kind of link is loaded only where there is something to read.
  async #openBle(): Promise<void> {
    const { config, drivers, intake, clock, observe } = this.#parts;
    const { ble } = config.links;
    if (ble === undefined) return;
    const { openBleLink } = await import("./link/ble/link.ts");
    const { timeZone } = config.gateway;
    const bus = systemBusAddress();
    const place = { adapter: ble.adapter, ...(bus === undefined ? {} : { bus }) };
    this.#ble = await openBleLink({ drivers, known: this.#overBle(), intake, clock, observe, timeZone, ...place });
  }

  #overBle() {
    return [...this.#known.values()]
      .filter(({ address }) => transportOf(address) === "ble")
      .map((known) => ({
        device: deviceOf(known),
        ...(known.driver === undefined ? {} : { driver: known.driver }),
      }));
  }

  /** Brings the serial ports in line with what is known of these devices. One is closed before another opens it. */
  async #rewire(addresses: readonly string[] = [...this.#known.keys()]): Promise<void> {
    const { intake, clock, observe } = this.#parts;
    for (const address of addresses) {
      await this.#serial.get(address)?.[Symbol.asyncDispose]();
      this.#serial.delete(address);
    }
    for (const address of addresses) {
      const known = this.#known.get(address);
      const wiring = known && this.#wiringOf(known);
      if (known === undefined || wiring === undefined) continue;
      const { openSerialLink } = await import("./link/serial/link.ts");
      this.#serial.set(address, openSerialLink({ ...wiring, device: deviceOf(known), intake, clock, observe }));
    }
  }

  /** The registry's port and driver, else the configuration's; undefined where it is read over no serial port. */
  #wiringOf({ address, driver, port, line }: KnownDevice): Wiring | undefined {
    const { config, drivers, observe } = this.#parts;
    const { ble, serial, simulated } = config.links;
    const configured = serial.find(({ device }) => device === address);
    const [path, id] = [port ?? configured?.path, driver ?? configured?.driver];
    const isSerial = transportOf(address) === "serial";
    if (!isSerial || path === undefined || id === undefined) {
      const isRead = simulated !== undefined || (!isSerial && ble !== undefined);
      if (!isRead) observe({ type: "fault", error: registryErrors.DEVICE_WITHOUT_LINK() });
      return undefined;
    }
    try {
      return { path, driver: drivers.serial(id), line: line === undefined ? (configured?.line ?? {}) : lineOf(line) };
    } catch (error) {
      if (!isVigieError(error)) throw error;
      observe({ type: "fault", error });
      return undefined;
    }
  }

  async #openBadgeReaders(): Promise<void> {
    const { config, sessions, clock, observe } = this.#parts;
    for (const { name, path, line, devices, minutes, answers } of config.links.badges ?? []) {
      const { openBadgeReader } = await import("./link/badges/reader.ts");
      const place = { devices, lasts: minutes * 60_000, reader: name };
      const shown = async (badge: string) => {
        const did = await showBadge(badge, place, sessions);
        if (did === "displaced") throw registryErrors.BADGE_DISPLACED();
        return true;
      };
      const settings = { ...(line === undefined ? {} : { line }), ...(answers === undefined ? {} : { answers }) };
      this.#badges.set(name, openBadgeReader({ name, path, shown, clock, observe, ...settings }));
    }
  }

  async #openSimulated(): Promise<void> {
    const { config, drivers, intake, clock, observe, rounds } = this.#parts;
    const { simulated } = config.links;
    if (simulated === undefined) return;
    const { openSimulatedLink } = await import("./link/simulated/link.ts");
    const { parseScenario } = await import("./link/simulated/scenario.ts");
    const text = await readNamedText(simulated.scenario);
    const scenario = parseScenario(text, simulated.scenario);
    const { timeZone } = config.gateway;
    const pace = { speed: simulated.speed, ...(rounds === undefined ? {} : { rounds }) };
    this.#simulated = openSimulatedLink({ scenario, drivers, intake, clock, observe, timeZone, ...pace });
  }
}

/** What a device is known by before it has said anything itself. */
function deviceOf({ address, name }: KnownDevice): Device {
  return { address, transport: transportOf(address), ...(name === undefined ? {} : { name }) };
}

/** Whether a device is read the same way, whatever the staff calls it. */
function isReadAlike(a: KnownDevice | undefined, b: KnownDevice | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.driver === b.driver && a.name === b.name && a.port === b.port && a.line === b.line;
}
