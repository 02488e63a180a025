/** Values before their objects: BlueZ may signal a value before it has announced the characteristic. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { GatewayEvent } from "../../../src/events.ts";
import { Handover } from "../../../src/link/ble/handover.ts";
import { BluezObjects, CHARACTERISTIC, DEVICE, SERVICE } from "../../../src/link/ble/objects.ts";
import { Peer } from "../../../src/link/ble/peer.ts";
import { uuidOf } from "../../../src/link/ble/uuid.ts";
import { Values } from "../../../src/link/ble/values.ts";
import { clock, cuffAddress, drivers, fast, RememberingIntake } from "./house.ts";

const device = "/org/bluez/hci0/dev_AA_BB_CC_DD_EE_01";
const service = `${device}/service0010`;
const measurement = `${service}/char0011`;
const intermediate = `${service}/char0014`;

function setup() {
  const objects = new BluezObjects();
  const intake = new RememberingIntake();
  const told: GatewayEvent[] = [];
  const refresh = vi.fn(async () => undefined);
  const peer = new Peer({ device: { address: cuffAddress, transport: "ble" } }, drivers, fast.retryDevice);
  const observe = (event: GatewayEvent) => void told.push(event);
  const handover = new Handover(intake, observe, fast.retryIntake);
  const peers = new Map([[cuffAddress, peer]]);
  const values = new Values({ objects, peers, handover, clock, timing: fast, observe, refresh });
  objects.watch(() => values.settle());
  const addDevice = (address = cuffAddress) =>
    objects.added(device, { [DEVICE]: { Address: address, Adapter: "/org/bluez/hci0", UUIDs: [uuidOf(0x1810)] } });
  const addCharacteristic = (path: string, channel: number) => {
    objects.added(service, { [SERVICE]: { UUID: uuidOf(0x1810) } });
    objects.added(path, { [CHARACTERISTIC]: { UUID: uuidOf(channel), Service: service, Flags: ["indicate"] } });
  };
  return { intake, told, refresh, values, addDevice, addCharacteristic };
}

describe("a value whose characteristic is not known yet", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("waits for it, keeps its place before later values, and BlueZ is asked", () => {
    const { intake, values, refresh, addDevice, addCharacteristic } = setup();
    values.take(measurement, Uint8Array.of(1));
    expect(refresh).toHaveBeenCalledTimes(1);
    addDevice();
    addCharacteristic(intermediate, 0x2a36);
    values.take(intermediate, Uint8Array.of(2));
    expect(intake.bytes).toEqual([]);
    addCharacteristic(measurement, 0x2a35);
    expect(intake.bytes).toEqual([[1], [2]]);
    values.take(measurement, Uint8Array.of(3));
    expect(intake.bytes).toEqual([[1], [2], [3]]);
  });

  it("is dropped silently where the device turns out to be none of ours", async () => {
    const { intake, told, values, addDevice } = setup();
    values.take(measurement, Uint8Array.of(1));
    addDevice("AA:BB:CC:DD:EE:99");
    await vi.advanceTimersByTimeAsync(fast.objects);
    expect([intake.bytes, told]).toEqual([[], []]);
  });

  it("is told where BlueZ never describes it: it was confirmed, and nobody can read it", async () => {
    const { told, values, addDevice, refresh } = setup();
    addDevice();
    values.take(measurement, Uint8Array.of(1));
    await vi.advanceTimersByTimeAsync(fast.objects);
    expect(refresh).toHaveBeenCalledTimes(2);
    expect(told).toMatchObject([{ type: "fault", error: { code: "BLE_VALUE_UNPLACED" } }]);
  });

  it("is told too where the link closes first", () => {
    const { told, values } = setup();
    values.take(measurement, Uint8Array.of(1));
    values.close();
    expect(told).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("a value that is none of a driver's", () => {
  it("is no reading: another channel, a vendor's characteristic, a path that is no device's", () => {
    const { intake, told, values, addDevice, addCharacteristic } = setup();
    addDevice();
    addCharacteristic(measurement, 0x2a49);
    values.take(measurement, Uint8Array.of(1));
    values.take("/org/bluez/hci0", Uint8Array.of(1));
    expect([intake.bytes, told]).toEqual([[], []]);
  });
});
