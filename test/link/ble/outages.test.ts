/** The radio, bluetoothd and the bus come and go; the link is told, tells, and recovers by itself. */
import { describe, expect, it } from "vitest";
import { ms } from "../../../src/measure/time.ts";
import { Bench, type BenchDevice, dbusDaemonInstalled } from "../../bench-bluez/bench.ts";
import { cuffAddress, fast, type House, openHouse } from "./house.ts";

const CUFF = "ble:gatt-blood-pressure";

async function connected(bench: Bench, house: House, cuff: BenchDevice): Promise<void> {
  cuff.advertise();
  await house.linked(CUFF, "open");
  expect(bench.countOf("RegisterAgent")).toBe(1);
}

/** The device is read again: it is heard, connects, and its next value arrives. */
async function readAgain(house: House, cuff: BenchDevice, sessions: number): Promise<void> {
  cuff.advertise();
  await house.linked(CUFF, "open", sessions);
  const before = house.intake.frames.all.length;
  expect(cuff.indicate(0x2a35, Uint8Array.of(sessions))).toBe(true);
  await house.intake.frames.until((frames) => frames.length > before);
}

describe.skipIf(!dbusDaemonInstalled)("outages (needs dbus-daemon)", () => {
  const cuffOptions = { address: cuffAddress, bonded: true, services: { 6160: { 10805: {} } } };

  it("recovers when the adapter is pulled and plugged in again", async () => {
    await using bench = await Bench.start();
    const cuff = bench.addDevice(cuffOptions);
    await using house = await openHouse(bench);
    await connected(bench, house, cuff);
    bench.removeAdapter();
    await house.told("BLE_ADAPTER_ABSENT");
    await house.linked(CUFF, "closed");
    bench.addAdapter();
    await house.linked("ble:adapter", "open", 2);
    await readAgain(house, cuff, 2);
  });

  it("switches on an adapter that is off, and waits for it where it cannot", async () => {
    await using bench = await Bench.start();
    bench.removeAdapter();
    bench.addAdapter(false);
    const cuff = bench.addDevice(cuffOptions);
    await using house = await openHouse(bench);
    await house.told("BLE_ADAPTER_OFF");
    await house.linked("ble:adapter", "open");
    await readAgain(house, cuff, 1);
  });

  it("waits for the adapter that it was told to use", async () => {
    await using bench = await Bench.start();
    await using house = await openHouse(bench, { adapter: "hci7" });
    expect(house.errors()).toEqual(["BLE_ADAPTER_ABSENT"]);
    expect(bench.countOf("StartDiscovery")).toBe(0);
  });

  it("recovers when bluetoothd restarts: state dropped, agent and profile registered again", async () => {
    await using bench = await Bench.start();
    const cuff = bench.addDevice(cuffOptions);
    await using house = await openHouse(bench);
    await connected(bench, house, cuff);
    await bench.restart();
    await house.linked("ble:adapter", "open", 2);
    expect(house.errors()).toContain("BLE_SERVICE_ABSENT");
    await readAgain(house, cuff, 2);
    expect(bench.countOf("RegisterAgent")).toBe(2);
    expect(bench.countOf("RegisterApplication")).toBe(2);
  });

  it("starts without bluetoothd, and begins when it comes", async () => {
    await using bench = await Bench.start();
    const cuff = bench.addDevice(cuffOptions);
    await bench.stopBluez();
    await using house = await openHouse(bench);
    expect(house.errors()).toEqual(["BLE_SERVICE_ABSENT"]);
    await bench.startBluez();
    await house.linked("ble:adapter", "open");
    await readAgain(house, cuff, 1);
  });

  it("recovers when the whole bus dies", async () => {
    await using bench = await Bench.start();
    const cuff = bench.addDevice(cuffOptions);
    await using house = await openHouse(bench);
    await connected(bench, house, cuff);
    await bench.killBus();
    await house.told("BLE_BUS_UNREACHABLE");
    await bench.startBus();
    await house.linked("ble:adapter", "open", 2);
    await readAgain(house, cuff, 2);
  });

  it("starts without a bus, tells it once, and begins when there is one", async () => {
    await using bench = await Bench.start();
    const cuff = bench.addDevice(cuffOptions);
    await bench.killBus();
    await using house = await openHouse(bench);
    expect(house.errors()).toEqual(["BLE_BUS_UNREACHABLE"]);
    await bench.startBus();
    await house.linked("ble:adapter", "open");
    await readAgain(house, cuff, 1);
  });

  it("rejects what is under way when the bus dies, and closes cleanly with the bus dead", async () => {
    await using bench = await Bench.start();
    const cuff = bench.addDevice(cuffOptions);
    bench.deaf.add("StartNotify");
    await using house = await openHouse(bench, { timing: { ...fast, call: ms(60_000) } });
    cuff.advertise();
    await cuff.whenConnected();
    await bench.killBus();
    await house.told("BLE_BUS_UNREACHABLE");
  });

  it("survives a BlueZ that answers nothing", async () => {
    await using bench = await Bench.start();
    bench.deaf.add("GetManagedObjects");
    const cuff = bench.addDevice(cuffOptions);
    await using house = await openHouse(bench, { timing: { ...fast, call: ms(30) } });
    expect(house.errors()).toEqual(["BLE_CALL_TIMEOUT"]);
    bench.deaf.delete("GetManagedObjects");
    await house.linked("ble:adapter", "open");
    await readAgain(house, cuff, 1);
  });

  it("scans again after a scan that did not start, and after one that somebody ended", async () => {
    await using bench = await Bench.start();
    bench.refusals.set("StartDiscovery", "org.bluez.Error.InProgress");
    const cuff = bench.addDevice(cuffOptions);
    await using house = await openHouse(bench);
    await house.told("BLE_DISCOVERY_FAILED");
    bench.refusals.delete("StartDiscovery");
    await readAgain(house, cuff, 1);
    cuff.dropLink();
    bench.endScan();
    await readAgain(house, cuff, 2);
  });

  it("tells that it could not register, and reads all the same", async () => {
    await using bench = await Bench.start();
    bench.refusals.set("RegisterAgent", "org.freedesktop.DBus.Error.AccessDenied");
    bench.refusals.set("RegisterApplication", "org.freedesktop.DBus.Error.AccessDenied");
    const cuff = bench.addDevice(cuffOptions);
    await using house = await openHouse(bench);
    await readAgain(house, cuff, 1);
    expect(house.errors()).toEqual(["BLE_REGISTRATION_FAILED", "BLE_REGISTRATION_FAILED"]);
  });
});
