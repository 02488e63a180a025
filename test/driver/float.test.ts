import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { float, sfloat } from "../../src/driver/float.ts";
import { isQuantity } from "../../src/measure/quantity.ts";

/** The words of IEEE 11073-20601 that are no number. */
const special16 = new Map([
  [0x07ff, "not-a-number"],
  [0x0800, "not-at-this-resolution"],
  [0x07fe, "positive-infinity"],
  [0x0802, "negative-infinity"],
  [0x0801, "reserved"],
]);
const special32 = new Map([
  [0x007fffff, "not-a-number"],
  [0x00800000, "not-at-this-resolution"],
  [0x007ffffe, "positive-infinity"],
  [0x00800002, "negative-infinity"],
  [0x00800001, "reserved"],
]);

/** Two's complement by subtraction, unlike the shifts of the code under test. */
const signed = (value: number, bits: number) => (value >= 2 ** (bits - 1) ? value - 2 ** bits : value);

/** `mantissa × 10^exponent` written out by moving the point through the digits. */
function written(mantissa: number, exponent: number): string {
  const sign = mantissa < 0 ? "-" : "";
  const digits = String(Math.abs(mantissa));
  if (exponent >= 0) return mantissa === 0 ? "0" : sign + digits + "0".repeat(exponent);
  const padded = digits.padStart(1 - exponent, "0");
  return `${sign}${padded.slice(0, exponent)}.${padded.slice(exponent)}`;
}

test("every 16-bit word is the number of the standard's formula, with its digits, or one of five that are none", () => {
  for (let raw = 0; raw <= 0xffff; raw += 1) {
    const valued = sfloat(raw, "mm[Hg]");
    const found = isQuantity(valued) ? valued.value.toString() : valued.absent;
    const expected = special16.get(raw) ?? written(signed(raw & 0xfff, 12), signed(Math.floor(raw / 0x1000), 4));
    if (found !== expected) expect(`${raw.toString(16)}: ${found}`).toBe(`${raw.toString(16)}: ${expected}`);
  }
});

test("any 32-bit word is the number of the formula, or none where no person has such a measure", () => {
  const word = fc.tuple(fc.integer({ min: 0, max: 0xffffff }), fc.integer({ min: -128, max: 127 }));
  fc.assert(
    fc.property(word, ([mantissa, exponent]) => {
      const raw = (exponent & 0xff) * 0x1000000 + mantissa;
      fc.pre(!special32.has(raw));
      const valued = float(raw, "Cel");
      const found = isQuantity(valued) ? valued.value.toString() : valued.absent;
      const measurable = exponent >= -20 && exponent <= 8;
      expect(found).toBe(measurable ? written(signed(mantissa, 24), exponent) : "reserved");
    }),
    { numRuns: 5_000 },
  );
});

test.each([...special32])("FLOAT 0x%s is no number: %s", (raw, absent) => {
  expect(float(raw, "Cel")).toEqual({ absent });
});

describe("examples with the digits that were sent", () => {
  test.each([
    [0xf3cf, "97.5"],
    [0xf7ff, "204.7"], // the mantissa of NaN at another exponent is an ordinary number
    [0xf4f6, "127.0"],
    [0x0201, "513"],
    [0xfe01, "-51.1"],
  ])("SFLOAT %s is %s", (raw, text) => {
    const valued = sfloat(raw, "mm[Hg]");
    expect(isQuantity(valued) ? valued.value.toString() : valued.absent).toBe(text);
  });

  test.each([
    [0xff000172, "37.0"],
    [0xfe000eb0, "37.60"],
    [0xfb12d687, "12.34567"],
  ])("FLOAT %s is %s", (raw, text) => {
    const valued = float(raw, "Cel");
    expect(isQuantity(valued) ? valued.value.toString() : valued.absent).toBe(text);
  });
});
