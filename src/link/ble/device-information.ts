/** Device Information Service (0x180A), DIS 1.1 §3: what a device says of itself. Pure. */
import type { Device } from "../../measure/measurement.ts";

export const DEVICE_INFORMATION = 0x180a;
export const FIRMWARE_REVISION = 0x2a26;

type Fact = Exclude<keyof Device, "address" | "transport" | "name">;

/** Characteristic → fact, in the order they are read. */
export const deviceInformation: ReadonlyMap<number, Fact> = new Map([
  [0x2a23, "systemId"],
  [0x2a29, "manufacturer"],
  [0x2a24, "model"],
  [0x2a25, "serialNumber"],
  [FIRMWARE_REVISION, "firmware"],
  [0x2a27, "hardware"],
  [0x2a28, "software"],
]);

/** The fact that a characteristic's value states, or undefined where it states none. */
export function factOf(channel: number, bytes: Uint8Array): Partial<Device> {
  const fact = deviceInformation.get(channel);
  const text = fact === "systemId" ? eui64(bytes) : utf8(bytes);
  return fact === undefined || text === undefined || text === "" ? {} : { [fact]: text };
}

/** System ID, DIS 1.1 §3.8: 40 bits the manufacturer gave, then its OUI, least significant byte first. */
function eui64(bytes: Uint8Array): string | undefined {
  if (bytes.length !== 8 || bytes.every((byte) => byte === 0)) return undefined;
  return Buffer.from(bytes).reverse().toString("hex").toUpperCase();
}

/** Many devices pad their strings with zeros, or end them with one. */
function utf8(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString("utf8");
  const end = text.indexOf("\0");
  return (end === -1 ? text : text.slice(0, end)).trim();
}
