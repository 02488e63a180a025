/** The floating-point types of IEEE 11073-20601 Annex F, as decimals that keep the digits sent. */
import { Decimal } from "../measure/decimal.ts";
import type { AbsentReason, UcumUnit, Valued } from "../measure/quantity.ts";

/** The raw words that are no number. They are compared before anything is computed: 0xF7FF is an ordinary 204.7. */
const sfloatSpecials: Readonly<Record<number, AbsentReason>> = {
  2047: "not-a-number", // 0x07FF
  2048: "not-at-this-resolution", // 0x0800
  2046: "positive-infinity", // 0x07FE
  2050: "negative-infinity", // 0x0802
  2049: "reserved", // 0x0801
};

const floatSpecials: Readonly<Record<number, AbsentReason>> = {
  8388607: "not-a-number", // 0x007FFFFF
  8388608: "not-at-this-resolution", // 0x00800000
  8388606: "positive-infinity", // 0x007FFFFE
  8388610: "negative-infinity", // 0x00800002
  8388609: "reserved", // 0x00800001
};

/** SFLOAT-Type: signed 4-bit exponent, signed 12-bit mantissa. @param raw the 16-bit word. */
export function sfloat<Unit extends UcumUnit>(raw: number, unit: Unit): Valued<Unit> {
  const absent = sfloatSpecials[raw];
  if (absent !== undefined) return { absent };
  return { value: Decimal.of((raw << 20) >> 20, (raw << 16) >> 28), unit };
}

/**
 * FLOAT-Type: signed 8-bit exponent, signed 24-bit mantissa. @param raw the 32-bit word.
 * Exponents outside -20…8 make no measure of a person; the value is then absent as `reserved`.
 */
export function float<Unit extends UcumUnit>(raw: number, unit: Unit): Valued<Unit> {
  const absent = floatSpecials[raw];
  if (absent !== undefined) return { absent };
  const exponent = raw >> 24;
  // 24 bits are 7 digits; 7 + 8 = 15 digits still fit a safe integer.
  if (exponent > 8 || exponent < -20) return { absent: "reserved" };
  return { value: Decimal.of((raw << 8) >> 8, exponent), unit };
}
