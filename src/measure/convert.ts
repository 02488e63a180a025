/**
 * The one place where a value changes its unit, on its way to the unit that its CI-SIS profile asks for.
 *
 * Exact in decimal, rounded once, half away from zero. The digits of the result: the fewest that still tell two
 * neighbouring readings of the device apart, so that the value sent can be computed back. A step of 0.1 °F is 0.056 °C,
 * hence two digits (98.6 °F → 37.00 °C); a step of 0.1 mmol/L is 1.8 mg/dL, hence none (5.5 mmol/L → 99 mg/dL).
 */
import type { Decimal } from "./decimal.ts";
import type { Quantity, UcumUnit } from "./quantity.ts";

/** `target = (source + shift) × numerator / denominator` */
interface Rule {
  readonly from: UcumUnit;
  readonly to: UcumUnit;
  readonly shift?: number;
  readonly numerator: bigint;
  readonly denominator: bigint;
}

const rules: readonly Rule[] = [
  { from: "g", to: "kg", numerator: 1n, denominator: 1000n },
  // The international avoirdupois pound is 0.45359237 kg exactly.
  { from: "[lb_av]", to: "kg", numerator: 45_359_237n, denominator: 100_000_000n },
  { from: "m", to: "cm", numerator: 100n, denominator: 1n },
  // The international inch is 2.54 cm exactly.
  { from: "[in_i]", to: "cm", numerator: 254n, denominator: 100n },
  { from: "[degF]", to: "Cel", shift: -32, numerator: 5n, denominator: 9n },
  // The conventional millimetre of mercury is 133.322387415 Pa exactly (ISO 80000-4).
  { from: "kPa", to: "mm[Hg]", numerator: 1_000_000_000_000n, denominator: 133_322_387_415n },
  // Glucose, C6H12O6, is 180.156 g/mol: 1 mmol/L is 18.0156 mg/dL.
  { from: "mmol/L", to: "mg/dL", numerator: 180_156n, denominator: 10_000n },
];

/**
 * The quantity in another unit; the same object where it has that unit already.
 * @returns undefined where no conversion is known, or the result has more digits than a decimal of ours.
 */
export function convert<Unit extends UcumUnit>(quantity: Quantity, to: Unit): Quantity<Unit> | undefined {
  if (hasUnit(quantity, to)) return quantity;
  const rule = rules.find((known) => known.from === quantity.unit && known.to === to);
  if (rule === undefined) return undefined;
  const value = apply(rule, quantity.value);
  return value === undefined ? undefined : { value, unit: to };
}

function hasUnit<Unit extends UcumUnit>(quantity: Quantity, unit: Unit): quantity is Quantity<Unit> {
  return quantity.unit === unit;
}

function apply({ shift = 0, numerator, denominator }: Rule, value: Decimal): Decimal | undefined {
  const scale = digitsFor(value.scale, numerator, denominator);
  return value.affine(BigInt(shift), numerator, denominator, scale);
}

/** The least `d` with 10^-d ≤ step of the result, which is 10^-scale × numerator / denominator; at most 20. */
function digitsFor(scale: number, numerator: bigint, denominator: bigint): number {
  let digits = 0;
  while (digits < 20 && 10n ** BigInt(scale) * denominator > numerator * 10n ** BigInt(digits)) digits += 1;
  return digits;
}
