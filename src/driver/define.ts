/**
 * The driver API. A driver is data and pure functions: how to recognise a device, how to prepare it, how to decode it.
 * What lives across packets lives in the link's session, never here.
 */
import type { Specialization } from "../measure/codes.ts";
import type { Decoded, Device, MeasureKind } from "../measure/measurement.ts";
import type { ByteReader } from "./bytes.ts";
import { type Decode, total } from "./decode.ts";
import type { Framing } from "./framing.ts";
import type { Reject } from "./reject.ts";

/** What a decoder may know besides the bytes. */
export interface DecodeContext {
  readonly device: Partial<Device>;
}

/** A pure decoder as a driver writes it: one frame in, its measures out, or why there are none. */
export type DecodeFrame = (
  frame: ByteReader,
  context: DecodeContext,
  bytes: Uint8Array,
) => readonly Decoded[] | Omit<Reject, "raw">;

interface DriverFacts {
  /** Stable, kebab-case: what `vigie decode` and the journal name it by. */
  readonly id: string;
  readonly title: string;
  /** The document it was written from, with version and clause. */
  readonly source: string;
  /** Unique over all drivers; the higher one is asked first. Vendor drivers 50…99, generic ones 10…49. */
  readonly priority: number;
  /** MDC code of the device kind. */
  readonly specialization: Specialization;
  /** What it can yield. */
  readonly kinds: readonly MeasureKind[];
  /** Devices with vectors behind them; empty means "from the specification". */
  readonly tested: readonly string[];
}

/** What to do after connecting, in order, before anything is subscribed. A step that the device does not offer is passed over. */
export type PrepareStep =
  /** Write Current Time (0x2A2B) in the Current Time Service. */
  | { readonly step: "set-current-time" }
  /** Write Date Time (0x2A08) inside the measuring service, as A&D and Roche want it. */
  | { readonly step: "set-date-time"; readonly service: number }
  /** Read manufacturer, model, serial number, revisions and System ID (0x180A). */
  | { readonly step: "read-device-information" };

export const setCurrentTime: PrepareStep = { step: "set-current-time" };
export const setDateTime = (service: number): PrepareStep => ({ step: "set-date-time", service });
export const readDeviceInformation: PrepareStep = { step: "read-device-information" };

export interface BleMatch {
  /** 16-bit GATT services that the device advertises or offers; any of them is enough. */
  readonly services: readonly number[];
  readonly name?: RegExp;
}

interface BleDriverSource extends DriverFacts {
  readonly match: BleMatch;
  readonly prepare: readonly PrepareStep[];
  /** 16-bit characteristic → decoder. All are subscribed (notify or indicate). */
  readonly channels: Readonly<Record<number, DecodeFrame>>;
  /** The longest frame of any channel, bytes. @default 512 (the ATT maximum of an attribute value) */
  readonly maxFrame?: number;
}

export interface BleDriver extends Omit<BleDriverSource, "channels"> {
  readonly transport: "ble";
  readonly channels: ReadonlyMap<number, Decode>;
}

/** How the port is set. */
export interface LineSettings {
  readonly baudRate: number;
  readonly dataBits: 7 | 8;
  readonly parity: "none" | "even" | "odd";
  readonly stopBits: 1 | 2;
}

interface SerialDriverSource extends DriverFacts {
  readonly line: LineSettings;
  readonly framing: Framing;
  readonly decode: DecodeFrame;
  /**
   * A device in stream mode repeats one settled reading. Equal readings that follow each other within this time are one
   * measure; an unsettled frame, another value or a longer silence begins a new one. Not for a device that expects an
   * answer: what such a device sends again, it wants answered again.
   */
  readonly repeatsWithinMs?: number;
  /** Bytes that tell the device its frame was kept (written only after the journal has it) or was refused. */
  readonly acknowledge?: { readonly kept: Uint8Array; readonly refused: Uint8Array };
}

export interface SerialDriver extends Omit<SerialDriverSource, "decode"> {
  readonly transport: "serial";
  readonly decode: Decode;
}

export type Driver = BleDriver | SerialDriver;

/** Defines the driver of a Bluetooth LE device family. Decoders become total: they reject, and never throw. */
export function defineBleDriver(source: BleDriverSource): BleDriver {
  const maxFrame = source.maxFrame ?? 512;
  const channels = Object.entries(source.channels).map(
    ([uuid, decode]) => [Number(uuid), total(decode, maxFrame)] as const,
  );
  return { ...source, transport: "ble", channels: new Map(channels) };
}

/** Defines the driver of a serial device family. @throws RangeError where it has both `repeatsWithinMs` and `acknowledge`. */
export function defineSerialDriver(source: SerialDriverSource): SerialDriver {
  if (source.repeatsWithinMs !== undefined && source.acknowledge !== undefined) {
    throw new RangeError(`${source.id}: a device that expects an answer does not stream`);
  }
  return { ...source, transport: "serial", decode: total(source.decode, source.framing.max) };
}
