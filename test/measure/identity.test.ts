import { describe, expect, it } from "vitest";
import { readingId, uuidOf } from "../../src/measure/identity.ts";
import type { Measurement } from "../../src/measure/measurement.ts";
import { ms } from "../../src/measure/time.ts";
import { measured, pressure, provenance, quantity, scale } from "../fhir/samples.ts";

const id = (measurement: Measurement, gateway = "box-1") => uuidOf(readingId(measurement, gateway));
const again = { receivedAt: { ...provenance.receivedAt, bootId: "cd".repeat(16), monotonic: ms(9) } };

describe("the identity of a reading", () => {
  it("is what it was in the first release: a journal on disk depends on it", () => {
    expect(id(measured(pressure))).toMatchInlineSnapshot(`"6bc4a5c3-55cb-8a8d-8432-5dc8dae58807"`);
  });

  it("is a UUID of version 8", () => {
    expect(id(measured(pressure))).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("does not change with the driver, with what was learnt about the device, or with the moment of arrival", () => {
    const relearnt = { ...again, driver: "gatt-blood-pressure-2", device: { ...provenance.device, firmware: "9" } };
    expect(id(measured(pressure, relearnt))).toBe(id(measured(pressure)));
  });

  it("is the same on two gateways that read the same Bluetooth device", () => {
    expect(id(measured(pressure), "box-2")).toBe(id(measured(pressure), "box-1"));
  });

  it("is another one on two gateways whose serial ports have the same name", () => {
    const timed = measured(pressure, { device: scale });
    expect(id(timed, "box-2")).not.toBe(id(timed, "box-1"));
  });

  it.each<[string, Measurement]>([
    ["user", measured({ ...pressure, userSlot: 2 })],
    ["number", measured({ ...pressure, sequence: 7 })],
    ["time", measured({ ...pressure, deviceTime: { local: "2026-03-10T08:14:01" } })],
    ["value", measured({ ...pressure, systolic: quantity("129", "mm[Hg]") })],
    ["precision", measured({ ...pressure, systolic: quantity("128.0", "mm[Hg]") })],
    ["device", measured(pressure, { device: { ...provenance.device, address: "AA:BB:CC:DD:EE:09" } })],
  ])("is another one for another %s", (_what, other) => {
    expect(id(other)).not.toBe(id(measured(pressure)));
  });
});
