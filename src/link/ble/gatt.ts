/** The GATT operations of one connected device. Called one after the other: ATT knows one request at a time. */
import type { Bus } from "./bus.ts";
import { typed } from "./bus.ts";
import { type BluezObjects, CHARACTERISTIC, type CharacteristicObject } from "./objects.ts";
import { isAlreadyNotifying } from "./refusal.ts";

export class Gatt {
  readonly #bus: Bus;
  readonly #objects: BluezObjects;
  readonly #device: string;

  /** @param device its object path */
  constructor(bus: Bus, objects: BluezObjects, device: string) {
    this.#bus = bus;
    this.#objects = objects;
    this.#device = device;
  }

  get characteristics(): readonly CharacteristicObject[] {
    return this.#objects.characteristics(this.#device);
  }

  /** A characteristic of a service, with one of the flags; undefined where the device does not offer it. */
  find(service: number, channel: number, ...flags: readonly string[]): CharacteristicObject | undefined {
    return this.characteristics.find(
      (characteristic) =>
        characteristic.service === service &&
        characteristic.channel === channel &&
        flags.some((flag) => characteristic.flags.includes(flag)),
    );
  }

  /** @throws as Bus.call(); BLE_CALL_REFUSED with `org.bluez.Error.Failed` where the link has dropped. */
  async read({ path }: CharacteristicObject): Promise<Uint8Array> {
    const request = { path, interface: CHARACTERISTIC, member: "ReadValue", signature: "a{sv}", body: [{}] };
    const [bytes] = await this.#bus.call(request);
    return bytes instanceof Uint8Array ? bytes : new Uint8Array();
  }

  /** Writes with a response where the device offers it. @throws as Bus.call() */
  async write({ path, flags }: CharacteristicObject, bytes: Uint8Array): Promise<void> {
    const type = typed("s", flags.includes("write") ? "request" : "command");
    const body = [Buffer.from(bytes), { type }];
    await this.#bus.call({ path, interface: CHARACTERISTIC, member: "WriteValue", signature: "aya{sv}", body });
  }

  /** Subscribes; a no-op where bluetoothd has kept the subscription. @throws as Bus.call() */
  async startNotify({ path }: CharacteristicObject): Promise<void> {
    await this.#bus.call({ path, interface: CHARACTERISTIC, member: "StartNotify" }).catch((error: unknown) => {
      if (!isAlreadyNotifying(error)) throw error;
    });
  }
}
