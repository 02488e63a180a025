import type { Decimal } from "./decimal.ts";

/** Every unit a device of ours may send, as UCUM code (https://ucum.org, case-sensitive form). */
export type UcumUnit =
  | MassUnit
  | LengthUnit
  | PressureUnit
  | TemperatureUnit
  | RateUnit
  | GlucoseUnit
  | "kg/m2"
  | "%"
  | "1"
  | "{steps}"
  | "1/(24.h)";

export type MassUnit = "kg" | "g" | "[lb_av]";
export type LengthUnit = "cm" | "m" | "[in_i]";
export type PressureUnit = "mm[Hg]" | "kPa";
export type TemperatureUnit = "Cel" | "[degF]";
export type RateUnit = "/min";
export type GlucoseUnit = "mg/dL" | "mmol/L";

/** A number with its unit, as the device gave them: never a bare number, never a converted one. */
export interface Quantity<Unit extends UcumUnit = UcumUnit> {
  readonly value: Decimal;
  readonly unit: Unit;
}

/**
 * Why there is no number. The first five are the special values of IEEE 11073-20601 (SFLOAT-Type, FLOAT-Type);
 * `unsuccessful` is what GATT scales send for a weighing that failed (0xFFFF), `missing` what serial devices print as dashes.
 */
export const absentReasons = [
  "not-a-number",
  "not-at-this-resolution",
  "positive-infinity",
  "negative-infinity",
  "reserved",
  "unsuccessful",
  "missing",
] as const;
export type AbsentReason = (typeof absentReasons)[number];

export interface Absent {
  readonly absent: AbsentReason;
}

/** A value, or "no value, because …". */
export type Valued<Unit extends UcumUnit = UcumUnit> = Quantity<Unit> | Absent;

export function isQuantity<Unit extends UcumUnit>(valued: Valued<Unit>): valued is Quantity<Unit> {
  return "value" in valued;
}
