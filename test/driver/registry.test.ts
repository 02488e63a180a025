import { describe, expect, test } from "vitest";
import scaleLine from "../../drivers/scale-line.ts";
import { type BleDriver, defineBleDriver } from "../../src/driver/define.ts";
import { DriverRegistry } from "../../src/driver/registry.ts";

const driver = (id: string, priority: number, services: readonly number[], name?: RegExp): BleDriver =>
  defineBleDriver({
    id,
    title: id,
    source: "test",
    priority,
    match: { services, ...(name === undefined ? {} : { name }) },
    specialization: 528391,
    kinds: [],
    tested: [],
    prepare: [],
    channels: {},
  });

const generic = driver("generic", 10, [0x1810]);
const vendor = driver("vendor", 50, [0x1810, 0xfe4a], /^OMRON/);

describe("the driver of a device", () => {
  const registry = new DriverRegistry([generic, scaleLine, vendor]);

  test.each([
    ["the vendor's where the name says so", { services: [0x1810], name: "OMRON X4" }, vendor],
    ["the generic one for any other name", { services: [0x1810], name: "boso" }, generic],
    ["the generic one without a name", { services: [0x180a, 0x1810] }, generic],
    ["none where no service is known", { services: [0x180f], name: "OMRON X4" }, undefined],
    ["none where nothing is advertised", { services: [] }, undefined],
  ])("is %s", (_what, advertisement, expected) => expect(registry.match(advertisement)).toBe(expected));

  test("does not depend on the order in which drivers are listed", () => {
    const turned = new DriverRegistry([vendor, generic]);
    expect(turned.match({ services: [0x1810], name: "OMRON X4" })).toBe(vendor);
    expect(turned.all).toEqual([vendor, generic]);
  });

  test("a serial driver never claims a Bluetooth device", () => {
    expect(registry.ble).toEqual([vendor, generic]);
  });
});

test("two drivers of one id or one priority are refused", () => {
  expect(() => new DriverRegistry([generic, driver("generic", 11, [])])).toThrow("an id twice");
  expect(() => new DriverRegistry([generic, driver("other", 10, [])])).toThrow("a priority twice");
});

test("a driver is found by its id, and an unknown id is answered with those that there are", () => {
  const registry = new DriverRegistry([generic, scaleLine]);
  expect(registry.get("generic")).toBe(generic);
  expect(registry.serial("scale-line")).toBe(scaleLine);
  expect(() => registry.get("scale")).toThrow("scale-line, generic");
  expect(() => registry.serial("generic")).toThrow("expected: a serial driver");
});
