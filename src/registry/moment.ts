/** How well a reading's time is known, for the question whose it was then. */
import type { MeasuredAt } from "../measure/site-time.ts";
import type { Moment } from "./port.ts";

/**
 * The rule, by what measuredAt() says:
 * - a device's time that is believed: then.
 * - no device time, a synchronised gateway: on arrival, for what has no memory is read as it is taken.
 * - a device whose clock is wrong: on arrival or any time *earlier*, for it may have handed over an old reading.
 * - a gateway that is not synchronised: on arrival by its clock or any time *later*, for such a clock stands where it
 *   last stopped.
 * - a stored reading without a believed time: nobody can say.
 *
 * What is uncertain belongs to a person only where it would be theirs at any of these times (attribute.ts).
 */
export function momentOf({ iso, source, synchronised, doubts }: MeasuredAt): Moment | undefined {
  const at = Date.parse(iso);
  if (source === "device") return { at };
  if (doubts.includes("stored-without-time")) return undefined;
  const isDeviceWrong = doubts.some((doubt) => doubt.startsWith("device-clock-"));
  if (isDeviceWrong) return { at, unless: synchronised ? "earlier" : "either" };
  return synchronised ? { at } : { at, unless: "later" };
}
