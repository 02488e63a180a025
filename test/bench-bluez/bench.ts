/**
 * A BlueZ on a private D-Bus. It behaves as the real one was seen to: only changed properties are emitted, the CCC of
 * subscribers is written again at a reconnect before anybody introspected, a read is emitted like an indication.
 */
import { EventEmitter, once } from "node:events";
import type { MessageBus } from "dbus-next";
import { BenchDevice } from "./device.ts";
import type { BenchDeviceOptions, Host } from "./device-options.ts";
import { dbus, Exporter, Refusal } from "./exporter.ts";
import { PrivateBus } from "./private-bus.ts";
import { ADAPTER, AGENT_MANAGER, GATT_MANAGER, shapes } from "./shapes.ts";

export { BenchDevice } from "./device.ts";
export { type BenchCharacteristic, type BenchDeviceOptions, uuid } from "./device-options.ts";
export { dbusDaemonInstalled } from "./private-bus.ts";

export interface BenchOptions {
  /** What bluetoothd takes for an answer, milliseconds. @default 0 */
  readonly answerMs?: number;
}

/** A method call that BlueZ received. */
export interface Call {
  readonly path: string;
  readonly method: string;
  readonly args: readonly unknown[];
  readonly sender: string;
}

type ClientCall = readonly [
  destination: string,
  path: string,
  onInterface: string,
  member: string,
  signature?: string,
  body?: unknown[],
];

/** The bus's own object. */
const daemon = ["org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus"] as const;

const ADAPTER_PATH = "/org/bluez/hci0";

export class Bench {
  readonly calls: Call[] = [];
  /** Methods (`StartDiscovery`) that fail, with what they fail with. */
  readonly refusals = new Map<string, string>();
  /** Methods that are never answered. */
  readonly deaf = new Set<string>();
  readonly #bus: PrivateBus;
  readonly #answerMs: number;
  readonly #devices: BenchDevice[] = [];
  readonly #events = new EventEmitter();
  /** The services that the client asked for, and those of the scan that runs; none means all. */
  #filter: readonly string[] = [];
  #scan: readonly string[] | undefined;
  #bluez: { readonly bus: MessageBus; readonly exporter: Exporter } | undefined;

  private constructor(bus: PrivateBus, options: BenchOptions) {
    this.#bus = bus;
    this.#answerMs = options.answerMs ?? 0;
  }

  /** A private bus, a bluetoothd on it, and one adapter, `hci0`. */
  static async start(options: BenchOptions = {}): Promise<Bench> {
    const bench = new Bench(await PrivateBus.start(), options);
    await bench.startBluez();
    return bench;
  }

  /** The bus's address, for clients. */
  get address(): string {
    return this.#bus.address;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const device of this.#devices) device.hush();
    await this.stopBluez();
    await this.#bus.stop();
  }

  /** A device within reach; a bonded one is known to bluetoothd already. It is silent until it advertises. */
  addDevice(options: BenchDeviceOptions): BenchDevice {
    const device = new BenchDevice(this.#host(this.#exporter), options);
    this.#devices.push(device);
    if (device.bonded) device.export();
    return device;
  }

  /** The USB stick is pulled. */
  removeAdapter(): void {
    for (const device of this.#devices) device.forget();
    this.#scan = undefined;
    this.#exporter.remove(ADAPTER_PATH);
  }

  addAdapter(powered = true): void {
    const properties: Record<string, unknown> = {
      Address: "00:11:22:33:44:55",
      AddressType: "public",
      Name: "bench",
      Alias: "bench",
      Powered: powered,
      Discovering: false,
    };
    const exporter = this.#exporter;
    exporter.add(ADAPTER_PATH, {
      [ADAPTER]: {
        shape: shapes[ADAPTER],
        properties: new Map(Object.entries(properties)),
        call: async (method, [argument]) => {
          if (method === "SetDiscoveryFilter") this.#filter = servicesOf(argument);
          if (method === "StartDiscovery") this.#scan = this.#filter;
          if (method === "StopDiscovery") this.#scan = undefined;
          if (method === "RemoveDevice") this.#remove(String(argument));
          exporter.change(ADAPTER_PATH, ADAPTER, { Discovering: this.#scan !== undefined });
          return undefined;
        },
        set: (property, value) => exporter.change(ADAPTER_PATH, ADAPTER, { [property]: value }),
      },
      [GATT_MANAGER]: { shape: shapes[GATT_MANAGER], properties: new Map(), call: async () => undefined },
    });
    for (const device of this.#devices.filter(({ bonded }) => bonded)) device.export();
  }

  /** bluetoothd restarts: another bus name, no registrations, no subscribers, bonds kept. */
  async restart(): Promise<void> {
    await this.stopBluez();
    await this.startBluez();
  }

  async stopBluez(): Promise<void> {
    const bluez = this.#bluez;
    this.#bluez = undefined;
    this.#scan = undefined;
    for (const device of this.#devices) device.forget();
    if (bluez === undefined) return;
    bluez.exporter.silence();
    await bluez.bus.releaseName("org.bluez").catch(() => undefined);
    bluez.bus.disconnect();
  }

  async startBluez(): Promise<void> {
    const bus = await this.#connect();
    await callOn(bus, ...daemon, "AddMatch", "s", ["type='signal',member='NameOwnerChanged',arg2=''"]);
    bus.on("message", ({ member, body: [name] }) => {
      if (member === "NameOwnerChanged") for (const device of this.#devices) device.unsubscribe(String(name));
    });
    const exporter = new Exporter(bus, (message) => this.#before(message));
    this.#bluez = { bus, exporter };
    exporter.add("/org/bluez", {
      [AGENT_MANAGER]: { shape: shapes[AGENT_MANAGER], properties: new Map(), call: async () => undefined },
    });
    for (const device of this.#devices) device.adopt(this.#host(exporter));
    this.addAdapter();
    await bus.requestName("org.bluez");
  }

  /** The whole bus dies, and bluetoothd's connection with it. */
  async killBus(): Promise<void> {
    this.#bluez?.exporter.silence();
    this.#bluez = undefined;
    this.#scan = undefined;
    for (const device of this.#devices) device.forget();
    await this.#bus.killDaemon();
  }

  async startBus(): Promise<void> {
    await this.#bus.startDaemon();
    await this.startBluez();
  }

  /** Calls a method of a client's object, as bluetoothd calls an agent. */
  callClient(...call: ClientCall): Promise<unknown[]> {
    return callOn(this.#connection, ...call);
  }

  /** Calls it as some other process on the bus does. */
  async callAsStranger(...call: ClientCall): Promise<unknown[]> {
    const stranger = await this.#connect();
    return callOn(stranger, ...call).finally(() => stranger.disconnect());
  }

  /** Resolves when BlueZ has received a call of this method. */
  async whenCalled(method: string): Promise<void> {
    while (this.countOf(method) === 0) await once(this.#events, "call");
  }

  /** Match rules that all clients hold on the bus together (org.freedesktop.DBus.Debug.Stats). */
  async matchRules(): Promise<number> {
    const [destination, path] = daemon;
    const stats = "org.freedesktop.DBus.Debug.Stats";
    const [byClient] = await callOn(this.#connection, destination, path, stats, "GetAllMatchRules");
    const rules = Object.entries(typeof byClient === "object" && byClient !== null ? byClient : {});
    return rules.filter(([client]) => client !== this.#connection.name).flatMap(([, held]) => held).length;
  }

  /** How often a method was called. */
  countOf(method: string): number {
    return this.calls.filter((call) => call.method === method).length;
  }

  /** Somebody else, or the controller, ends the scan. */
  endScan(): void {
    this.#scan = undefined;
    this.#exporter.change(ADAPTER_PATH, ADAPTER, { Discovering: false });
  }

  #host(exporter: Exporter): Host {
    const hears = (uuids: readonly string[]) =>
      this.#scan?.length === 0 || this.#scan?.some((service) => uuids.includes(service)) === true;
    const agent = async (...[member, signature, body]: Parameters<Host["agent"]>) => {
      const registered = this.calls.findLast(({ method }) => method === "RegisterAgent");
      const path = String(registered?.args[0]);
      return this.callClient(registered?.sender ?? "", path, "org.bluez.Agent1", member, signature, body);
    };
    return { exporter, adapterPath: ADAPTER_PATH, hears, agent };
  }

  #remove(path: string): void {
    const device = this.#devices.find((one) => one.path === path && this.#exporter.has(path));
    if (device === undefined) throw new Refusal("org.bluez.Error.DoesNotExist", "Does Not Exist");
    device.remove();
  }

  async #connect(): Promise<MessageBus> {
    const bus = dbus.sessionBus({ busAddress: this.address });
    const errors: EventEmitter = bus;
    errors.on("error", () => undefined);
    await once(bus, "connect");
    return bus;
  }

  get #connection(): MessageBus {
    if (this.#bluez === undefined) throw new Error("bluetoothd does not run");
    return this.#bluez.bus;
  }

  get #exporter(): Exporter {
    if (this.#bluez === undefined) throw new Error("bluetoothd does not run");
    return this.#bluez.exporter;
  }

  async #before({ path, member, body, sender }: { path: string; member: string; body: unknown[]; sender: string }) {
    this.calls.push({ path, method: member, args: body, sender });
    this.#events.emit("call");
    if (this.#answerMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#answerMs));
    if (this.deaf.has(member)) await new Promise(() => undefined);
    const refusal = this.refusals.get(member);
    if (refusal !== undefined) throw new Refusal(refusal, "refused by the bench");
  }
}

function servicesOf(filter: unknown): readonly string[] {
  const services: unknown = typeof filter === "object" && filter !== null ? Reflect.get(filter, "UUIDs") : undefined;
  return services instanceof dbus.Variant && Array.isArray(services.value) ? services.value.map(String) : [];
}

async function callOn(bus: MessageBus, ...call: ClientCall): Promise<unknown[]> {
  const [destination, path, name, member, signature = "", body = []] = call;
  const reply = await bus.call(new dbus.Message({ destination, path, interface: name, member, signature, body }));
  return reply?.body ?? [];
}
