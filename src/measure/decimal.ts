import { LosslessNumber } from "lossless-json";

/**
 * A decimal number with the digits it was sent with: 98.0 stays 98.0.
 *
 * The value is `unscaled × 10^-scale`. `unscaled` is a safe integer: the widest a device sends is a 24-bit mantissa
 * (IEEE 11073-20601 FLOAT-Type), and a conversion multiplies by at most six digits, well below 2^53.
 */
export class Decimal {
  readonly unscaled: number;
  /** How many digits stand after the point, 0 to 20. */
  readonly scale: number;

  private constructor(unscaled: number, scale: number) {
    if (!Number.isSafeInteger(unscaled) || !Number.isInteger(scale) || scale < 0 || scale > 20) {
      throw new RangeError(`not a decimal: ${unscaled} with scale ${scale}`);
    }
    this.unscaled = unscaled === 0 ? 0 : unscaled; // never -0: `-0.0` and `0.0` are one value
    this.scale = scale;
  }

  /** `mantissa × 10^exponent`, as SFLOAT and FLOAT give it. The exponent decides the digits. */
  static of(mantissa: number, exponent = 0): Decimal {
    return exponent > 0 ? new Decimal(mantissa * 10 ** exponent, 0) : new Decimal(mantissa, 0 - exponent);
  }

  /** Reads `-12.50`, also with an exponent (`1.5e2`). @returns undefined where the text is no decimal number that fits. */
  static parse(text: string): Decimal | undefined {
    const match = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,2}))?$/.exec(text);
    if (match === null) return undefined;
    const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
    const digits = Number(whole + fraction);
    const scale = fraction.length - Number(exponent);
    if (!Number.isSafeInteger(digits) || scale > 20 || scale < -15) return undefined;
    const unscaled = sign === "-" ? -digits : digits;
    const widened = scale < 0 ? unscaled * 10 ** -scale : unscaled;
    return Number.isSafeInteger(widened) ? new Decimal(widened, Math.max(scale, 0)) : undefined;
  }

  /** The product, exact. @throws RangeError where it has more than 15 digits or 20 after the point. */
  times(factor: Decimal): Decimal {
    return new Decimal(this.unscaled * factor.unscaled, this.scale + factor.scale);
  }

  /** The sum, exact. @throws RangeError where it has more than 15 digits. */
  plus(other: Decimal): Decimal {
    const scale = Math.max(this.scale, other.scale);
    return new Decimal(Number(this.widenedTo(scale) + other.widenedTo(scale)), scale);
  }

  /** The quotient with `scale` digits after the point, half away from zero. @throws RangeError on a division by zero. */
  dividedBy(divisor: Decimal, scale: number): Decimal {
    const numerator = BigInt(this.unscaled) * 10n ** BigInt(scale + divisor.scale);
    const denominator = BigInt(divisor.unscaled) * 10n ** BigInt(this.scale);
    return new Decimal(Number(divideHalfAway(numerator, denominator)), scale);
  }

  /**
   * `(value + shift) × numerator / denominator` with `scale` digits after the point, exact, then rounded once, half away
   * from zero. @returns undefined where the result does not fit a decimal.
   */
  affine(shift: bigint, numerator: bigint, denominator: bigint, scale: number): Decimal | undefined {
    const one = 10n ** BigInt(this.scale);
    const shifted = BigInt(this.unscaled) + shift * one;
    const unscaled = Number(divideHalfAway(shifted * numerator * 10n ** BigInt(scale), denominator * one));
    return Number.isSafeInteger(unscaled) ? new Decimal(unscaled, scale) : undefined;
  }

  /** The same value with `scale` digits after the point, half away from zero. */
  rounded(scale: number): Decimal {
    if (scale >= this.scale) return new Decimal(Number(this.widenedTo(scale)), scale);
    const numerator = BigInt(this.unscaled);
    return new Decimal(Number(divideHalfAway(numerator, 10n ** BigInt(this.scale - scale))), scale);
  }

  toNumber(): number {
    return Number(this.toString());
  }

  /** The digits as sent: `98.0`. Never an exponent. */
  toString(): string {
    const digits = Math.abs(this.unscaled)
      .toString()
      .padStart(this.scale + 1, "0");
    const sign = this.unscaled < 0 ? "-" : "";
    if (this.scale === 0) return sign + digits;
    return `${sign}${digits.slice(0, -this.scale)}.${digits.slice(-this.scale)}`;
  }

  /** What the JSON writer of ./json.ts prints: a number with its digits. */
  toJSON(): LosslessNumber {
    return new LosslessNumber(this.toString());
  }

  private widenedTo(scale: number): bigint {
    return BigInt(this.unscaled) * 10n ** BigInt(scale - this.scale);
  }
}

function divideHalfAway(numerator: bigint, denominator: bigint): bigint {
  const negative = numerator < 0n !== denominator < 0n;
  const n = numerator < 0n ? -numerator : numerator;
  const d = denominator < 0n ? -denominator : denominator;
  const quotient = (2n * n + d) / (2n * d);
  return negative ? -quotient : quotient;
}
