/**
 * When a measure was taken: the device's wall clock and the site's zone against the gateway's clock. Nothing is dropped
 * for its time; what was not believed is said, and travels.
 */
import type { Measurement } from "./measurement.ts";
import { type DeviceTime, type Milliseconds, ms } from "./time.ts";

/** Why a time deserves a second look. */
export const timeDoubts = [
  /** The device's time lay ahead of a synchronised gateway by more than five minutes: its clock is wrong. */
  "device-clock-ahead",
  /** The device's time lay more than a year back: its clock was never set, or was reset. */
  "device-clock-behind",
  /** The device itself says that its clock is not set, or its date is in no calendar. */
  "device-clock-not-set",
  /** A stored reading whose own time is unknown or not believed: it was taken some time before it arrived. */
  "stored-without-time",
  /** The gateway's clock was not synchronised when the reading arrived. */
  "gateway-not-synchronised",
  /** The hour that the end of summer time repeats: two instants fit. */
  "ambiguous-local-time",
  /** The hour that the start of summer time leaves out: the device had not put its clock forward. */
  "inexistent-local-time",
] as const;
export type TimeDoubt = (typeof timeDoubts)[number];

export interface MeasuredAt {
  /** `YYYY-MM-DDThh:mm:ss+hh:mm`: the time that the measure is filed under. */
  readonly iso: string;
  /** Whose clock it was read from. */
  readonly source: "device" | "gateway";
  /** When the reading reached the gateway, by the gateway's clock. */
  readonly receivedIso: string;
  /** The device's time less the gateway's at arrival: a clock's error, or (negative) the age of a stored reading. */
  readonly offsetMs?: Milliseconds;
  /** Whether the gateway's clock was synchronised at arrival. */
  readonly synchronised: boolean;
  readonly doubts: readonly TimeDoubt[];
}

/** Two clocks that are both right differ by this much at most: a device shows minutes, and its quartz drifts. */
const CLOCK_TOLERANCE = ms(5 * 60_000);
/** Meters keep readings for months; a date further back than a year (366 days) is a clock's factory default. */
const OLDEST_READING = ms(366 * 86_400_000);

/** What to make of a device's time, by how far it lies from the time of arrival. */
export type ClockVerdict = "believed" | "ahead" | "behind";

/**
 * The rule. A device's time is believed
 * - up to five minutes ahead of a synchronised gateway: a reading cannot come from the future;
 * - up to a year behind: a device with a memory hands over old readings, and filing them as "now" would show an old
 *   weight as today's. A clock that is merely slow is filed a little early, and the offset travels;
 * - any time ahead of a gateway that is *not* synchronised: such a clock stands where it last stopped, so it is behind.
 *
 * @param offset the device's time less the gateway's at arrival.
 */
export function judgeClock(offset: Milliseconds, synchronised: boolean): ClockVerdict {
  if (offset > CLOCK_TOLERANCE && synchronised) return "ahead";
  return offset < -OLDEST_READING ? "behind" : "believed";
}

/**
 * The time to file a measurement under. Computed once, when the reading arrives; its identity never depends on it.
 *
 * @param timeZone IANA zone of the site, in which a device without a zone of its own shows its time.
 * @throws RangeError for a zone that is none.
 */
export function measuredAt(
  measurement: Pick<Measurement, "deviceTime" | "receivedAt" | "status">,
  timeZone: string,
): MeasuredAt {
  const { deviceTime, receivedAt, status } = measurement;
  const { wall, synchronised } = receivedAt;
  const receivedIso = siteIso(wall, timeZone);
  const resolved = deviceTime === undefined ? undefined : resolve(deviceTime, timeZone, wall);
  const doubts: TimeDoubt[] = synchronised ? [] : ["gateway-not-synchronised"];
  const gateway = { iso: receivedIso, source: "gateway", receivedIso, synchronised } as const;

  const stored = status.includes("from-storage") ? (["stored-without-time"] as const) : [];
  if (status.includes("device-clock-not-set") || (deviceTime !== undefined && resolved === undefined)) {
    return { ...gateway, doubts: [...doubts, "device-clock-not-set", ...stored] };
  }
  if (resolved === undefined) return { ...gateway, doubts: [...doubts, ...stored] };

  const offsetMs = ms(resolved.instant - wall);
  const verdict = judgeClock(offsetMs, synchronised);
  if (verdict !== "believed") {
    return { ...gateway, offsetMs, doubts: [...doubts, `device-clock-${verdict}`, ...stored] };
  }
  const iso = isoAt(resolved.instant, resolved.offset);
  return { ...gateway, iso, source: "device", offsetMs, doubts: [...doubts, ...resolved.doubts] };
}

interface Resolved {
  readonly instant: number;
  /** Minutes east of UTC. */
  readonly offset: number;
  readonly doubts: readonly TimeDoubt[];
}

/**
 * A wall clock's local time as an instant. Of two that fit, the later one that had already passed when the reading
 * arrived; of none, what a clock that was not put forward shows.
 */
function resolve({ local, utcOffsetMinutes }: DeviceTime, timeZone: string, arrival: number): Resolved | undefined {
  const asUtc = Date.parse(`${local}Z`);
  if (Number.isNaN(asUtc) || new Date(asUtc).toISOString().slice(0, 19) !== local) return undefined;
  const at = (offset: number) => asUtc - offset * MINUTE;
  if (utcOffsetMinutes !== undefined) {
    if (Math.abs(utcOffsetMinutes) > WIDEST_OFFSET) return undefined;
    return { instant: at(utcOffsetMinutes), offset: utcOffsetMinutes, doubts: [] };
  }
  const before = offsetMinutes(asUtc - DAY, timeZone);
  const after = offsetMinutes(asUtc + DAY, timeZone);
  const fitting = [...new Set([before, after])].filter((offset) => offsetMinutes(at(offset), timeZone) === offset);
  const [first, second] = fitting;
  if (first === undefined) return { instant: at(before), offset: before, doubts: ["inexistent-local-time"] };
  if (second === undefined) return { instant: at(first), offset: first, doubts: [] };
  const [early, late] = at(first) < at(second) ? [first, second] : [second, first];
  const offset = at(late) <= arrival + CLOCK_TOLERANCE ? late : early;
  return { instant: at(offset), offset, doubts: ["ambiguous-local-time"] };
}

const MINUTE = 60_000;
const DAY = 86_400_000;
/** FHIR and ISO 8601 as used know offsets up to 14 hours. */
const WIDEST_OFFSET = 14 * 60;

const formats = new Map<string, Intl.DateTimeFormat>();

/** How far a zone's wall clocks stand east of UTC at an instant, in minutes. */
function offsetMinutes(instant: number, timeZone: string): number {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" });
    formats.set(timeZone, format);
  }
  // `11/21/2026, GMT+01:00`; UTC itself is `GMT`.
  const [, sign, hours, minutes] = /GMT([+-])(\d\d):(\d\d)/.exec(format.format(instant)) ?? [];
  if (sign === undefined) return 0;
  const east = Number(hours) * 60 + Number(minutes);
  return sign === "-" ? -east : east;
}

/** An instant as a wall clock with that offset shows it, to the second. */
function isoAt(instant: number, offset: number): string {
  const local = new Date(instant + offset * MINUTE).toISOString().slice(0, 19);
  const two = (value: number) => value.toString().padStart(2, "0");
  const east = Math.abs(offset);
  return `${local}${offset < 0 ? "-" : "+"}${two(Math.floor(east / 60))}:${two(east % 60)}`;
}

/** An instant as the site's wall clocks show it, to the second. @throws RangeError for a zone that is none. */
export function siteIso(instant: number, timeZone: string): string {
  return isoAt(instant, offsetMinutes(instant, timeZone));
}

/**
 * A device's wall clock with the offset of its own zone, else of the site's.
 * @param arrival when it was read: it tells the two hours at the end of summer time apart.
 * @returns undefined where it shows a time that is in no calendar.
 */
export function deviceIso(deviceTime: DeviceTime, timeZone: string, arrival: number): string | undefined {
  const resolved = resolve(deviceTime, timeZone, arrival);
  return resolved === undefined ? undefined : isoAt(resolved.instant, resolved.offset);
}
