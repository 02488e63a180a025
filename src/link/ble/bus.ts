/**
 * The one D-Bus connection. node-ble (adapter, discovery, device objects) and dbus-next stand behind this file.
 *
 * It exists because node-ble loses values: at a reconnect bluetoothd writes the CCC by itself and the device speaks
 * before node-ble has introspected. Here the match rules are made before anything else, so that every value of every
 * device arrives as a signal from the first moment on.
 */
import { EventEmitter } from "node:events";
import { createRequire } from "node:module";
import type * as DBus from "dbus-next";
import type { VigieError } from "../../errors/error.ts";
import { verbatim } from "../../errors/sentence.ts";
import type { Milliseconds } from "../../measure/time.ts";
import { errors } from "./errors.ts";
import { BluezRefusal, refusalOf, saidBy } from "./refusal.ts";
import { type BluezSignal, DAEMON, OBJECT_MANAGER, PROPERTIES, parseSignal } from "./signals.ts";

/** Both through `require`: node-ble is CommonJS, and dbus-next knows a Variant only by its own copy of the class. */
const require = createRequire(import.meta.url);
const dbus: typeof DBus = require("dbus-next");
const NodeBle: new (bus: DBus.MessageBus) => NodeBleSession = require("node-ble/src/Bluetooth.js");

/** What we use of node-ble. Its own typings leave out `helper`, the only way to a filter and to its listeners. */
interface NodeBleSession {
  getAdapter(name: string): Promise<NodeBleAdapter>;
}
interface NodeBleAdapter {
  readonly helper: { callMethod(name: string, ...args: unknown[]): Promise<unknown> };
  getDevice(address: string): Promise<NodeBleDevice>;
}
interface NodeBleDevice {
  readonly helper: { removeListeners(): void };
  connect(): Promise<void>;
}

const BLUEZ = "org.bluez";

const RULE = {
  /** Whether bluetoothd is there. */
  owner: `type='signal',sender='${DAEMON}',interface='${DAEMON}',member='NameOwnerChanged',arg0='${BLUEZ}'`,
  /** Every value, every connection, every advertisement: one rule, however many devices there are. */
  everything: `type='signal',sender='${BLUEZ}',path_namespace='/org/bluez'`,
  /** BlueZ announces objects at the root. */
  objects: `type='signal',sender='${BLUEZ}',path='/',interface='${OBJECT_MANAGER}'`,
};

export interface Request {
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature?: string;
  readonly body?: readonly unknown[];
}

/** A call of bluetoothd on an object of ours (agent, profile). */
export interface Called {
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly body: readonly unknown[];
}

/** What we answer; a throw becomes `org.bluez.Error.Rejected`. */
export type Answer = readonly [signature: string, ...values: unknown[]] | readonly [];

export interface BusOptions {
  /** @default the system bus */
  readonly address?: string | undefined;
  /** How long BlueZ may take for an answer. */
  readonly callTimeout: Milliseconds;
  readonly onSignal: (signal: BluezSignal) => void;
  /** The connection is gone, for good. Called once at most; never after close(). */
  readonly onLost: (error: VigieError) => void;
  readonly serve: (called: Called) => Promise<Answer>;
}

/** A value of a D-Bus type, for dictionaries of variants. */
export const typed = (signature: string, value: unknown): unknown => new dbus.Variant(signature, value);

/**
 * Connects, and holds the match rules before it resolves.
 * @throws as Bus.call()
 */
export async function openBus(options: BusOptions): Promise<Bus> {
  const address = options.address ?? "unix:path=/run/dbus/system_bus_socket";
  const bus = new Bus(dbus.sessionBus({ busAddress: address }), options);
  try {
    await bus.listen();
    return bus;
  } catch (error) {
    bus.close();
    throw error;
  }
}

export class Bus {
  readonly #bus: DBus.MessageBus;
  readonly #nodeBle: NodeBleSession;
  readonly #options: BusOptions;
  readonly #pending = new Set<(error: VigieError) => void>();
  /** bluetoothd's name on the bus, `""` where there is none, undefined until it is learnt. */
  #owner: string | undefined;
  #over = false;

  constructor(bus: DBus.MessageBus, options: BusOptions) {
    this.#bus = bus;
    this.#nodeBle = new NodeBle(bus);
    this.#options = options;
    // dbus-next types only two of its events; without a listener for `error` Node ends the process.
    const emitter: EventEmitter = bus;
    emitter.on("error", (error: unknown) => {
      // What the bus itself answered to a match rule of node-ble, whose signals nobody uses, is no loss.
      if (!(error instanceof dbus.DBusError)) this.#lost(error);
    });
    // A bus that ends quietly is told by the connection alone.
    const connection: unknown = Reflect.get(bus, "_connection");
    if (connection instanceof EventEmitter) connection.on("end", () => this.#lost(new Error("the connection ended")));
    bus.on("message", (message) => this.#received(message));
    bus.addMethodHandler((message) => this.#called(message));
  }

  /** Makes the match rules. The owner is learnt before values can come, so that none is taken for a stranger's. */
  async listen(): Promise<void> {
    await this.#daemon("AddMatch", RULE.owner);
    const owner = await this.#daemon("GetNameOwner", BLUEZ).then(String, (error: unknown) => {
      if (refusalOf(error) === undefined) throw error;
      return ""; // nobody has the name
    });
    this.#owner ??= owner; // unless a signal has come since, which is newer than this answer
    await this.#daemon("AddMatch", RULE.everything);
    await this.#daemon("AddMatch", RULE.objects);
  }

  /** Whether bluetoothd is there. */
  get present(): boolean {
    return this.#owner !== undefined && this.#owner !== "";
  }

  /** Calls a method of BlueZ. @throws BLE_CALL_REFUSED, BLE_CALL_TIMEOUT, BLE_BUS_UNREACHABLE */
  async call(request: Request, timeout = this.#options.callTimeout): Promise<readonly unknown[]> {
    const { body = [], ...rest } = request;
    const where = `${request.interface}.${request.member}`;
    const calling = async () => this.#bus.call(new dbus.Message({ ...rest, destination: BLUEZ, body: [...body] }));
    const reply = await this.#bounded(where, calling(), timeout);
    return (reply?.body ?? []).map(plain);
  }

  /** All objects of BlueZ, as GetManagedObjects gives them. @throws as call() */
  async managedObjects(): Promise<unknown> {
    return (await this.call({ path: "/", interface: OBJECT_MANAGER, member: "GetManagedObjects" }))[0];
  }

  /** Sets a property of an object. @throws as call() */
  async set(path: string, name: string, property: string, value: boolean): Promise<void> {
    const body = [name, property, typed("b", value)];
    await this.call({ path, interface: PROPERTIES, member: "Set", signature: "ssv", body });
  }

  /** The adapter as node-ble has it. @param name `hci0` @throws as call() */
  async adapter(name: string): Promise<Adapter> {
    const adapter = await this.#bounded("getAdapter", this.#nodeBle.getAdapter(name));
    const call = async (method: string, ...args: unknown[]) => {
      await this.#bounded(method, adapter.helper.callMethod(method, ...args));
    };
    return {
      startDiscovery: async (uuids) => {
        // node-ble's own startDiscovery() knows no services, and fails where somebody else is scanning.
        const wanted = uuids === undefined ? {} : { UUIDs: typed("as", [...uuids]) };
        const filter = { Transport: typed("s", "le"), DuplicateData: typed("b", true), ...wanted };
        await call("SetDiscoveryFilter", filter);
        await call("StartDiscovery");
      },
      stopDiscovery: () => call("StopDiscovery"),
      connect: async (path, timeout) => {
        // By the address in its path: that is what node-ble looks for, and it stays when the device changes its address.
        const name = path.slice(path.lastIndexOf("/dev_") + 5).replaceAll("_", ":");
        const device = await this.#bounded("getDevice", adapter.getDevice(name));
        try {
          await this.#bounded("Connect", device.connect(), timeout);
        } finally {
          device.helper.removeListeners();
        }
      },
    };
  }

  /** Ends the connection; what is under way is rejected. */
  close(): void {
    this.#end(unreachable(new Error("closed")));
  }

  #lost(cause: unknown): void {
    if (this.#over) return;
    const error = unreachable(cause);
    this.#end(error);
    this.#options.onLost(error);
  }

  #end(error: VigieError): void {
    this.#over = true;
    this.#bus.disconnect();
    for (const reject of [...this.#pending]) reject(error);
  }

  async #daemon(member: string, argument: string): Promise<unknown> {
    const path = "/org/freedesktop/DBus";
    const message = { destination: DAEMON, path, interface: DAEMON, member, signature: "s", body: [argument] };
    return (await this.#bounded(member, this.#bus.call(new dbus.Message(message))))?.body[0];
  }

  /** dbus-next waits for ever, also when the bus has died: every call has an end here. */
  #bounded<Result>(where: string, result: Promise<Result>, timeout = this.#options.callTimeout): Promise<Result> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        this.#pending.delete(fail);
      };
      const fail = (error: VigieError) => {
        settle();
        reject(error);
      };
      const timer = setTimeout(() => fail(errors.BLE_CALL_TIMEOUT({ where: verbatim(where) })), timeout);
      this.#pending.add(fail);
      if (this.#over) fail(unreachable(new Error("closed")));
      result.then(
        (value) => {
          settle();
          resolve(value);
        },
        (cause: unknown) => fail(refused(where, cause)),
      );
    });
  }

  #received({ type, sender, path, interface: name, member, body }: DBus.Message): void {
    if (this.#over || type !== dbus.MessageType.SIGNAL || (sender !== this.#owner && sender !== DAEMON)) return;
    const signal = parseSignal(path, name, member, body.map(plain));
    if (signal === undefined) return;
    if (signal.type === "owner") this.#owner = signal.owner;
    this.#options.onSignal(signal);
  }

  /** Only bluetoothd may call our objects. */
  #called(message: DBus.Message): boolean {
    if (message.sender !== this.#owner || !message.path.startsWith("/vigie")) return false;
    const { path, interface: name, member, body } = message;
    this.#options
      .serve({ path, interface: name, member, body: body.map(plain) })
      .then(
        ([signature = "", ...values]) => dbus.Message.newMethodReturn(message, signature, values),
        () => dbus.Message.newError(message, "org.bluez.Error.Rejected", "refused"),
      )
      .then((answer) => this.#bus.send(answer))
      .catch((error: unknown) => this.#lost(error)); // send() throws where the stream is closed
    return true;
  }
}

export interface Adapter {
  /** Scans for devices that advertise one of the services; for all devices where none are named. */
  startDiscovery(uuids: readonly string[] | undefined): Promise<void>;
  stopDiscovery(): Promise<void>;
  /** Connects to the device with this object path. */
  connect(path: string, timeout: Milliseconds): Promise<void>;
}

/** Variants unwrapped, bytes copied out of the message that they stand in. */
function plain(value: unknown): unknown {
  if (value instanceof dbus.Variant) return plain(value.value);
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

const unreachable = (cause: unknown) => errors.BLE_BUS_UNREACHABLE({ cause });

function refused(where: string, cause: unknown): VigieError {
  const refusal =
    cause instanceof dbus.DBusError
      ? new BluezRefusal(cause.type, cause.text)
      : new BluezRefusal("error", cause instanceof Error ? cause.message : String(cause));
  return errors.BLE_CALL_REFUSED({
    where: verbatim(where),
    found: saidBy(refusal),
    cause: refusal,
  });
}
