/** What no living person measures is kept as sent and marked: never corrected, never dropped. */
import type { Decoded, MeasureKind } from "../measure/measurement.ts";
import { isQuantity, type UcumUnit, type Valued } from "../measure/quantity.ts";

/** Inclusive limits per unit. Wide on purpose: they find a broken sensor or a wrong unit, they are no clinical threshold. */
const limits: Partial<Record<MeasureKind, Partial<Record<UcumUnit, readonly [number, number]>>>> = {
  "blood-pressure": { "mm[Hg]": [10, 350], kPa: [1, 47] },
  "body-temperature": { Cel: [25, 45], "[degF]": [77, 113] },
  "heart-rate": { "/min": [20, 300] },
  "oxygen-saturation": { "%": [1, 100] },
  "body-weight": { kg: [0.4, 500], g: [400, 500_000], "[lb_av]": [0.9, 1100] },
  "body-height": { cm: [20, 260], m: [0.2, 2.6], "[in_i]": [8, 102] },
  "body-mass-index": { "kg/m2": [5, 150] },
  "waist-circumference": { cm: [20, 300], m: [0.2, 3], "[in_i]": [8, 118] },
  "head-circumference": { cm: [15, 80], m: [0.15, 0.8], "[in_i]": [6, 31] },
  glucose: { "mg/dL": [10, 900], "mmol/L": [0.5, 50] },
  hba1c: { "%": [2, 25] },
  "pain-severity": { "1": [0, 10] },
  "steps-by-day": { "1/(24.h)": [0, 200_000] },
  "respiratory-rate": { "/min": [2, 90] },
  "battery-level": { "%": [0, 100] },
};

/** The same measure, with the status `implausible` where one of its values lies outside the limits. */
export function implausible(decoded: Decoded): Decoded {
  const byUnit = limits[decoded.kind];
  const outside = (valued: Valued | undefined) => {
    if (valued === undefined || !isQuantity(valued)) return false;
    const range = byUnit?.[valued.unit];
    const value = valued.value.toNumber();
    return range !== undefined && (value < range[0] || value > range[1]);
  };
  const values: readonly (Valued | undefined)[] =
    decoded.kind === "blood-pressure" ? [decoded.systolic, decoded.diastolic, decoded.mean] : [decoded.value];
  return values.some(outside) ? { ...decoded, status: [...decoded.status, "implausible"] } : decoded;
}
