/**
 * One device becomes ours: everything near is listed, one is picked, paired, and asked what it offers. While a device is
 * being paired nobody else connects to it, and the scan rests: many controllers do one of the two.
 */
import { once } from "node:events";
import type { DriverRegistry } from "../../driver/registry.ts";
import { VigieError } from "../../errors/error.ts";
import type { NearbyDevice, PairedDevice, PairingDesk, PairingMethod, Search } from "../port.ts";
import type { Bus } from "./bus.ts";
import { errors } from "./errors.ts";
import { ADAPTER, type BluezObjects, DEVICE, type DeviceObject } from "./objects.ts";
import { pairingError } from "./refusal.ts";
import type { Timing } from "./timing.ts";
import { until } from "./until.ts";

export interface EnrolmentContext {
  readonly bus: Bus;
  readonly objects: BluezObjects;
  readonly drivers: DriverRegistry;
  readonly timing: Timing;
  /** The adapter's object path. */
  readonly adapter: string;
  readonly isKnown: (address: string) => boolean;
  /** Resolves when the scan has been brought in line with what this enrolment needs now. */
  readonly aim: () => Promise<void>;
  readonly changed: () => void;
  /** It is over; with an error where it ended by itself. Called once. */
  readonly over: (error?: VigieError) => void;
}

/** The device that was picked. */
interface Pairing {
  path: string;
  readonly desk: PairingDesk;
  method: PairingMethod;
}

export class Enrolment implements Search {
  readonly #context: EnrolmentContext;
  /** By object path, in the order in which they were first heard: what was told of each. */
  readonly #heard = new Map<string, string>();
  readonly #ended = new AbortController();
  readonly #whenEnded = once(this.#ended.signal, "abort");
  readonly #timer: NodeJS.Timeout;
  #pairing: Pairing | undefined;
  /** The device is looked for again before it is paired. */
  #isRediscovering = false;
  #shown = "";

  constructor(context: EnrolmentContext) {
    this.#context = context;
    this.#timer = setTimeout(() => this.fail(errors.PAIRING_TIMEOUT()), context.timing.enrol);
  }

  /** Whether the scan is to be on. */
  get isScanning(): boolean {
    return this.#pairing === undefined || this.#isRediscovering;
  }

  get nearby(): readonly NearbyDevice[] {
    return this.#devices().map((device) => this.#nearby(device));
  }

  /** An advertisement was heard; several a second are, and few say anything new. */
  heard(path: string): void {
    const device = this.#context.objects.device(path);
    if (device === undefined || this.#ended.signal.aborted) return;
    const { name, driver } = this.#nearby(device);
    const said = JSON.stringify([name, driver]);
    if (this.#heard.get(path) === said) return;
    this.#heard.set(path, said);
    this.#context.changed();
  }

  /** Whether this device is being paired: nobody else may connect to it. */
  holds(path: string): boolean {
    return this.#pairing?.path === path;
  }

  /** Who answers bluetoothd's questions about this device. */
  desk(path: string): PairingDesk | undefined {
    const pairing = this.#pairing;
    if (pairing === undefined || pairing.path !== path) return undefined;
    const { desk } = pairing;
    return {
      show: (passkey) => {
        pairing.method = "passkey-shown";
        if (passkey !== this.#shown) desk.show(passkey); // bluetoothd tells every digit that was entered
        this.#shown = passkey;
      },
      confirm: (passkey) => {
        pairing.method = "comparison";
        return desk.confirm(passkey);
      },
      ask: () => {
        pairing.method = "passkey-asked";
        return desk.ask();
      },
    };
  }

  async pair(address: string, desk: PairingDesk, driver?: string): Promise<PairedDevice> {
    const found = this.#devices().find((device) => device.address === address);
    if (this.#ended.signal.aborted || this.#pairing !== undefined || found === undefined) {
      throw errors.PAIRING_NOT_FOUND();
    }
    clearTimeout(this.#timer); // from here on each step has its own time
    const pairing: Pairing = { path: found.path, desk, method: "just-works" };
    this.#pairing = pairing;
    this.#shown = "";
    try {
      if (found.bonded) await this.#forgetAndFind(pairing, address);
      await this.#context.aim();
      await this.#pair(pairing);
      return await this.#meet(pairing, driver);
    } catch (error) {
      await this.#leave(pairing.path);
      throw this.#ended.signal.aborted ? errors.PAIRING_STOPPED({ cause: error }) : asTold(error);
    } finally {
      this.#pairing = undefined;
      this.#end();
    }
  }

  end(): void {
    this.#end();
  }

  /** The radio is gone, or nobody has picked a device in time. */
  fail(error: VigieError): void {
    this.#end(error);
  }

  #end(error?: VigieError): void {
    if (this.#ended.signal.aborted) return;
    clearTimeout(this.#timer);
    this.#ended.abort();
    this.#pairing = undefined;
    this.#context.over(error);
  }

  /** A bond that one side has forgotten is in the way of a new one, and the object goes with it. */
  async #forgetAndFind(pairing: Pairing, address: string): Promise<void> {
    const { objects, timing, aim } = this.#context;
    await this.#forget(pairing.path);
    this.#isRediscovering = true;
    await aim();
    const again = () => objects.devices.find((one) => one.address === address && one.rssi !== undefined);
    await this.#until(() => again() !== undefined, timing.rediscover);
    this.#isRediscovering = false;
    const path = again()?.path;
    if (path === undefined) throw errors.PAIRING_NOT_FOUND();
    pairing.path = path;
  }

  async #pair(pairing: Pairing): Promise<void> {
    const { bus, timing } = this.#context;
    try {
      const paired = bus.call({ path: pairing.path, interface: DEVICE, member: "Pair" }, timing.pair);
      await Promise.race([paired, this.#whenEnded]); // a radio that is gone answers nothing
    } catch (error) {
      throw pairingError(error, pairing.method);
    }
    this.#ended.signal.throwIfAborted();
  }

  /** The device is paired and connected: what it offers says who reads it. */
  async #meet({ path, method }: Pairing, forced: string | undefined): Promise<PairedDevice> {
    const { objects, drivers, timing } = this.#context;
    await this.#until(() => objects.device(path)?.servicesResolved === true, timing.resolve);
    const device = objects.device(path);
    const offered = objects.characteristics(path).flatMap(({ service }) => service ?? []);
    const services = [...(device?.services ?? []), ...offered];
    const named = device?.name === undefined ? {} : { name: device.name };
    const driver = forced ?? drivers.match({ services, ...named })?.id;
    this.#ended.signal.throwIfAborted();
    if (device === undefined) throw errors.PAIRING_NOT_FOUND();
    if (driver === undefined) throw errors.PAIRING_NO_DRIVER();
    return { address: device.address, ...named, driver, method, undo: () => this.#forget(path) };
  }

  #nearby({ address, name, services, rssi }: DeviceObject): NearbyDevice {
    const { drivers, isKnown } = this.#context;
    const named = name === undefined ? {} : { name };
    const driver = drivers.match({ services, ...named })?.id;
    return {
      address,
      ...named,
      ...(driver === undefined ? {} : { driver }),
      ...(rssi === undefined ? {} : { rssi }),
      isKnown: isKnown(address),
    };
  }

  #devices(): readonly DeviceObject[] {
    const { objects, adapter } = this.#context;
    return [...this.#heard.keys()].flatMap((path) => {
      const device = objects.device(path);
      return device?.adapter === adapter ? [device] : [];
    });
  }

  async #forget(path: string): Promise<void> {
    const { bus, adapter } = this.#context;
    const request = { path: adapter, interface: ADAPTER, member: "RemoveDevice", signature: "o", body: [path] };
    await bus.call(request).catch(() => undefined); // it was gone already
  }

  /** Nothing came of it: BlueZ is to stop where it is still at it, and to forget the device where it was through. */
  async #leave(path: string): Promise<void> {
    const cancelling = this.#context.bus.call({ path, interface: DEVICE, member: "CancelPairing" });
    await cancelling.catch(() => undefined); // there was nothing to cancel
    if (this.#context.objects.device(path)?.bonded === true) await this.#forget(path);
  }

  #until(condition: () => boolean, timeout: Timing["call"]): Promise<boolean> {
    return until(condition, { objects: this.#context.objects, timeout, ended: this.#ended.signal });
  }
}

const asTold = (error: unknown) => (error instanceof VigieError ? error : errors.BLE_CALL_REFUSED({ cause: error }));
