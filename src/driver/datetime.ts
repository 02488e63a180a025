/** GATT Date Time (0x2A08): year u16, month, day, hours, minutes, seconds. Seven bytes, the device's local wall clock. */
import type { DeviceTime, WallMs } from "../measure/time.ts";
import type { ByteReader } from "./bytes.ts";

const two = (value: number) => value.toString().padStart(2, "0");

/**
 * Reads a Date Time.
 * @returns undefined where the device says that it does not know (year, month or day 0) or the date is in no calendar:
 * a measure without a usable time of its own is still a measure.
 */
export function readDateTime(reader: ByteReader): DeviceTime | undefined {
  const [year, month, day] = [reader.u16(), reader.u8(), reader.u8()];
  const [hours, minutes, seconds] = [reader.u8(), reader.u8(), reader.u8()];
  if (year < 1582 || year > 9999 || hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const date = new Date(Date.UTC(year, month - 1, day));
  if (month === 0 || day === 0 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return { local: `${year}-${two(month)}-${two(day)}T${two(hours)}:${two(minutes)}:${two(seconds)}` };
}

/** What the wall clock of a site says: `YYYY-MM-DDThh:mm:ss`. @param timeZone IANA name. @throws RangeError on an unknown zone. */
export function localTime(wall: WallMs, timeZone: string): string {
  // Swedish writes `2026-08-11 20:57:00`, the ISO order, in 24 hours.
  return new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" })
    .format(wall)
    .replace(" ", "T");
}

/**
 * Writes a Date Time: what a gateway sets a device's clock with.
 * @param local the site's wall clock, as localTime() gives it: a board often runs in UTC, its residents do not.
 */
export function encodeDateTime(local: string): Uint8Array {
  const at = new Date(`${local}Z`); // the zone's hours are counted as UTC's, to take them apart
  const year = at.getUTCFullYear();
  return Uint8Array.of(
    year & 0xff,
    year >> 8,
    at.getUTCMonth() + 1,
    at.getUTCDate(),
    at.getUTCHours(),
    at.getUTCMinutes(),
    at.getUTCSeconds(),
  );
}

/**
 * Current Time (0x2A2B): a Date Time, the day of the week (1 Monday … 7 Sunday), 1/256 s, the reason of the adjustment
 * (0x02: an external reference set it). CTS 1.1 §3.1.
 */
export function encodeCurrentTime(local: string): Uint8Array {
  const weekday = new Date(`${local}Z`).getUTCDay() || 7;
  return Uint8Array.of(...encodeDateTime(local), weekday, 0, 0x02);
}
