/** What a driver's prepare steps put on the wire, asserted at BlueZ. */
import { describe, expect, it } from "vitest";
import { Bench, type BenchCharacteristic, dbusDaemonInstalled } from "../../bench-bluez/bench.ts";
import { clock, cuffAddress, openHouse } from "./house.ts";

const CUFF = "ble:gatt-blood-pressure";
/** 2026-11-21 09:30:15 in Paris, a Saturday (6), no fraction, set by an external reference (2). */
const dateTime = [0xea, 0x07, 11, 21, 9, 30, 15];
const currentTime = [...dateTime, 6, 0, 2];

const text = (value: string): BenchCharacteristic => ({ flags: ["read"], value: Buffer.from(value) });
const information = {
  10793: text("A&D Medical\0"),
  10788: text("UA-651BLE "),
  10789: text("5130600001"),
  10790: text("BLP008_d016"),
  10787: { flags: ["read"], value: Uint8Array.of(0x14, 0x57, 0x1c, 0xff, 0xfe, 0x09, 0x1f, 0x00) },
};

async function connect(services: Record<number, Record<number, BenchCharacteristic>>, known = {}) {
  const bench = await Bench.start();
  const cuff = bench.addDevice({ address: cuffAddress, services: { 6160: { 10805: {} }, ...services } });
  const device = { address: cuffAddress, transport: "ble" as const, ...known };
  const house = await openHouse(bench, { known: [{ device }] });
  cuff.advertise();
  await house.linked(CUFF, "open");
  const end = async () => {
    await house[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
  };
  return { bench, cuff, house, [Symbol.asyncDispose]: end };
}

describe.skipIf(!dbusDaemonInstalled)("preparing a device (needs dbus-daemon)", () => {
  it("sets both clocks to the site's local time with a response, in the driver's order, before it subscribes", async () => {
    await using setup = await connect({
      6149: { 10795: { flags: ["read", "write"] } },
      6160: { 10805: {}, 10760: { flags: ["write"] } },
    });
    expect(setup.cuff.writes).toEqual([
      { service: 0x1805, channel: 0x2a2b, bytes: Uint8Array.from(currentTime), type: "request" },
      { service: 0x1810, channel: 0x2a08, bytes: Uint8Array.from(dateTime), type: "request" },
    ]);
    const order = setup.bench.calls.map(({ method }) => method).filter((method) => /Value|Notify/.test(method));
    expect(order).toEqual(["WriteValue", "ReadValue", "WriteValue", "StartNotify"]);
    expect(setup.house.errors()).toEqual([]);
  });

  it("writes without a response where the device knows no other write", async () => {
    await using setup = await connect({ 6149: { 10795: { flags: ["write-without-response"] } } });
    expect(setup.cuff.writes).toMatchObject([{ channel: 0x2a2b, type: "command" }]);
  });

  it("passes over a clock that can only be read, and one of another service", async () => {
    await using setup = await connect({
      6149: { 10795: { flags: ["read", "notify"] } },
      6152: { 10760: { flags: ["write"] } },
    });
    expect(setup.cuff.writes).toEqual([]);
    expect(setup.house.errors()).toEqual([]);
  });

  it("tells a clock that answers success and keeps its own time", async () => {
    const keeps = Uint8Array.of(0xe5, 0x07, 1, 1, 0, 0, 0, 5, 0, 0);
    await using setup = await connect({ 6149: { 10795: { flags: ["read", "write"], keeps } } });
    expect(setup.house.errors()).toEqual(["BLE_CLOCK_UNCHANGED"]);
  });

  it("tells a write that fails, and reads the device all the same", async () => {
    const writeError = "Operation failed with ATT error: 0x80";
    await using setup = await connect({ 6149: { 10795: { flags: ["read", "write"], writeError } } });
    expect(setup.house.errors()).toEqual(["BLE_PREPARE_FAILED"]);
    expect(setup.cuff.indicate(0x2a35, Uint8Array.of(1))).toBe(true);
    await setup.house.intake.frames.until((frames) => frames.length === 1);
  });

  it("leaves a device's clock alone while the gateway's own is not to be trusted", async () => {
    await using bench = await Bench.start();
    const services = { 6160: { 10805: {} }, 6149: { 10795: { flags: ["read", "write"] } } };
    const cuff = bench.addDevice({ address: cuffAddress, services });
    const unsure = { now: () => ({ ...clock.now(), synchronised: false }) };
    await using house = await openHouse(bench, { clock: unsure });
    cuff.advertise();
    await house.linked(CUFF, "open");
    expect(cuff.writes).toEqual([]);
  });

  it("reads what a device says of itself, and every later frame carries it", async () => {
    await using setup = await connect({ 6154: information });
    setup.cuff.indicate(0x2a35, Uint8Array.of(1));
    await setup.house.intake.frames.until((frames) => frames.length === 1);
    expect(setup.house.intake.frames.all[0]?.device).toEqual({
      address: cuffAddress,
      transport: "ble",
      manufacturer: "A&D Medical",
      model: "UA-651BLE",
      serialNumber: "5130600001",
      firmware: "BLP008_d016",
      systemId: "001F09FEFF1C5714",
    });
  });

  it("reads it once per firmware: later, and for a device whose facts are known, only the firmware revision", async () => {
    await using setup = await connect({ 6154: information });
    const { cuff, house } = setup;
    expect(cuff.reads).toHaveLength(5);
    cuff.dropLink();
    cuff.advertise();
    await house.linked(CUFF, "open", 2);
    expect(cuff.reads.slice(5)).toEqual([0x2a26]);

    await using known = await connect({ 6154: information }, { model: "UA-651BLE", firmware: "BLP008_d016" });
    expect(known.cuff.reads).toEqual([0x2a26]);
    await using updated = await connect({ 6154: information }, { model: "UA-651BLE", firmware: "BLP007" });
    expect(updated.cuff.reads).toEqual([0x2a26, 0x2a23, 0x2a29, 0x2a24, 0x2a25, 0x2a26]);
  });
});
