/** The enrolled devices change while the link is open. */
import { describe, expect, it } from "vitest";
import type { KnownDevice } from "../../../src/link/ble/link.ts";
import { Bench, dbusDaemonInstalled } from "../../bench-bluez/bench.ts";
import { cuffAddress, openHouse } from "./house.ts";

const otherAddress = "AA:BB:CC:DD:EE:02";
const cuffServices = { 6160: { 10805: {} } };
const CUFF = "ble:gatt-blood-pressure";
const reading = Uint8Array.of(0x1e, 0x78, 0x00, 0x50, 0x00, 0x5d, 0x00);
const enrolled = (facts: Partial<KnownDevice> = {}): KnownDevice => ({
  device: { address: cuffAddress, transport: "ble" },
  ...facts,
});

describe.skipIf(!dbusDaemonInstalled)("devices enrolled and removed at run time (needs dbus-daemon)", () => {
  it("a new device is looked for, connected and read", async () => {
    await using bench = await Bench.start();
    const cuff = bench.addDevice({ address: cuffAddress, services: cuffServices });
    await using house = await openHouse(bench, { known: [] });
    house.link.know([enrolled()]);
    cuff.advertise();
    await house.linked(CUFF, "open");
    expect(cuff.indicate(0x2a35, reading)).toBe(true);
    await house.intake.frames.until((frames) => frames.length === 1);
    expect(house.errors()).toEqual([]);
  });

  it("a new device that is connected already is read at once", async () => {
    await using bench = await Bench.start();
    const cuff = bench.addDevice({ address: cuffAddress, bonded: true, services: cuffServices });
    await using house = await openHouse(bench, { known: [] });
    await cuff.connect();
    house.link.know([enrolled()]);
    await house.linked(CUFF, "open");
    expect(cuff.connectCalls).toBe(0);
  });

  it("a device that is gone is disconnected, not trusted any more, and its values are nobody's", async () => {
    await using bench = await Bench.start();
    const cuff = bench.addDevice({ address: cuffAddress, bonded: true, services: cuffServices });
    await using house = await openHouse(bench);
    cuff.advertise();
    await house.linked(CUFF, "open");
    await bench.whenCalled("Set"); // trusted
    const disconnected = cuff.whenDisconnected();
    house.link.know([]);
    await disconnected;
    await house.linked(CUFF, "closed");
    const trust = bench.calls.filter(({ method }) => method === "Set").map(({ args }) => args[2]);
    expect(trust).toMatchObject([{ value: true }, { value: false }]);

    await cuff.connect(); // by itself; bluetoothd is subscribed still
    expect(cuff.indicate(0x2a35, reading)).toBe(true);
    const other = bench.addDevice({ address: otherAddress, bonded: true, services: cuffServices });
    house.link.know([enrolled({ device: { address: otherAddress, transport: "ble" } })]);
    await other.connect();
    await house.linked(CUFF, "open", 2);
    other.indicate(0x2a35, Uint8Array.of(1)); // signals come in their order
    await house.intake.frames.until((frames) => frames.length > 0);
    expect(house.intake.bytes).toEqual([[1]]);
  });

  it("a device that is removed while it connects is not held", async () => {
    await using bench = await Bench.start();
    const cuff = bench.addDevice({ address: cuffAddress, services: cuffServices, connectMs: 50 });
    await using house = await openHouse(bench);
    cuff.advertise();
    await bench.whenCalled("Connect");
    house.link.know([]);
    await cuff.whenConnected();
    await cuff.whenDisconnected();
    expect(house.events.all.filter((event) => event.type === "link" && event.link === CUFF)).toEqual([]);
  });

  it("a device that is given another driver is read by that one, without being disconnected", async () => {
    await using bench = await Bench.start();
    const both = { 6160: { 10805: {} }, 6153: { 10780: {} } };
    const device = bench.addDevice({ address: cuffAddress, services: both });
    await using house = await openHouse(bench, { known: [enrolled({ driver: "gatt-blood-pressure" })] });
    device.advertise();
    await house.linked(CUFF, "open");
    house.link.know([enrolled({ driver: "gatt-thermometer" })]);
    await house.linked("ble:gatt-thermometer", "open");
    expect(device.indicate(0x2a1c, Uint8Array.of(0, 0x6c, 0x01, 0, 0xff))).toBe(true);
    await house.intake.frames.until((frames) => frames.length === 1);
    expect(house.intake.frames.all[0]).toMatchObject({ channel: 0x2a1c, driver: { id: "gatt-thermometer" } });
    expect(device.disconnectCalls).toBe(0);
  });

  it("nothing happens to a device that stays what it was", async () => {
    await using bench = await Bench.start();
    const cuff = bench.addDevice({ address: cuffAddress, services: cuffServices });
    await using house = await openHouse(bench);
    cuff.advertise();
    await house.linked(CUFF, "open");
    const before = bench.calls.length;
    house.link.know([enrolled()]);
    cuff.indicate(0x2a35, reading);
    await house.intake.frames.until((frames) => frames.length === 1);
    expect(bench.calls).toHaveLength(before);
    expect(house.events.all.filter((event) => event.type === "link" && event.link === CUFF)).toHaveLength(1);
  });

  it.each([
    ["that does not exist", "none", "DRIVER_UNKNOWN"],
    ["of a serial device", "scale-line", "DRIVER_UNKNOWN"],
  ])("a device with a driver %s is told of, and the others are read", async (_what, driver, code) => {
    await using bench = await Bench.start();
    const cuff = bench.addDevice({ address: cuffAddress, services: cuffServices });
    const other = enrolled({ device: { address: otherAddress, transport: "ble" }, driver });
    await using house = await openHouse(bench, { known: [other, enrolled()] });
    await house.told(code);
    cuff.advertise();
    await house.linked(CUFF, "open");
  });
});
