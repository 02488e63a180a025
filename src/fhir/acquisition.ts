/** How a reading was acquired, for the platform: times, clocks, quality and the device's own facts, in one extension. */

import { Decimal } from "../measure/decimal.ts";
import type { Measurement } from "../measure/measurement.ts";
import type { MeasuredAt } from "../measure/site-time.ts";
import { extensions, UCUM } from "./systems.ts";
import type { Extension } from "./types.ts";

/** Its parts are described in docs/fhir/StructureDefinition-acquisition.json. */
export function acquisitionExtension(measurement: Measurement, effective: MeasuredAt): Extension {
  const { deviceTime, status, userSlot, sequence, driver } = measurement;
  const parts: Extension[] = [
    { url: "received", valueDateTime: effective.receivedIso },
    { url: "timeSource", valueCode: effective.source },
    { url: "clockSynchronised", valueBoolean: effective.synchronised },
  ];
  if (deviceTime !== undefined) parts.push({ url: "deviceTime", valueString: deviceTime.local });
  if (deviceTime?.utcOffsetMinutes !== undefined) {
    parts.push({ url: "deviceUtcOffset", valueInteger: deviceTime.utcOffsetMinutes });
  }
  if (effective.offsetMs !== undefined) {
    const value = Decimal.of(effective.offsetMs);
    parts.push({ url: "clockOffset", valueQuantity: { value, unit: "ms", system: UCUM, code: "ms" } });
  }
  for (const doubt of effective.doubts) parts.push({ url: "timeDoubt", valueCode: doubt });
  for (const item of status) parts.push({ url: "status", valueCode: item });
  if (userSlot !== undefined) parts.push({ url: "userSlot", valueInteger: userSlot });
  // A sequence number of 32 bits is more than a FHIR integer holds.
  if (sequence !== undefined) parts.push({ url: "sequence", valueString: String(sequence) });
  if (measurement.kind === "glucose") {
    parts.push({ url: "specimen", valueCode: measurement.specimen });
    if (measurement.meal !== undefined) parts.push({ url: "meal", valueCode: measurement.meal });
  }
  if (measurement.kind === "oxygen-saturation" && measurement.modality !== undefined) {
    parts.push({ url: "modality", valueCode: measurement.modality });
  }
  parts.push({ url: "driver", valueString: driver });
  return { url: extensions.acquisition, extension: parts };
}
