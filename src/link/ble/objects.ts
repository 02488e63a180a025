/** What BlueZ has on D-Bus, as its own signals told it. Pure: it is told, it asks nobody. */
import { z } from "zod";
import { shortOf, shortsOf } from "./uuid.ts";

export const ADAPTER = "org.bluez.Adapter1";
export const DEVICE = "org.bluez.Device1";
export const SERVICE = "org.bluez.GattService1";
export const CHARACTERISTIC = "org.bluez.GattCharacteristic1";

type Properties = Readonly<Record<string, unknown>>;

export interface AdapterObject {
  readonly path: string;
  readonly powered: boolean;
  readonly discovering: boolean;
}

export interface DeviceObject {
  readonly path: string;
  readonly adapter: string;
  /** `AA:BB:CC:DD:EE:FF`, the identity address once bonded. The path keeps the first address and is no key. */
  readonly address: string;
  readonly name: string | undefined;
  readonly connected: boolean;
  readonly servicesResolved: boolean;
  readonly bonded: boolean;
  readonly trusted: boolean;
  /** Signal strength in dBm, as it was last heard. */
  readonly rssi: number | undefined;
  /** 16-bit services, advertised or found. */
  readonly services: readonly number[];
}

export interface CharacteristicObject {
  readonly path: string;
  readonly service: number | undefined;
  readonly channel: number | undefined;
  /** `read`, `write`, `notify`, `indicate`… */
  readonly flags: readonly string[];
}

/** Path → interface → property → value. */
const managed = z.record(z.string(), z.record(z.string(), z.record(z.string(), z.unknown())));

const adapterProperties = z.object({ Powered: z.boolean().default(false), Discovering: z.boolean().default(false) });
const deviceProperties = z.object({
  Address: z.string(),
  Name: z.string().optional(),
  Adapter: z.string(),
  Connected: z.boolean().default(false),
  ServicesResolved: z.boolean().default(false),
  Paired: z.boolean().default(false),
  /** BlueZ before 5.65 has only `Paired`. */
  Bonded: z.boolean().optional(),
  Trusted: z.boolean().default(false),
  /** 127 is "not known" (Core Vol 4 Part E §7.7.65.2). */
  RSSI: z.number().optional(),
  UUIDs: z.array(z.string()).default([]),
});
const serviceProperties = z.object({ UUID: z.string() });
const characteristicProperties = z.object({
  UUID: z.string(),
  Service: z.string(),
  Flags: z.array(z.string()).default([]),
});

export class BluezObjects {
  #objects = new Map<string, Map<string, Properties>>();
  readonly #watchers = new Set<() => void>();

  /** Takes the whole answer of GetManagedObjects. @throws where it is none (without its words: they hold addresses). */
  replace(answer: unknown): void {
    const { data } = managed.safeParse(answer);
    if (data === undefined) throw new Error("not the objects of an ObjectManager");
    this.#objects = new Map(Object.entries(data).map(([path, object]) => [path, new Map(Object.entries(object))]));
    this.#told();
  }

  /** BlueZ is gone, and so is all it had. */
  clear(): void {
    this.#objects = new Map();
    this.#told();
  }

  /** InterfacesAdded. */
  added(path: string, interfaces: Readonly<Record<string, Properties>>): void {
    const object = this.#objects.get(path) ?? new Map<string, Properties>();
    for (const [name, values] of Object.entries(interfaces)) object.set(name, values);
    this.#objects.set(path, object);
    this.#told();
  }

  /** InterfacesRemoved. */
  removed(path: string, names: readonly string[]): void {
    const object = this.#objects.get(path);
    for (const name of names) object?.delete(name);
    if (object?.size === 0) this.#objects.delete(path);
    this.#told();
  }

  /** PropertiesChanged, of an object that we know. */
  changed(path: string, name: string, values: Properties): void {
    const object = this.#objects.get(path);
    const before = object?.get(name);
    if (object === undefined || before === undefined) return;
    object.set(name, { ...before, ...values });
    this.#told();
  }

  /** Calls back after each change, until the function it gives is called. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  get adapters(): readonly AdapterObject[] {
    return this.#paths(ADAPTER).flatMap((path) => this.adapter(path) ?? []);
  }

  adapter(path: string): AdapterObject | undefined {
    const parsed = this.#parse(path, ADAPTER, adapterProperties);
    return parsed && { path, powered: parsed.Powered, discovering: parsed.Discovering };
  }

  get devices(): readonly DeviceObject[] {
    return this.#paths(DEVICE).flatMap((path) => this.device(path) ?? []);
  }

  device(path: string): DeviceObject | undefined {
    const parsed = this.#parse(path, DEVICE, deviceProperties);
    return (
      parsed && {
        path,
        adapter: parsed.Adapter,
        address: parsed.Address.toUpperCase(),
        name: parsed.Name,
        connected: parsed.Connected,
        servicesResolved: parsed.ServicesResolved,
        bonded: parsed.Bonded ?? parsed.Paired,
        trusted: parsed.Trusted,
        rssi: parsed.RSSI === 127 ? undefined : parsed.RSSI,
        services: shortsOf(parsed.UUIDs),
      }
    );
  }

  characteristic(path: string): CharacteristicObject | undefined {
    const parsed = this.#parse(path, CHARACTERISTIC, characteristicProperties);
    if (parsed === undefined) return undefined;
    const service = this.#parse(parsed.Service, SERVICE, serviceProperties);
    return { path, service: service && shortOf(service.UUID), channel: shortOf(parsed.UUID), flags: parsed.Flags };
  }

  /** The characteristics of a device, in the order of their handles. */
  characteristics(devicePath: string): readonly CharacteristicObject[] {
    return this.#paths(CHARACTERISTIC)
      .filter((path) => path.startsWith(`${devicePath}/`))
      .sort()
      .flatMap((path) => this.characteristic(path) ?? []);
  }

  #paths(name: string): string[] {
    return [...this.#objects].filter(([, object]) => object.has(name)).map(([path]) => path);
  }

  /** An object that does not look as BlueZ documents it is none: nothing can be done with it. */
  #parse<Schema extends z.ZodType>(path: string, name: string, schema: Schema): z.output<Schema> | undefined {
    const values = this.#objects.get(path)?.get(name);
    return values === undefined ? undefined : schema.safeParse(values).data;
  }

  #told(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}

/** `/org/bluez/hci0/dev_…` of anything that stands below a device, or undefined. */
export function devicePathOf(path: string): string | undefined {
  return /^\/org\/bluez\/[^/]+\/dev_[^/]+/.exec(path)?.[0];
}
