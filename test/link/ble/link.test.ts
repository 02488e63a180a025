import { describe, expect, it } from "vitest";
import { ms } from "../../../src/measure/time.ts";
import { Bench, dbusDaemonInstalled, uuid } from "../../bench-bluez/bench.ts";
import { clock, cuffAddress, fast, openHouse } from "./house.ts";

const cuffServices = { 6160: { 10805: {}, 10806: { flags: ["notify"] } } };
const CUFF = "ble:gatt-blood-pressure";
const reading = Uint8Array.of(0x1e, 0x78, 0x00, 0x50, 0x00, 0x5d, 0x00);

describe.skipIf(!dbusDaemonInstalled)("the Bluetooth link (needs dbus-daemon)", () => {
  it("hears a known device, connects, subscribes to all channels of its driver, and hands over what it says", async () => {
    await using bench = await Bench.start();
    const cuff = bench.addDevice({ address: cuffAddress, name: "UA-651BLE", services: cuffServices });
    await using house = await openHouse(bench);
    cuff.advertise();
    await house.linked(CUFF, "open");
    expect(cuff.indicate(0x2a36, Uint8Array.of(1))).toBe(true);
    expect(cuff.indicate(0x2a35, reading)).toBe(true);
    await house.intake.frames.until((frames) => frames.length === 2);
    expect(house.intake.frames.all).toMatchObject([
      { channel: 0x2a36, bytes: Uint8Array.of(1) },
      { channel: 0x2a35, bytes: reading, driver: { id: "gatt-blood-pressure" }, device: { name: "UA-651BLE" } },
    ]);
    expect(house.intake.frames.all[1]?.receivedAt).toEqual(clock.now());
    expect(cuff.disconnectCalls).toBe(0);
    expect(house.errors()).toEqual([]);
  });

  it("scans for the services of its drivers only, and not while a device connects or when all are connected", async () => {
    await using bench = await Bench.start();
    const cuff = bench.addDevice({ address: cuffAddress, services: cuffServices });
    await using house = await openHouse(bench);
    cuff.advertise();
    await house.linked(CUFF, "open");
    const order = bench.calls.map(({ method }) => method).filter((method) => /Discovery$|^Connect$/.test(method));
    expect(order).toEqual(["StartDiscovery", "StopDiscovery", "Connect"]);
    const filter = bench.calls.find(({ method }) => method === "SetDiscoveryFilter")?.args[0];
    expect(filter).toMatchObject({ Transport: { value: "le" }, UUIDs: { value: [uuid(0x1809), uuid(0x1810)] } });
    cuff.dropLink();
    cuff.advertise(); // which it can only hear when it scans again
    await house.linked(CUFF, "open", 2);
  });

  it("never connects to a device that is not known, and takes nothing that it says", async () => {
    await using bench = await Bench.start();
    const stranger = bench.addDevice({ address: "AA:BB:CC:DD:EE:02", name: "MIR", services: { 6153: { 10780: {} } } });
    const cuff = bench.addDevice({ address: cuffAddress, services: cuffServices });
    await using house = await openHouse(bench);
    stranger.advertise();
    cuff.advertise();
    await house.linked(CUFF, "open");
    await stranger.connect(); // by itself
    cuff.indicate(0x2a35, reading);
    await house.intake.frames.until((frames) => frames.length === 1);
    expect(stranger.connectCalls).toBe(0);
    expect(bench.calls.some(({ path, method }) => path === stranger.path && method === "StartNotify")).toBe(false);
  });

  it("knows a bonded device by its identity address, though its object is named by an earlier one", async () => {
    await using bench = await Bench.start();
    const cuff = bench.addDevice({
      address: cuffAddress,
      pathAddress: "5A:BB:CC:DD:EE:0F",
      bonded: true,
      services: cuffServices,
    });
    await using house = await openHouse(bench);
    cuff.advertise();
    await house.linked(CUFF, "open");
    cuff.indicate(0x2a35, reading);
    await house.intake.frames.until((frames) => frames.length === 1);
    expect(house.intake.frames.all[0]?.device.address).toBe(cuffAddress);
  });

  it("goes on after a device left in the middle of being prepared", async () => {
    await using bench = await Bench.start({ answerMs: 5 });
    const cuff = bench.addDevice({ address: cuffAddress, services: cuffServices });
    await using house = await openHouse(bench);
    cuff.advertise();
    await cuff.whenConnected();
    cuff.dropLink();
    await house.linked(CUFF, "failed");
    cuff.advertise();
    await house.linked(CUFF, "open");
    expect(cuff.indicate(0x2a35, reading)).toBe(true);
    await house.intake.frames.until((frames) => frames.length === 1);
  });

  it("waits for objects that BlueZ exports after it said that services are resolved", async () => {
    await using bench = await Bench.start();
    const cuff = bench.addDevice({ address: cuffAddress, services: cuffServices, objectsLateMs: 30 });
    await using house = await openHouse(bench);
    cuff.advertise();
    await house.linked(CUFF, "open");
    expect(house.errors()).toEqual([]);
  });

  it("waits for all of them: a step of the driver is not passed over because its service came last", async () => {
    await using bench = await Bench.start();
    const model = { flags: ["read"], value: Buffer.from("MIR") };
    const services = { 6153: { 10780: {} }, 6154: { 10788: model } };
    const thermometer = bench.addDevice({ address: cuffAddress, services, objectsLateMs: 30 });
    await using house = await openHouse(bench);
    thermometer.advertise();
    await house.linked("ble:gatt-thermometer", "open");
    expect(thermometer.reads).toEqual([0x2a24]);
  });

  it("subscribes again to a device that refused and stayed connected", async () => {
    await using bench = await Bench.start();
    const cuff = bench.addDevice({ address: cuffAddress, services: cuffServices });
    cuff.notifyError = { name: "org.bluez.Error.Failed", text: "Operation failed with ATT error: 0x80" };
    await using house = await openHouse(bench);
    cuff.advertise();
    await house.told("BLE_SESSION_FAILED");
    cuff.notifyError = undefined;
    await house.linked(CUFF, "open");
    expect(cuff.connectCalls).toBe(1);
  });

  it("says so where a device offers none of its driver's channels, and leaves it connected", async () => {
    await using bench = await Bench.start();
    const cuff = bench.addDevice({ address: cuffAddress, services: { 6160: { 10825: { flags: ["read"] } } } });
    await using house = await openHouse(bench, {
      timing: { ...fast, retryDevice: { first: ms(60_000), last: ms(60_000) } },
    });
    cuff.advertise();
    await house.told("BLE_NO_CHANNEL");
    expect(cuff.connected).toBe(true);
    expect(cuff.disconnectCalls).toBe(0);
  });

  it("hands over oversized, empty and garbage values as they are", async () => {
    await using bench = await Bench.start();
    const cuff = bench.addDevice({ address: cuffAddress, services: cuffServices });
    await using house = await openHouse(bench);
    cuff.advertise();
    await house.linked(CUFF, "open");
    const values = [new Uint8Array(600).fill(0xff), new Uint8Array(), Uint8Array.of(0xff, 0x80, 0x00)];
    for (const value of values) cuff.indicate(0x2a35, value);
    await house.intake.frames.until((frames) => frames.length === 3);
    expect(house.intake.bytes).toEqual(values.map((value) => [...value]));
  });

  it("does not take what it read from a device for a reading", async () => {
    await using bench = await Bench.start();
    const services = { ...cuffServices, 6154: { 10788: { flags: ["read"], value: Buffer.from("UA-651") } } };
    const cuff = bench.addDevice({ address: cuffAddress, services });
    await using house = await openHouse(bench);
    cuff.advertise();
    await house.linked(CUFF, "open");
    cuff.indicate(0x2a35, reading);
    await house.intake.frames.until((frames) => frames.length === 1);
    expect(cuff.reads).toEqual([0x2a24]);
    expect(house.intake.bytes).toEqual([[...reading]]);
  });

  it("keeps what intake refuses, in order, until intake takes it", async () => {
    await using bench = await Bench.start();
    const cuff = bench.addDevice({ address: cuffAddress, services: cuffServices });
    await using house = await openHouse(bench);
    cuff.advertise();
    await house.linked(CUFF, "open");
    house.intake.refusing = new Error("disk full");
    for (let value = 1; value <= 20; value += 1) cuff.indicate(0x2a35, Uint8Array.of(value));
    await house.told("BLE_VALUE_WAITING");
    house.intake.refusing = undefined;
    await house.intake.frames.until((frames) => frames.length === 20);
    expect(house.intake.bytes.flat()).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  it("retries a device that cannot be connected, later each time, and forgets that once it can", async () => {
    await using bench = await Bench.start();
    const cuff = bench.addDevice({ address: cuffAddress, services: cuffServices });
    const error = { name: "org.bluez.Error.Failed", text: "le-connection-abort-by-local" };
    cuff.connectErrors.push(error, error, error);
    await using house = await openHouse(bench);
    cuff.advertise();
    await house.linked(CUFF, "open");
    expect(cuff.connectCalls).toBe(4);
    expect(house.errors()).toEqual(["BLE_CONNECT_FAILED", "BLE_CONNECT_FAILED", "BLE_CONNECT_FAILED"]);
  });

  it("tells once that a bonded device has lost its bond", async () => {
    await using bench = await Bench.start();
    const cuff = bench.addDevice({ address: cuffAddress, bonded: true, services: cuffServices });
    const error = { name: "org.bluez.Error.AuthenticationFailed", text: "Authentication Failed" };
    cuff.connectErrors.push(error, error, error, error);
    await using house = await openHouse(bench);
    cuff.advertise();
    await house.linked(CUFF, "open");
    expect(house.errors().filter((code) => code === "BLE_BOND_LOST")).toHaveLength(1);
  });

  it("tells it too where the device connects, and refuses for want of keys", async () => {
    await using bench = await Bench.start();
    const cuff = bench.addDevice({ address: cuffAddress, bonded: true, services: cuffServices });
    cuff.notifyError = { name: "org.bluez.Error.Failed", text: "Operation failed with ATT error: 0x0f" };
    await using house = await openHouse(bench);
    cuff.advertise();
    await house.told("BLE_BOND_LOST");
  });

  it("does not suspect a device that leaves as soon as it has spoken", async () => {
    await using bench = await Bench.start({ answerMs: 2 });
    const cuff = bench.addDevice({ address: cuffAddress, bonded: true, services: cuffServices });
    await using house = await openHouse(bench);
    cuff.advertise();
    await house.linked(CUFF, "open");
    cuff.dropLink();
    for (let time = 1; time <= 8; time += 1) {
      await cuff.connect(); // by itself
      cuff.indicate(0x2a35, reading);
      cuff.dropLink();
      await house.intake.frames.until((frames) => frames.length === time);
    }
    expect(house.errors()).toEqual([]);
  });

  it("gives up an attempt that BlueZ never answers, cancels it, and connects to the next device", async () => {
    await using bench = await Bench.start();
    bench.deaf.add("Connect");
    const cuff = bench.addDevice({ address: cuffAddress, services: cuffServices });
    await using house = await openHouse(bench, { timing: { ...fast, connect: ms(30) } });
    cuff.advertise();
    await house.told("BLE_CONNECT_FAILED");
    expect(bench.countOf("Disconnect")).toBe(1);
    bench.deaf.delete("Connect");
    await house.linked(CUFF, "open");
  });

  it("has one attempt under way at a time", async () => {
    await using bench = await Bench.start({ answerMs: 2 });
    const addresses = ["AA:BB:CC:DD:EE:01", "AA:BB:CC:DD:EE:02", "AA:BB:CC:DD:EE:03"];
    let underWay = 0;
    let most = 0;
    const devices = addresses.map((address) => bench.addDevice({ address, services: cuffServices, connectMs: 20 }));
    for (const device of devices) {
      const connect = device.connect.bind(device);
      device.connect = async () => {
        most = Math.max(most, ++underWay);
        await connect();
        underWay -= 1;
      };
    }
    const known = addresses.map((address) => ({ device: { address, transport: "ble" as const } }));
    await using house = await openHouse(bench, { known });
    for (const device of devices) device.advertise();
    await house.linked(CUFF, "open", 3);
    expect(most).toBe(1);
  });

  it("leaves: the scan ends, devices stay connected, and what they say then is not confirmed for nobody", async () => {
    await using bench = await Bench.start();
    const cuff = bench.addDevice({ address: cuffAddress, services: cuffServices });
    const known = [cuffAddress, "AA:BB:CC:DD:EE:09"].map((address) => ({
      device: { address, transport: "ble" as const },
    }));
    const house = await openHouse(bench, { known });
    cuff.advertise();
    await house.linked(CUFF, "open");
    await house.link[Symbol.asyncDispose]();
    await house.link[Symbol.asyncDispose](); // a second time is no matter
    await cuff.whenUnsubscribed(0x2a35);
    expect(cuff.connected).toBe(true);
    expect(cuff.disconnectCalls).toBe(0);
    expect(cuff.indicate(0x2a35, reading)).toBe(false);
    expect(house.events.all.at(-1)).toEqual({ type: "link", link: "ble:adapter", state: "closed" });
  });
});
