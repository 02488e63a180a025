import { describe, expect, test } from "vitest";
import { fill, parseTemplate } from "../../../src/link/simulated/template.ts";
import { wallMs } from "../../../src/measure/time.ts";

const noon = wallMs(Date.UTC(2026, 2, 1, 12));
const hexOf = (text: string, timeZone = "UTC") =>
  Buffer.from(fill(parseTemplate(text) ?? [], noon, timeZone)).toString("hex");

test("hex digits may stand in groups", () => expect(hexOf("16 7c00  56 00")).toBe("167c005600"));

describe("{datetime} is the device's clock as a GATT Date Time", () => {
  test.each([
    ["{datetime}", "ea07030 10c0000"],
    ["{datetime-120s}", "ea07030 10b3a00"],
    ["{datetime+3s}", "ea07030 10c0003"],
    ["{datetime-90min}", "ea07030 10a1e00"],
    ["{datetime-13h}", "ea0702 1c170000"],
    ["{datetime-1d}", "ea0702 1c0c0000"],
  ])("%s", (text, expected) => expect(hexOf(text)).toBe(expected.replaceAll(" ", "")));

  test("between bytes, more than once, in the site's zone", () => {
    expect(hexOf("01 {datetime} 02 {datetime-1h} 03", "Europe/Paris")).toBe("01ea0703010d000002ea0703010c000003");
  });

  test("on the hour that summer time takes away, the clock jumps as the wall clock does", () => {
    const spring = wallMs(Date.UTC(2026, 2, 29, 1, 0, 0)); // 03:00 in Paris; 02:00 was a moment ago 01:59:59
    const filled = fill(parseTemplate("{datetime-1s}{datetime}") ?? [], spring, "Europe/Paris");
    expect(Buffer.from(filled).toString("hex")).toBe("ea07031d013b3bea07031d030000");
  });
});

test.each(["1", "zz", "{date}", "{datetime-5}", "{datetime-5w}", "16 {datetime", "0x16"])("%s is no frame", (text) => {
  expect(parseTemplate(text)).toBeUndefined();
});
