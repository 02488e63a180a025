/** A capture: bytes, channel and device as they are written on a command line or in a file, and what they decode to. */
import { type Channel, decodeFrame } from "../driver/decode.ts";
import type { Driver } from "../driver/define.ts";
import { FrameCutter } from "../driver/framing.ts";
import type { Reject } from "../driver/reject.ts";
import type { Device, Measurement } from "../measure/measurement.ts";
import type { Instant } from "../measure/time.ts";

/** Hex digits, in either case; spaces, colons, hyphens and a leading `0x` between them. @returns undefined for anything else. */
export function parseHex(text: string): Uint8Array | undefined {
  const digits = text.replace(/0x/gi, " ").replace(/[\s:-]/g, "");
  return /^(?:[0-9a-f]{2})*$/i.test(digits) ? new Uint8Array(Buffer.from(digits, "hex")) : undefined;
}

/** What becomes of bytes from one device, frame by frame. */
export function decodeBytes(
  driver: Driver,
  channel: Channel,
  bytes: Uint8Array,
  device: Device,
  receivedAt: Instant,
): readonly (readonly Measurement[] | Reject)[] {
  return framesOf(driver, channel, bytes).map((frame) =>
    frame instanceof Uint8Array ? decodeFrame(driver, channel, { device, receivedAt, raw: frame }) : frame,
  );
}

/** A device by the little that a capture tells of it. */
export function deviceOf(driver: Driver, address: string | undefined, name: string | undefined): Device {
  const unknown = driver.transport === "ble" ? "00:00:00:00:00:00" : "serial";
  return { address: address ?? unknown, transport: driver.transport, ...(name === undefined ? {} : { name }) };
}

/**
 * The frames that a link would hand to the driver. A characteristic's value is one frame; what came over a serial line is
 * cut as the line is, where the end of the text counts as the end of its last frame.
 */
function framesOf(driver: Driver, channel: Channel, bytes: Uint8Array): readonly (Uint8Array | Reject)[] {
  if (channel !== "serial" || driver.transport !== "serial") return [bytes];
  const cutter = new FrameCutter(driver.framing);
  const cuts = [...cutter.push(bytes), ...cutter.push(Uint8Array.of(driver.framing.terminator))];
  const frames = cuts.map((cut) =>
    "frame" in cut
      ? cut.frame
      : { reject: cut.because, because: `no frame of ${driver.framing.max} bytes at most`, raw: cut.discarded },
  );
  return frames.length === 0 ? [bytes] : frames;
}
