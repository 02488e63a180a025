import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Status } from "../../src/measure/measurement.ts";
import { judgeClock, measuredAt } from "../../src/measure/site-time.ts";
import { type DeviceTime, ms, wallMs } from "../../src/measure/time.ts";

const PARIS = "Europe/Paris";

function at(
  arrival: string,
  deviceTime?: DeviceTime,
  { synchronised = true, status = [] }: { synchronised?: boolean; status?: readonly Status[] } = {},
) {
  const receivedAt = { wall: wallMs(Date.parse(arrival)), monotonic: ms(1), bootId: "0".repeat(32), synchronised };
  return measuredAt({ receivedAt, status, ...(deviceTime === undefined ? {} : { deviceTime }) }, PARIS);
}

describe("the time of a measure", () => {
  it("is the device's, in the site's zone, where the device gave one", () => {
    expect(at("2026-07-01T06:16:00Z", { local: "2026-07-01T08:15:30" })).toEqual({
      iso: "2026-07-01T08:15:30+02:00",
      source: "device",
      receivedIso: "2026-07-01T08:16:00+02:00",
      offsetMs: -30_000,
      synchronised: true,
      doubts: [],
    });
  });

  it("is the gateway's where the device gave none", () => {
    const time = at("2026-01-01T06:16:00.789Z");
    expect(time).toMatchObject({ iso: "2026-01-01T07:16:00+01:00", source: "gateway", doubts: [] });
    expect(time.offsetMs).toBeUndefined();
  });

  it("believes an old reading of a memory", () => {
    expect(at("2026-07-01T06:16:00Z", { local: "2026-03-01T08:00:00" }, { status: ["from-storage"] })).toMatchObject({
      iso: "2026-03-01T08:00:00+01:00",
      source: "device",
      doubts: [],
    });
  });

  it("does not believe a reading from the future, and keeps the offset", () => {
    expect(at("2026-07-01T06:00:00Z", { local: "2026-07-01T08:16:00" })).toMatchObject({
      iso: "2026-07-01T08:00:00+02:00",
      source: "gateway",
      offsetMs: 960_000,
      doubts: ["device-clock-ahead"],
    });
  });

  it("does not believe a clock that was reset years back", () => {
    expect(at("2026-07-01T06:00:00Z", { local: "2021-01-01T00:04:00" })).toMatchObject({
      source: "gateway",
      doubts: ["device-clock-behind"],
    });
  });

  it("says that a stored reading without a believable time was taken earlier than it is filed", () => {
    const stored = { status: ["from-storage"] } as const;
    expect(at("2026-07-01T06:00:00Z", undefined, stored).doubts).toEqual(["stored-without-time"]);
    expect(at("2026-07-01T06:00:00Z", { local: "2010-01-01T00:00:00" }, stored).doubts).toEqual([
      "device-clock-behind",
      "stored-without-time",
    ]);
  });

  it("believes the device rather than a gateway that has not synchronised", () => {
    const time = at("2025-01-01T00:00:00Z", { local: "2026-07-01T08:00:00" }, { synchronised: false });
    expect(time).toMatchObject({
      iso: "2026-07-01T08:00:00+02:00",
      source: "device",
      synchronised: false,
      doubts: ["gateway-not-synchronised"],
    });
  });

  it("does not believe a device that says its clock is not set", () => {
    const time = at("2026-07-01T06:00:00Z", { local: "2026-07-01T08:00:00" }, { status: ["device-clock-not-set"] });
    expect(time).toMatchObject({ source: "gateway", doubts: ["device-clock-not-set"] });
  });

  it.each(["2026-02-30T08:00:00", "2026-13-01T08:00:00", "2026-01-01T25:00:00"])("takes %s for no time", (local) => {
    expect(at("2026-07-01T06:00:00Z", { local })).toMatchObject({
      source: "gateway",
      doubts: ["device-clock-not-set"],
    });
  });

  it("uses the device's own zone where it tells one", () => {
    const time = at("2026-07-01T06:00:00Z", { local: "2026-07-01T07:00:00", utcOffsetMinutes: 60 });
    expect(time).toMatchObject({ iso: "2026-07-01T07:00:00+01:00", source: "device", offsetMs: 0 });
  });

  it("takes the second of two ambiguous hours, unless it had not come yet when the reading arrived", () => {
    const local = "2026-10-25T02:30:00";
    expect(at("2026-10-25T01:31:00Z", { local })).toMatchObject({
      iso: "2026-10-25T02:30:00+01:00",
      doubts: ["ambiguous-local-time"],
    });
    expect(at("2026-10-25T00:31:00Z", { local })).toMatchObject({
      iso: "2026-10-25T02:30:00+02:00",
      doubts: ["ambiguous-local-time"],
    });
  });

  it("reads an hour that summer time leaves out as a clock that was not put forward", () => {
    expect(at("2026-03-29T01:31:00Z", { local: "2026-03-29T02:30:00" })).toMatchObject({
      iso: "2026-03-29T02:30:00+01:00",
      offsetMs: -60_000,
      doubts: ["inexistent-local-time"],
    });
  });

  it("names one instant, whichever clock it is read from", () => {
    const instant = fc.integer({ min: Date.UTC(2020, 0, 1) / 1000, max: Date.UTC(2035, 0, 1) / 1000 });
    fc.assert(
      fc.property(instant, (seconds) => {
        const wall = new Date(seconds * 1000).toISOString();
        const gatewayOnly = at(wall);
        expect(Date.parse(gatewayOnly.iso)).toBe(seconds * 1000);
        const device = at(wall, { local: gatewayOnly.iso.slice(0, 19) });
        const hour = device.doubts.includes("ambiguous-local-time") ? 3_600_000 : 0;
        expect(Math.abs(Date.parse(device.iso) - seconds * 1000)).toBeLessThanOrEqual(hour);
      }),
    );
  });
});

describe("the clock rule", () => {
  const minutes = (count: number) => ms(count * 60_000);
  const days = (count: number) => minutes(count * 24 * 60);

  it.each([
    [minutes(0), true, "believed"],
    [minutes(5), true, "believed"],
    [minutes(5.1), true, "ahead"],
    [days(-366), true, "believed"],
    [days(-367), true, "behind"],
    [days(3000), false, "believed"],
    [days(-367), false, "behind"],
  ] as const)("%d ms off, gateway synchronised %s: %s", (offset, synchronised, verdict) => {
    expect(judgeClock(offset, synchronised)).toBe(verdict);
  });
});
