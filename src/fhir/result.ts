/** A value in the unit of its profile, or why there is none. */
import { convert } from "../measure/convert.ts";
import { type AbsentReason, isQuantity, type Quantity, type UcumUnit, type Valued } from "../measure/quantity.ts";
import type { Flavour } from "./port.ts";
import { codeSystems, concept, extensions, UCUM } from "./systems.ts";
import type * as Fhir from "./types.ts";

/** Codes of data-absent-reason; those of the special values as HL7 PHD maps them. */
const absentCodes = {
  "not-a-number": "not-a-number",
  "not-at-this-resolution": "error",
  "positive-infinity": "positive-infinity",
  "negative-infinity": "negative-infinity",
  reserved: "error",
  unsuccessful: "error",
  missing: "unknown",
} as const satisfies Record<AbsentReason, string>;

/** What the profiles want to read where it is not the UCUM code. */
const unitTexts: Partial<Record<UcumUnit, string>> = { "1": "Level", "1/(24.h)": "steps/day" };

/**
 * A reading beyond the device's range says something (a glucose "HI"); any other special value says that nothing was
 * measured.
 */
export function saysSomething(valued: Valued): boolean {
  return isQuantity(valued) || valued.absent === "positive-infinity" || valued.absent === "negative-infinity";
}

/** @returns undefined where the converted value does not fit a decimal. */
export function resultOf(valued: Valued, unit: UcumUnit, flavour: Flavour): Fhir.Result | undefined {
  if (!isQuantity(valued)) {
    return { dataAbsentReason: concept({ system: codeSystems.dataAbsentReason, code: absentCodes[valued.absent] }) };
  }
  const converted = convert(valued, unit);
  if (converted === undefined) return undefined;
  const quantity = quantityOf(converted);
  if (converted === valued || flavour !== "platform") return { valueQuantity: quantity };
  const extension = [{ url: extensions.quantityTranslation, valueQuantity: quantityOf(valued) }];
  return { valueQuantity: { extension, ...quantity } };
}

export function quantityOf({ value, unit }: Quantity): Fhir.Quantity {
  return { value, unit: unitTexts[unit] ?? unit, system: UCUM, code: unit };
}
