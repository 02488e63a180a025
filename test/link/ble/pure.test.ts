import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { factOf } from "../../../src/link/ble/device-information.ts";
import { errors } from "../../../src/link/ble/errors.ts";
import { BluezObjects, devicePathOf } from "../../../src/link/ble/objects.ts";
import { BluezRefusal, isAuthenticationFailure, refusalOf, withoutAddresses } from "../../../src/link/ble/refusal.ts";
import { Backoff } from "../../../src/link/ble/timing.ts";
import { shortOf, shortsOf, uuidOf } from "../../../src/link/ble/uuid.ts";
import { ms } from "../../../src/measure/time.ts";

describe("UUIDs", () => {
  it("come back as they went, in either case", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff }), (short) => {
        expect(shortOf(uuidOf(short))).toBe(short);
        expect(shortOf(uuidOf(short).toUpperCase())).toBe(short);
      }),
    );
    expect(uuidOf(0x2a35)).toBe("00002a35-0000-1000-8000-00805f9b34fb");
  });

  it("of a vendor have no short form, and nothing else has", () => {
    const vendor = "8fa4e0b1-0000-1000-8000-00805f9b34fb";
    expect(shortsOf([vendor, uuidOf(0x1810), "00012a35-0000-1000-8000-00805f9b34fb"])).toEqual([0x1810]);
    fc.assert(fc.property(fc.string(), (text) => shortOf(text) === undefined));
  });
});

describe("what BlueZ has", () => {
  const device = { Address: "aa:bb:cc:dd:ee:01", Adapter: "/org/bluez/hci0", UUIDs: [uuidOf(0x1810)] };
  const path = "/org/bluez/hci0/dev_AA_BB_CC_DD_EE_01";

  it("follows its signals", () => {
    const objects = new BluezObjects();
    let changes = 0;
    const unwatch = objects.watch(() => {
      changes += 1;
    });
    objects.added(path, { "org.bluez.Device1": device });
    expect(objects.device(path)).toMatchObject({ address: "AA:BB:CC:DD:EE:01", connected: false, services: [0x1810] });
    objects.changed(path, "org.bluez.Device1", { Connected: true });
    expect(objects.device(path)?.connected).toBe(true);
    objects.changed("/org/bluez/hci0/dev_unknown", "org.bluez.Device1", { Connected: true });
    expect(objects.devices).toHaveLength(1);
    objects.removed(path, ["org.bluez.Device1"]);
    expect(objects.devices).toEqual([]);
    unwatch();
    objects.clear();
    expect(changes).toBe(3);
  });

  it("takes an older BlueZ's Paired for a bond", () => {
    const objects = new BluezObjects();
    objects.added(path, { "org.bluez.Device1": { ...device, Paired: true } });
    expect(objects.device(path)?.bonded).toBe(true);
    objects.changed(path, "org.bluez.Device1", { Bonded: false });
    expect(objects.device(path)?.bonded).toBe(false);
  });

  it("has no object that does not look as BlueZ documents it, and never throws for one", () => {
    fc.assert(
      fc.property(fc.string(), fc.dictionary(fc.string(), fc.anything()), (somewhere, values) => {
        const objects = new BluezObjects();
        objects.added(somewhere, { "org.bluez.Device1": values, "org.bluez.GattCharacteristic1": values });
        objects.changed(somewhere, "org.bluez.Device1", values);
        expect(objects.devices.length).toBeLessThanOrEqual(1);
        expect(objects.characteristic(somewhere)).toBeUndefined();
      }),
    );
  });

  it("is named by paths below its device", () => {
    expect(devicePathOf(`${path}/service0010/char0011`)).toBe(path);
    expect(devicePathOf("/org/bluez/hci0")).toBeUndefined();
  });
});

describe("refusals", () => {
  it("tell no address, however BlueZ writes it", () => {
    const text = withoutAddresses("at path /org/bluez/hci0/dev_AA_BB_CC_DD_EE_01 (aa:bb:cc:dd:ee:01)");
    expect(text).toBe("at path /org/bluez/hci0/dev_… (…)");
  });

  it("are found behind the errors of this folder, and told apart by what they mean", () => {
    const failed = (text: string) => new BluezRefusal("org.bluez.Error.Failed", text);
    const wrapped = errors.BLE_SESSION_FAILED({
      cause: errors.BLE_CALL_REFUSED({ cause: failed("Operation failed with ATT error: 0x0f") }),
    });
    expect(refusalOf(wrapped)?.errorName).toBe("org.bluez.Error.Failed");
    expect(isAuthenticationFailure(wrapped)).toBe(true);
    expect(isAuthenticationFailure(failed("Operation failed with ATT error: 0x0e"))).toBe(false);
    expect(isAuthenticationFailure(new Error("other"))).toBe(false);
  });
});

describe("a back-off", () => {
  it("doubles up to its limit and begins anew after a success", () => {
    const backoff = new Backoff({ first: ms(1), last: ms(5) });
    expect([backoff.next(), backoff.next(), backoff.next(), backoff.next(), backoff.next()]).toEqual([1, 2, 4, 5, 5]);
    backoff.reset();
    expect(backoff.next()).toBe(1);
  });
});

describe("what a device says of itself", () => {
  it("is total over any bytes, and states nothing where there is nothing", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0xffff }),
        fc.uint8Array(),
        (channel, bytes) => void factOf(channel, bytes),
      ),
    );
    expect(factOf(0x2a24, Uint8Array.of(0, 0))).toEqual({});
    expect(factOf(0x2a23, new Uint8Array(8))).toEqual({});
    expect(factOf(0x2a23, new Uint8Array(7).fill(1))).toEqual({});
    expect(factOf(0x2a19, Uint8Array.of(99))).toEqual({});
  });
});
