import { describe, expect, test } from "vitest";
import { implausible } from "../../src/driver/plausible.ts";
import { Decimal } from "../../src/measure/decimal.ts";
import type { BloodPressure, Decoded } from "../../src/measure/measurement.ts";
import type { MassUnit, PressureUnit, Valued } from "../../src/measure/quantity.ts";

const number = (text: string) => Decimal.parse(text) ?? Decimal.of(0);
const weight = (text: string, unit: MassUnit): Decoded => ({
  kind: "body-weight",
  value: { value: number(text), unit },
  status: ["body-movement"],
});
const pressure = (text: string, unit: PressureUnit): Valued<PressureUnit> => ({ value: number(text), unit });
const cuff = (systolic: Valued<PressureUnit>, diastolic = systolic, mean?: Valued<PressureUnit>): BloodPressure => ({
  kind: "blood-pressure",
  systolic,
  diastolic,
  ...(mean === undefined ? {} : { mean }),
  status: [],
});

const marked = (decoded: Decoded) => implausible(decoded).status.includes("implausible");

describe("a measure that no living person has is marked", () => {
  test.each([
    ["0.39 kg", weight("0.39", "kg")],
    ["500.01 kg", weight("500.01", "kg")],
    ["61 g: the wrong unit", weight("61", "g")],
    ["121 kPa: the wrong unit", cuff(pressure("121", "kPa"))],
    ["a diastolic of 0", cuff(pressure("120", "mm[Hg]"), pressure("0", "mm[Hg]"))],
    ["a mean of 2047", cuff(pressure("120", "mm[Hg]"), pressure("80", "mm[Hg]"), pressure("2047", "mm[Hg]"))],
  ])("%s", (_what, decoded) => expect(marked(decoded)).toBe(true));
});

describe("a measure at the limits is not, nor one without a value", () => {
  test.each([
    ["0.4 kg", weight("0.4", "kg")],
    ["500 kg", weight("500", "kg")],
    ["61 550 g", weight("61550", "g")],
    ["NaN", cuff({ absent: "not-a-number" })],
    ["16 kPa", cuff(pressure("16.0", "kPa"))],
  ])("%s", (_what, decoded) => expect(marked(decoded)).toBe(false));
});

test("marking changes no value and keeps what the device said", () => {
  const sent = weight("900.5", "kg");
  expect(implausible(sent)).toEqual({ ...sent, status: ["body-movement", "implausible"] });
});
