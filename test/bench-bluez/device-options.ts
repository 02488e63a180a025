/** What a bench device is, and what it saw. */
import type { Exporter } from "./exporter.ts";

export interface BenchCharacteristic {
  /** `read`, `write`, `indicate`, `notify`… @default ["indicate"] */
  readonly flags?: readonly string[];
  /** What a read gives, and what a write replaces. */
  readonly value?: Uint8Array;
  /** The error that a write meets: a device that is read-only in spite of what it says. */
  readonly writeError?: string;
  /** What the device makes of a write: a clock that stays where it was. @default the bytes written */
  readonly keeps?: Uint8Array;
}

/** What a device does when it is paired; the agent is asked as bluetoothd asks it. */
export type BenchPairing =
  | { readonly method: "just-works" }
  /** The gateway shows it, and it is typed on the device. */
  | { readonly method: "typed-here"; readonly passkey: number }
  /** The device shows it, and it is typed at the gateway. */
  | { readonly method: "shown-here"; readonly passkey: number }
  /** Both show a number. */
  | { readonly method: "comparison"; readonly passkey: number }
  /** It fails so: `AuthenticationRejected`. */
  | { readonly error: string }
  /** It never ends, but by being cancelled. */
  | { readonly method: "silent" };

export interface BenchDeviceOptions {
  /** `AA:BB:CC:DD:EE:FF` */
  readonly address: string;
  /** The address its object is named by, where it is another one (a resolvable address before the bond). */
  readonly pathAddress?: string;
  readonly name?: string;
  /** Bonded and known from before: its objects stay over disconnects. @default false */
  readonly bonded?: boolean;
  /** 16-bit service → 16-bit characteristic. */
  readonly services: Readonly<Record<number, Readonly<Record<number, BenchCharacteristic>>>>;
  /** @default just-works */
  readonly pairing?: BenchPairing;
  /** What it advertises. @default all its services */
  readonly advertises?: readonly number[];
  /** Milliseconds that the radio needs for a connection. @default 5 */
  readonly connectMs?: number;
  /** ServicesResolved is announced before the objects are (BlueZ issue 1489), by so many milliseconds. @default 0 */
  readonly objectsLateMs?: number;
}

export interface Write {
  readonly service: number;
  readonly channel: number;
  readonly bytes: Uint8Array;
  readonly type: unknown;
}

export const uuid = (short: number): string => `0000${short.toString(16).padStart(4, "0")}-0000-1000-8000-00805f9b34fb`;

/** What the device needs of the bluetoothd that it is exported by; another one after a restart. */
export interface Host {
  readonly exporter: Exporter;
  readonly adapterPath: string;
  /** Asks the registered agent. @throws where it refuses */
  readonly agent: (member: string, signature: string, body: unknown[]) => Promise<unknown[]>;
  /** Whether the adapter scans, and for such a device. */
  readonly hears: (uuids: readonly string[]) => boolean;
}
