/** From a driver's decoder to measurements: total, so that no bytes can throw through the house. */
import type { Decoded, Measurement, Provenance } from "../measure/measurement.ts";
import { ByteReader, Truncated } from "./bytes.ts";
import type { DecodeContext, DecodeFrame, Driver } from "./define.ts";
import { implausible } from "./plausible.ts";
import type { Reject } from "./reject.ts";
import { isReject } from "./reject.ts";

/** A decoder that never throws. */
export type Decode = (bytes: Uint8Array, context: DecodeContext) => readonly Decoded[] | Reject;

export function total(decode: DecodeFrame, maxFrame: number): Decode {
  return (bytes, context) => {
    const raw = bytes.slice();
    if (bytes.length > maxFrame) {
      return { reject: "oversized", because: `${bytes.length} bytes, at most ${maxFrame} expected`, raw };
    }
    try {
      const outcome = decode(new ByteReader(bytes), context, bytes);
      return isReject(outcome) ? { ...outcome, raw } : outcome.map(implausible);
    } catch (error) {
      if (error instanceof Truncated) return { reject: "truncated", because: error.message, raw };
      return { reject: "defect", because: error instanceof Error ? `${error.name}: ${error.message}` : "unknown", raw };
    }
  };
}

/** The decoder of one channel of a driver: a characteristic for BLE, the line itself for serial. */
export function decoderOf(driver: Driver, channel: Channel): Decode {
  if (driver.transport === "serial") return channel === "serial" ? driver.decode : unknownChannel(driver, channel);
  return (channel === "serial" ? undefined : driver.channels.get(channel)) ?? unknownChannel(driver, channel);
}

/** A 16-bit characteristic, or the one channel of a serial line. */
export type Channel = number | "serial";

/** `0x2a35` or `serial`. */
export function formatChannel(channel: Channel): string {
  return channel === "serial" ? channel : `0x${channel.toString(16).padStart(4, "0")}`;
}

/** Reads what formatChannel() writes. @returns undefined where the text names no channel. */
export function parseChannel(text: string): Channel | undefined {
  if (text === "serial") return text;
  return /^0x[0-9a-f]{4}$/i.test(text) ? Number(text) : undefined;
}

function unknownChannel(driver: Driver, channel: Channel): Decode {
  return (bytes) => ({
    reject: "unknown-channel",
    because: `${driver.id} does not read ${formatChannel(channel)}`,
    raw: bytes.slice(),
  });
}

/** Decodes one frame as it arrived on a link. */
export function decodeFrame(
  driver: Driver,
  channel: Channel,
  provenance: Omit<Provenance, "driver">,
): readonly Measurement[] | Reject {
  const outcome = decoderOf(driver, channel)(provenance.raw, { device: provenance.device });
  if (isReject(outcome)) return outcome;
  return outcome.map((decoded) => ({ ...decoded, ...provenance, driver: driver.id }));
}
