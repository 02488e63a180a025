/** The signals of BlueZ and of the bus that we follow, read from their D-Bus form. Pure. */
import { z } from "zod";

export const DAEMON = "org.freedesktop.DBus";
export const PROPERTIES = "org.freedesktop.DBus.Properties";
export const OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager";

/** The properties of an object, by interface. */
export type Interfaces = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export type BluezSignal =
  /** Another bluetoothd, or (`""`) none. */
  | { readonly type: "owner"; readonly owner: string }
  | { readonly type: "added"; readonly path: string; readonly interfaces: Interfaces }
  | { readonly type: "removed"; readonly path: string; readonly interfaces: readonly string[] }
  | {
      readonly type: "changed";
      readonly path: string;
      readonly interface: string;
      readonly values: Readonly<Record<string, unknown>>;
    };

const record = z.record(z.string(), z.unknown());
const ownerChanged = z.tuple([z.string(), z.string(), z.string()]);
const interfacesAdded = z.tuple([z.string(), z.record(z.string(), record)]);
const interfacesRemoved = z.tuple([z.string(), z.array(z.string())]);
const propertiesChanged = z.tuple([z.string(), record, z.array(z.string())]);

/** A signal as it came, its variants unwrapped. @returns undefined where it is none of these. */
export function parseSignal(path: string, name: string, member: string, body: unknown): BluezSignal | undefined {
  switch (`${name}.${member}`) {
    case `${DAEMON}.NameOwnerChanged`: {
      const { data } = ownerChanged.safeParse(body);
      return data?.[0] === "org.bluez" ? { type: "owner", owner: data[2] } : undefined;
    }
    case `${PROPERTIES}.PropertiesChanged`: {
      const { data } = propertiesChanged.safeParse(body);
      return data && { type: "changed", path, interface: data[0], values: data[1] };
    }
    case `${OBJECT_MANAGER}.InterfacesAdded`: {
      const { data } = interfacesAdded.safeParse(body);
      return data && { type: "added", path: data[0], interfaces: data[1] };
    }
    case `${OBJECT_MANAGER}.InterfacesRemoved`: {
      const { data } = interfacesRemoved.safeParse(body);
      return data && { type: "removed", path: data[0], interfaces: data[1] };
    }
    default:
      return undefined;
  }
}
