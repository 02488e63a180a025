import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { convert } from "../../src/measure/convert.ts";
import { Decimal } from "../../src/measure/decimal.ts";
import type { UcumUnit } from "../../src/measure/quantity.ts";

const written = (digits: string, from: UcumUnit, to: UcumUnit) => {
  const value = Decimal.parse(digits);
  return value === undefined ? undefined : convert({ value, unit: from }, to)?.value.toString();
};

describe("unit conversion", () => {
  it.each([
    ["98.6", "[degF]", "Cel", "37.00"],
    ["98.5", "[degF]", "Cel", "36.94"],
    ["32", "[degF]", "Cel", "0.0"],
    ["-40.0", "[degF]", "Cel", "-40.00"],
    ["150.4", "[lb_av]", "kg", "68.22"],
    ["61550", "g", "kg", "61.550"],
    ["1.75", "m", "cm", "175"],
    ["1.755", "m", "cm", "175.5"],
    ["68.9", "[in_i]", "cm", "175.0"],
    ["18.9", "kPa", "mm[Hg]", "141.8"],
    ["16", "kPa", "mm[Hg]", "120"],
    ["5.5", "mmol/L", "mg/dL", "99"],
    ["7.21", "mmol/L", "mg/dL", "129.9"],
  ] as const)("%s %s is %s %s", (digits, from, to, expected) => {
    expect(written(digits, from, to)).toBe(expected);
  });

  it("leaves a value in its own unit untouched", () => {
    const quantity = { value: Decimal.of(980, -1), unit: "kg" } as const;
    expect(convert(quantity, "kg")).toBe(quantity);
  });

  it("knows no way from one quantity to another", () => {
    expect(written("1", "kg", "cm")).toBeUndefined();
  });

  it("keeps two neighbouring readings apart: the reading can be computed back", () => {
    const pairs = [
      ["[degF]", "Cel", (x: number) => (x * 9) / 5 + 32],
      ["[lb_av]", "kg", (x: number) => x / 0.45359237],
      ["kPa", "mm[Hg]", (x: number) => x * 0.133322387415],
      ["mmol/L", "mg/dL", (x: number) => x / 18.0156],
      ["[in_i]", "cm", (x: number) => x / 2.54],
    ] as const;
    const reading = fc.record({ unscaled: fc.integer({ min: 0, max: 99_999 }), scale: fc.integer({ min: 0, max: 3 }) });
    fc.assert(
      fc.property(reading, fc.constantFrom(...pairs), ({ unscaled, scale }, [from, to, back]) => {
        const value = Decimal.of(unscaled, -scale);
        const converted = convert({ value, unit: from }, to);
        expect(converted && back(converted.value.toNumber()).toFixed(scale)).toBe(value.toString());
      }),
    );
  });

  it("says so, and does not throw, where the result has too many digits", () => {
    expect(written("900000000000000", "m", "cm")).toBeUndefined();
  });
});
