import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteReader } from "../../src/driver/bytes.ts";
import { encodeCurrentTime, encodeDateTime, localTime, readDateTime } from "../../src/driver/datetime.ts";
import { wallMs } from "../../src/measure/time.ts";

const read = (...bytes: number[]) => readDateTime(new ByteReader(Uint8Array.from(bytes)))?.local;

test("a Date Time is the device's own wall clock, without a zone", () => {
  expect(read(0xe2, 0x07, 4, 17, 15, 51, 0)).toBe("2018-04-17T15:51:00");
  expect(read(0xe8, 0x07, 2, 29, 23, 59, 59)).toBe("2024-02-29T23:59:59");
});

describe("a date that the device does not know, or that is in no calendar, is none", () => {
  test.each([
    ["year unknown", [0, 0, 4, 17, 15, 51, 0]],
    ["month unknown", [0xe2, 0x07, 0, 17, 15, 51, 0]],
    ["day unknown", [0xe2, 0x07, 4, 0, 15, 51, 0]],
    ["before the Gregorian calendar", [0x2d, 0x06, 4, 17, 15, 51, 0]],
    ["February 29 of a common year", [0xe9, 0x07, 2, 29, 0, 0, 0]],
    ["April 31", [0xe2, 0x07, 4, 31, 0, 0, 0]],
    ["month 13", [0xe2, 0x07, 13, 1, 0, 0, 0]],
    ["24 h", [0xe2, 0x07, 4, 17, 24, 0, 0]],
    ["60 min", [0xe2, 0x07, 4, 17, 0, 60, 0]],
    ["60 s", [0xe2, 0x07, 4, 17, 0, 0, 60]],
    ["all ones", [255, 255, 255, 255, 255, 255, 255]],
  ])("%s", (_what, bytes) => expect(read(...bytes)).toBeUndefined());
});

test("what is written to a device's clock is what it would send back", () => {
  const date = fc.date({ min: new Date("1582-01-01"), max: new Date("9999-12-31"), noInvalidDate: true });
  fc.assert(
    fc.property(date, (at) => {
      const local = at.toISOString().slice(0, 19);
      expect(readDateTime(new ByteReader(encodeDateTime(local)))).toEqual({ local });
    }),
  );
});

test("Current Time adds the day of the week, Monday first, no fraction, and that a reference set it", () => {
  expect([...encodeCurrentTime("2026-03-01T12:00:00")]).toEqual([0xea, 0x07, 3, 1, 12, 0, 0, 7, 0, 2]); // a Sunday
  expect([...encodeCurrentTime("2026-03-02T12:00:00")].slice(7)).toEqual([1, 0, 2]);
});

describe("the clock of a device is set to the site's zone, whatever the board's is", () => {
  test.each([
    ["Europe/Paris", "2026-07-01T22:30:00Z", "2026-07-02T00:30:00"],
    ["Europe/Paris", "2026-01-01T22:30:00Z", "2026-01-01T23:30:00"],
    ["Indian/Reunion", "2026-01-01T22:30:00Z", "2026-01-02T02:30:00"],
    ["America/Cayenne", "2026-01-01T00:00:00Z", "2025-12-31T21:00:00"],
  ])("%s %s", (zone, utc, local) => expect(localTime(wallMs(Date.parse(utc)), zone)).toBe(local));

  test("a zone that there is not is a RangeError", () => {
    expect(() => localTime(wallMs(0), "Europe/Atlantis")).toThrow(RangeError);
  });
});
