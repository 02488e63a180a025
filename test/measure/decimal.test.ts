import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Decimal } from "../../src/measure/decimal.ts";

/** Any decimal that a device can send: a 24-bit mantissa, and one of the scales that people measure in. */
const decimal = fc
  .tuple(fc.integer({ min: -8_388_608, max: 8_388_607 }), fc.integer({ min: 0, max: 8 }))
  .map(([mantissa, scale]) => Decimal.of(mantissa, -scale));

/** `value × 10^digits` as an exact integer, for comparing. */
const exact = (value: Decimal, digits: number) => BigInt(value.unscaled) * 10n ** BigInt(digits - value.scale);

test("what is printed is read back with the same digits", () => {
  fc.assert(
    fc.property(decimal, (value) => {
      expect(Decimal.parse(value.toString())).toEqual(value);
    }),
  );
});

test("a number keeps the digits it was sent with", () => {
  for (const text of ["98.0", "0.00", "-0.5", "36.60", "120", "0.001", "9007199254740991"]) {
    expect(Decimal.parse(text)?.toString()).toBe(text);
  }
});

test("an exponent is taken into the digits", () => {
  expect(Decimal.parse("1.5e2")?.toString()).toBe("150");
  expect(Decimal.parse("15e-3")?.toString()).toBe("0.015");
  expect(Decimal.of(12, 3).toString()).toBe("12000");
  expect(Decimal.of(975, -1).toString()).toBe("97.5");
});

test("there is no minus zero", () => {
  expect(Decimal.parse("-0.0")).toEqual(Decimal.parse("0.0"));
  expect(Decimal.parse("-0.0")?.toString()).toBe("0.0");
  expect(Object.is(Decimal.of(5, 0).scale, 0)).toBe(true);
});

test.each([
  "",
  "1.",
  ".5",
  "1,5",
  "0x1",
  "1e",
  "NaN",
  "Infinity",
  " 1",
  "9007199254740993",
  `0.${"0".repeat(20)}1`,
  "1e99",
])("%j is no decimal", (text) => expect(Decimal.parse(text)).toBeUndefined());

test("any text parses to a decimal or to nothing, and never throws", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-+]?\d*\.?\d*(e[-+]?\d*)?$/)), (text) => {
      const value = Decimal.parse(text);
      if (value !== undefined) expect(value.toNumber()).toBeCloseTo(Number(text), 10);
    }),
  );
});

describe("arithmetic is exact", () => {
  test("plus", () => {
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        expect(exact(a.plus(b), 16)).toBe(exact(a, 16) + exact(b, 16));
      }),
    );
  });

  test("times", () => {
    const factor = fc.tuple(fc.integer({ min: 0, max: 999_999 }), fc.integer({ min: 0, max: 6 }));
    fc.assert(
      fc.property(decimal, factor, (a, [mantissa, scale]) => {
        const b = Decimal.of(mantissa, -scale);
        expect(exact(a.times(b), 32)).toBe(exact(a, 16) * exact(b, 16));
      }),
    );
  });

  test("dividedBy is the nearest decimal, half away from zero", () => {
    fc.assert(
      fc.property(decimal, decimal, fc.integer({ min: 0, max: 6 }), (a, b, scale) => {
        fc.pre(b.unscaled !== 0);
        fc.pre(Math.abs((a.toNumber() / b.toNumber()) * 10 ** scale) < 2 ** 52);
        // |quotient × b − a| ≤ b/2 at the last digit, as integers: 2·|q·B − A·10^scale| ≤ |B|.
        const [numerator, divisor] = [exact(a, 8), exact(b, 8)];
        const quotient = BigInt(a.dividedBy(b, scale).unscaled);
        const error = 2n * (quotient * divisor - numerator * 10n ** BigInt(scale));
        const magnitude = (value: bigint) => (value < 0n ? -value : value);
        expect(magnitude(error) <= magnitude(divisor)).toBe(true);
        if (magnitude(error) === magnitude(divisor))
          expect(magnitude(quotient * divisor) > magnitude(numerator * 10n ** BigInt(scale))).toBe(true);
      }),
    );
  });

  test("rounded widens without loss and narrows half away from zero", () => {
    expect(["0.45", "-0.45", "0.44", "9.95"].map((text) => Decimal.parse(text)?.rounded(1).toString())).toEqual([
      "0.5",
      "-0.5",
      "0.4",
      "10.0",
    ]);
    fc.assert(
      fc.property(decimal, (value) => {
        expect(exact(value.rounded(9), 9)).toBe(exact(value, 9));
      }),
    );
  });
});

test("what does not fit is refused, never rounded", () => {
  const widest = Decimal.of(Number.MAX_SAFE_INTEGER);
  expect(() => widest.times(Decimal.of(2))).toThrow(RangeError);
  expect(() => widest.plus(Decimal.of(1))).toThrow(RangeError);
  expect(() => Decimal.of(0.5)).toThrow(RangeError);
  expect(() => Decimal.of(1, -21)).toThrow(RangeError);
  expect(() => widest.dividedBy(Decimal.of(0), 2)).toThrow(RangeError);
});
