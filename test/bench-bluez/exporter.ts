/**
 * D-Bus objects answered at the message level: ObjectManager, Properties and Introspectable, as gdbus of bluetoothd does it.
 * dbus-next's own service helper cannot export ObjectManager.
 */
import { createRequire } from "node:module";
import type * as DBus from "dbus-next";

export const dbus: typeof DBus = createRequire(import.meta.url)("dbus-next");

type Message = DBus.Message;
type Variant = DBus.Variant;

/** What a method answers: its signature and its values; nothing for an empty reply. */
export type Reply = readonly [signature: string, ...values: unknown[]] | undefined;

/** An error reply of a method. */
export class Refusal extends Error {
  readonly errorName: string;
  constructor(errorName: string, text: string) {
    super(text);
    this.errorName = errorName;
  }
}

/** The signatures of one interface: what introspection says and what its properties are marshalled with. */
export interface InterfaceShape {
  readonly methods: Readonly<Record<string, readonly [input: string, output: string]>>;
  readonly properties: Readonly<Record<string, string>>;
}

export interface ExportedInterface {
  readonly shape: InterfaceShape;
  readonly properties: Map<string, unknown>;
  readonly call: (method: string, args: readonly unknown[], sender: string) => Promise<Reply>;
  /** Called where a client sets a property. */
  readonly set?: (property: string, value: unknown) => void;
}

const STANDARD = {
  introspectable: "org.freedesktop.DBus.Introspectable",
  properties: "org.freedesktop.DBus.Properties",
  objectManager: "org.freedesktop.DBus.ObjectManager",
};

export class Exporter {
  readonly #objects = new Map<string, Map<string, ExportedInterface>>();
  readonly #bus: DBus.MessageBus;
  readonly #before: (message: Message) => Promise<void>;
  #silent = false;

  /** @param before awaited before each answer: where a test records calls or makes the answers slow. */
  constructor(bus: DBus.MessageBus, before: (message: Message) => Promise<void>) {
    this.#bus = bus;
    this.#before = before;
    bus.addMethodHandler((message) => {
      void this.#answer(message);
      return true;
    });
  }

  add(path: string, interfaces: Readonly<Record<string, ExportedInterface>>): void {
    this.#objects.set(path, new Map(Object.entries(interfaces)));
    this.#emit("/", STANDARD.objectManager, "InterfacesAdded", "oa{sa{sv}}", [path, this.#describe(path)]);
  }

  /** Removes an object and all that stands below it, the lowest first. */
  remove(path: string): void {
    const below = [...this.#objects.keys()].filter((other) => other === path || other.startsWith(`${path}/`));
    for (const gone of below.sort().reverse()) {
      const names = [...(this.#objects.get(gone)?.keys() ?? [])];
      this.#objects.delete(gone);
      this.#emit("/", STANDARD.objectManager, "InterfacesRemoved", "oas", [gone, names]);
    }
  }

  has(path: string): boolean {
    return this.#objects.has(path);
  }

  /** Emits only what is different from before, as bluetoothd does; `always` for values, which are emitted each time. */
  change(path: string, name: string, values: Readonly<Record<string, unknown>>, always = false): void {
    const exported = this.#objects.get(path)?.get(name);
    if (exported === undefined) return;
    const changed: Record<string, Variant> = {};
    for (const [property, value] of Object.entries(values)) {
      if (!always && exported.properties.get(property) === value) continue;
      exported.properties.set(property, value);
      changed[property] = variant(exported.shape, property, value);
    }
    if (Object.keys(changed).length === 0) return;
    this.#emit(path, STANDARD.properties, "PropertiesChanged", "sa{sv}as", [name, changed, []]);
  }

  /** The process that exported this is gone: it says nothing more. */
  silence(): void {
    this.#silent = true;
  }

  #emit(path: string, name: string, member: string, signature: string, body: unknown[]): void {
    this.#send(dbus.Message.newSignal(path, name, member, signature, body));
  }

  #send(message: Message): void {
    if (!this.#silent) this.#bus.send(message);
  }

  async #answer(message: Message): Promise<void> {
    const answer = await this.#before(message)
      .then(() => this.#dispatch(message))
      .then(
        (reply = [""]) => dbus.Message.newMethodReturn(message, reply[0], reply.slice(1)),
        (error: unknown) =>
          error instanceof Refusal
            ? dbus.Message.newError(message, error.errorName, error.message)
            : dbus.Message.newError(message, "org.bluez.bench.Defect", String(error)),
      );
    if ((message.flags & dbus.MessageFlag.NO_REPLY_EXPECTED) === 0) this.#send(answer);
  }

  async #dispatch(message: Message): Promise<Reply> {
    const { path, member, body } = message;
    if (message.interface === STANDARD.introspectable) return ["s", this.#introspect(path)];
    if (message.interface === STANDARD.objectManager && path === "/") return ["a{oa{sa{sv}}}", this.#managed()];
    const object = this.#objects.get(path);
    if (object === undefined) throw unknown("Object", `Object does not exist at path "${path}"`);
    if (message.interface === STANDARD.properties) return this.#properties(object, member, body);
    const exported = object.get(message.interface);
    if (exported?.shape.methods[member] === undefined) throw unknown("Method", `No ${message.interface}.${member}`);
    return exported.call(member, body, message.sender);
  }

  #properties(object: Map<string, ExportedInterface>, member: string, body: readonly unknown[]): Reply {
    const [name, property, value] = body;
    const exported = object.get(String(name));
    if (exported === undefined) throw unknown("Interface", `No interface ${String(name)}`);
    if (member === "GetAll") return ["a{sv}", describe(exported)];
    if (member === "Get") {
      const current = exported.properties.get(String(property));
      if (current === undefined) throw unknown("Property", `No property ${String(property)}`);
      return ["v", variant(exported.shape, String(property), current)];
    }
    if (!(value instanceof dbus.Variant)) throw unknown("Method", member);
    exported.set?.(String(property), value.value);
    return undefined;
  }

  #managed(): Record<string, Record<string, Record<string, Variant>>> {
    return Object.fromEntries([...this.#objects.keys()].map((path) => [path, this.#describe(path)]));
  }

  #describe(path: string): Record<string, Record<string, Variant>> {
    const object = this.#objects.get(path) ?? new Map<string, ExportedInterface>();
    return Object.fromEntries([...object].map(([name, exported]) => [name, describe(exported)]));
  }

  #introspect(path: string): string {
    const prefix = path === "/" ? "/" : `${path}/`;
    const children = new Set<string>();
    for (const other of this.#objects.keys()) {
      if (other.startsWith(prefix)) children.add(other.slice(prefix.length).split("/")[0] ?? "");
    }
    const interfaces = [...(this.#objects.get(path) ?? [])].map(([name, { shape }]) => introspected(name, shape));
    const nodes = [...children].filter((child) => child !== "").map((child) => `<node name="${child}"/>`);
    return `<node>${standardXml}${interfaces.join("")}${nodes.join("")}</node>`;
  }
}

const unknown = (what: string, text: string) => new Refusal(`org.freedesktop.DBus.Error.Unknown${what}`, text);

function variant(shape: InterfaceShape, property: string, value: unknown): Variant {
  const signature = shape.properties[property];
  if (signature === undefined) throw new Error(`no signature for the property ${property}`);
  return new dbus.Variant(signature, value);
}

const describe = ({ shape, properties }: ExportedInterface): Record<string, Variant> =>
  Object.fromEntries([...properties].map(([property, value]) => [property, variant(shape, property, value)]));

function introspected(name: string, { methods, properties }: InterfaceShape): string {
  const argument = (direction: string, type: string) =>
    type === "" ? "" : `<arg direction="${direction}" type="${type}"/>`;
  const inputs = (signature: string) =>
    (signature.match(/a\{[^}]*\}|a?[a-z]/g) ?? []).map((type) => argument("in", type)).join("");
  return [
    `<interface name="${name}">`,
    ...Object.entries(methods).map(
      ([method, [input, output]]) => `<method name="${method}">${inputs(input)}${argument("out", output)}</method>`,
    ),
    ...Object.entries(properties).map(
      ([property, type]) => `<property name="${property}" type="${type}" access="readwrite"/>`,
    ),
    "</interface>",
  ].join("");
}

const standardXml = `<interface name="${STANDARD.introspectable}"><method name="Introspect"><arg direction="out" type="s"/></method></interface>
<interface name="${STANDARD.properties}">
<method name="Get"><arg direction="in" type="s"/><arg direction="in" type="s"/><arg direction="out" type="v"/></method>
<method name="Set"><arg direction="in" type="s"/><arg direction="in" type="s"/><arg direction="in" type="v"/></method>
<method name="GetAll"><arg direction="in" type="s"/><arg direction="out" type="a{sv}"/></method>
<signal name="PropertiesChanged"><arg type="s"/><arg type="a{sv}"/><arg type="as"/></signal>
</interface>`;
