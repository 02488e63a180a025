/**
 * The Bluetooth LE link: keeps one connection to D-Bus, follows bluetoothd and the adapter through their comings and
 * goings, and hands every value of every known device to intake the moment it arrives.
 */
import { VigieError } from "../../errors/error.ts";
import { type Sentence, say, verbatim } from "../../errors/sentence.ts";
import type { Radio, Search } from "../port.ts";
import { type Bus, openBus } from "./bus.ts";
import { Central } from "./central.ts";
import { errors } from "./errors.ts";
import { Handover } from "./handover.ts";
import { ADAPTER, BluezObjects, CHARACTERISTIC, DEVICE } from "./objects.ts";
import type { BleLink, BleLinkOptions } from "./options.ts";
import type { KnownDevice } from "./peer.ts";
import { Peers } from "./peers.ts";
import { saidBy } from "./refusal.ts";
import { answer, registerAgent, registerProfile } from "./registration.ts";
import type { BluezSignal, Interfaces } from "./signals.ts";
import { Backoff, defaultTiming, type Timing } from "./timing.ts";
import { uuidOf } from "./uuid.ts";
import { Values } from "./values.ts";

export type { BleLink, BleLinkOptions } from "./options.ts";
export type { KnownDevice } from "./peer.ts";
export { defaultTiming, type Timing } from "./timing.ts";

/**
 * Opens the link. Resolves after the first look at the bus, also where there is no bus, no bluetoothd or no adapter: that
 * is told to `observe`, and the link recovers by itself when they come.
 */
export async function openBleLink(options: BleLinkOptions): Promise<BleLink> {
  const link = new Link(options);
  await link.open();
  return link;
}

class Link implements BleLink {
  readonly #options: BleLinkOptions;
  readonly #timing: Timing;
  readonly #objects = new BluezObjects();
  readonly #peers: Peers;
  readonly #handover: Handover;
  readonly #values: Values;
  readonly #backoff: Backoff;
  readonly #uuids: readonly string[];
  #bus: Bus | undefined;
  #central: Central | undefined;
  #centralPath: string | undefined;
  /** Counts the bluetoothds that came and went, so that the answer of an earlier one is known as such. */
  #attachment = 0;
  /** What keeps the link from working, told once as long as it stays the same. */
  #trouble: VigieError | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: BleLinkOptions) {
    this.#options = options;
    this.#timing = { ...defaultTiming, ...options.timing };
    this.#peers = new Peers(options.drivers, this.#timing.retryDevice, options.observe);
    this.#handover = new Handover(options.intake, options.observe, this.#timing.retryIntake);
    this.#values = new Values({
      objects: this.#objects,
      peers: this.#peers,
      handover: this.#handover,
      clock: options.clock,
      timing: this.#timing,
      observe: options.observe,
      refresh: () => this.#refresh(),
    });
    this.#objects.watch(() => this.#values.settle());
    this.#backoff = new Backoff(this.#timing.retryBus);
    this.#uuids = [...new Set(options.drivers.ble.flatMap(({ match }) => match.services))].map(uuidOf);
    this.know(options.known);
  }

  know(known: readonly KnownDevice[]): void {
    const others = this.#peers.become(known);
    this.#central?.peersChanged(others);
  }

  search(told: Parameters<Radio["search"]>[0]): Search {
    const central = this.#central;
    if (central === undefined || this.#closed) throw this.#trouble ?? errors.BLE_SERVICE_ABSENT();
    return central.search(told);
  }

  async open(): Promise<void> {
    try {
      this.#bus = await openBus({
        address: this.#options.bus,
        callTimeout: this.#timing.call,
        onSignal: (signal) => this.#signalled(signal),
        onLost: (error) => this.#busLost(error),
        serve: (called) =>
          answer(called, {
            desk: (path) => this.#central?.enrolling(path)?.desk(path),
            uuids: this.#uuids,
            welcome: (path) =>
              this.#central?.enrolling(path) !== undefined ||
              this.#peers.has(this.#objects.device(path)?.address ?? ""),
          }),
      });
    } catch (error) {
      this.#tell(errors.BLE_BUS_UNREACHABLE({ cause: error }));
      this.#later(() => this.open());
      return;
    }
    if (this.#closed) return this.#bus.close();
    if (this.#bus.present) await this.#attach(this.#bus);
    else this.#tell(errors.BLE_SERVICE_ABSENT());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.#central?.leave();
    this.#central = undefined;
    this.#bus?.close();
    this.#values.close();
    await this.#handover.close();
    this.#options.observe({ type: "link", link: this.#name, state: "closed" });
  }

  #busLost(error: VigieError): void {
    this.#detach(error);
    this.#bus = undefined;
    this.#tell(error);
    this.#later(() => this.open());
  }

  /** bluetoothd is there: learns what it has, and registers with it. */
  async #attach(bus: Bus): Promise<void> {
    this.#attachment += 1;
    const attachment = this.#attachment;
    try {
      const managed = await bus.managedObjects();
      if (attachment !== this.#attachment) return; // another bluetoothd has come meanwhile
      this.#objects.replace(managed);
      await registerAgent(bus).catch((cause: unknown) => this.#registrationFailed(say("appairage", "pairing"), cause));
    } catch (error) {
      if (attachment !== this.#attachment || this.#closed) return;
      this.#tell(asTold(error));
      this.#later(() => this.#attach(bus));
      return;
    }
    await this.#followAdapter();
  }

  /** bluetoothd is gone, and all we know of it. */
  #detach(reason: VigieError): void {
    this.#attachment += 1;
    this.#stopCentral(reason);
    this.#objects.clear();
  }

  /** Brings the central in line with the adapter: there and switched on, or not. */
  async #followAdapter(): Promise<void> {
    const bus = this.#bus;
    if (bus === undefined || !bus.present || this.#closed) return;
    const { adapters } = this.#objects;
    const { adapter: name } = this.#options;
    const adapter = name === undefined ? adapters[0] : adapters.find(({ path }) => path === `/org/bluez/${name}`);
    if (this.#central !== undefined && adapter?.powered === true && adapter.path === this.#centralPath) return;
    this.#stopCentral(adapter === undefined ? errors.BLE_ADAPTER_ABSENT() : errors.BLE_ADAPTER_OFF());
    if (adapter === undefined)
      return this.#tell(errors.BLE_ADAPTER_ABSENT(name === undefined ? {} : { where: verbatim(name) }));
    if (!adapter.powered) {
      this.#tell(errors.BLE_ADAPTER_OFF());
      // Where the radio is not blocked this is all it takes; its "powered" is signalled.
      await bus.set(adapter.path, ADAPTER, "Powered", true).catch(() => undefined);
      return;
    }
    await this.#startCentral(bus, adapter.path);
  }

  async #startCentral(bus: Bus, path: string): Promise<void> {
    this.#centralPath = path;
    try {
      const adapter = await bus.adapter(path.slice("/org/bluez/".length));
      if (this.#centralPath !== path || this.#central !== undefined || bus !== this.#bus || this.#closed) return;
      const { drivers, clock, observe, timeZone } = this.#options;
      const own = { objects: this.#objects, peers: this.#peers, uuids: this.#uuids, timing: this.#timing };
      const refresh = () => this.#refresh();
      const context = { ...own, bus, refresh, drivers, clock, observe, timeZone };
      this.#central = new Central(context, adapter, path);
    } catch (error) {
      if (this.#centralPath !== path || !bus.present || this.#closed) return;
      this.#tell(asTold(error));
      this.#later(() => this.#followAdapter());
      return;
    }
    this.#trouble = undefined;
    this.#backoff.reset();
    this.#options.observe({ type: "link", link: this.#name, state: "open" });
    this.#central.start();
    await registerProfile(bus, path).catch((cause: unknown) =>
      this.#registrationFailed(say("reconnexion", "reconnection"), cause),
    );
  }

  #stopCentral(reason: VigieError): void {
    this.#central?.stop(reason);
    this.#central = undefined;
    this.#centralPath = undefined;
  }

  #signalled(signal: BluezSignal): void {
    switch (signal.type) {
      case "owner":
        this.#detach(errors.BLE_SERVICE_ABSENT());
        if (signal.owner === "") this.#tell(errors.BLE_SERVICE_ABSENT());
        else if (this.#bus !== undefined) void this.#attach(this.#bus);
        return;
      case "added":
        this.#added(signal.path, signal.interfaces);
        return;
      case "removed":
        this.#objects.removed(signal.path, signal.interfaces);
        if (signal.interfaces.includes(DEVICE)) this.#central?.removed(signal.path);
        if (signal.interfaces.includes(ADAPTER)) void this.#followAdapter();
        return;
      case "changed":
        // The value first: it is what a device may have deleted by now.
        if (signal.interface === CHARACTERISTIC && signal.values.Value instanceof Uint8Array) {
          this.#values.take(signal.path, signal.values.Value);
        }
        this.#objects.changed(signal.path, signal.interface, signal.values);
        if (signal.interface === DEVICE) this.#deviceChanged(signal.path, signal.values);
        if (signal.interface === ADAPTER) this.#adapterChanged(signal.path, signal.values);
        return;
    }
  }

  #added(path: string, interfaces: Interfaces): void {
    this.#objects.added(path, interfaces);
    if (interfaces[DEVICE] !== undefined) this.#deviceChanged(path, interfaces[DEVICE]);
    if (ADAPTER in interfaces) void this.#followAdapter();
  }

  #deviceChanged(path: string, values: Readonly<Record<string, unknown>>): void {
    if (typeof values.Connected === "boolean") this.#central?.connectionChanged(path, values.Connected);
    // An object without a signal strength comes from BlueZ's memory, not from the air.
    if ("RSSI" in values || "ManufacturerData" in values || "ServiceData" in values) this.#central?.heard(path);
  }

  #adapterChanged(path: string, values: Readonly<Record<string, unknown>>): void {
    if ("Powered" in values) void this.#followAdapter();
    if (values.Discovering === false && path === this.#centralPath) this.#central?.scanEnded();
  }

  async #refresh(): Promise<void> {
    const bus = this.#bus;
    if (bus === undefined || !bus.present) return;
    try {
      this.#objects.replace(await bus.managedObjects());
    } catch (error) {
      if (bus === this.#bus && bus.present) this.#options.observe({ type: "fault", error: asTold(error) });
    }
  }

  #registrationFailed(where: Sentence, cause: unknown): void {
    if (this.#closed || this.#bus?.present !== true) return;
    this.#options.observe({
      type: "fault",
      error: errors.BLE_REGISTRATION_FAILED({ where, found: saidBy(cause), cause }),
    });
  }

  #tell(error: VigieError): void {
    if (this.#closed || this.#trouble?.code === error.code) return;
    this.#trouble = error;
    this.#options.observe({ type: "link", link: this.#name, state: "failed", error });
  }

  get #name(): string {
    return `ble:${this.#options.adapter ?? "adapter"}`;
  }

  #later(action: () => Promise<void>): void {
    clearTimeout(this.#retry);
    if (!this.#closed) this.#retry = setTimeout(() => void action(), this.#backoff.next());
  }
}

const asTold = (error: unknown) => (error instanceof VigieError ? error : errors.BLE_CALL_REFUSED({ cause: error }));
