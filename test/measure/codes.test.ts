import { expect, test } from "vitest";
import { drivers } from "../../drivers/all.ts";
import { bloodPressureCodes, codes, heartRateMdc, specializations, titleOf } from "../../src/measure/codes.ts";
import { heartRateMethods } from "../../src/measure/measurement.ts";

const all = [...Object.values(codes), { ...bloodPressureCodes.panel, ...bloodPressureCodes }];

test("every LOINC code has its check digit (mod 10, LOINC Users' Guide)", () => {
  const { systolic, diastolic, mean, panel } = bloodPressureCodes;
  for (const { loinc } of [...Object.values(codes), systolic, diastolic, mean, panel]) {
    const [number = "", check] = loinc.split("-");
    // Luhn: from the right, every other digit doubled, the digits of all products added up.
    const sum = [...number]
      .reverse()
      .map((digit, index) => Number(digit) * (index % 2 === 0 ? 2 : 1))
      .reduce((total, product) => total + Math.floor(product / 10) + (product % 10), 0);
    expect(`${number}-${(10 - (sum % 10)) % 10}`).toBe(`${number}-${check}`);
  }
});

test("no two kinds share a LOINC code", () => {
  const used = Object.values(codes).map(({ loinc }) => loinc);
  expect(new Set(used).size).toBe(used.length);
});

test("the unit of the profile is one that a device may send", () => {
  for (const { ucum, units } of all) expect(units).toContain(ucum);
});

test("MDC codes lie in the partitions of measures (2 SCADA, 128 PHD_DM, 129 PHD_HF) or are not given", () => {
  for (const { mdc } of Object.values(codes)) expect([0, 2, 128, 129]).toContain(mdc >> 16);
  for (const method of heartRateMethods) expect(heartRateMdc[method] >> 16).toBe(2);
});

test("a driver's kind of device and its measures have names", () => {
  for (const { specialization, kinds } of drivers) {
    expect(specializations[specialization]).toBeDefined();
    for (const kind of kinds) expect(titleOf(kind).fr).not.toBe("");
  }
});

test("device kinds are MDC codes of partition 8 (infrastructure)", () => {
  for (const code of Object.keys(specializations)) expect(Number(code) >> 16).toBe(8);
});
