/** The promise that this link exists for: what a device was told "received" for has reached intake. */
import { describe, expect, it } from "vitest";
import { Bench, type BenchDevice, dbusDaemonInstalled } from "../../bench-bluez/bench.ts";
import { cuffAddress, openHouse } from "./house.ts";

const services = {
  6160: { 10805: {}, 10825: { flags: ["read"] } },
  6154: { 10793: { flags: ["read"] }, 10788: { flags: ["read"] }, 10790: { flags: ["read"] } },
};

/** Indicates 50 ms after the link stands, as the device of the field test did, and leaves. @returns whether it was confirmed */
async function speak(cuff: BenchDevice, cycle: number): Promise<boolean> {
  await cuff.whenConnected();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const confirmed = cuff.indicate(0x2a35, Uint8Array.of(cycle));
  cuff.dropLink();
  return confirmed;
}

describe.skipIf(!dbusDaemonInstalled)("a device that reconnects (needs dbus-daemon)", () => {
  it("loses nothing over ten reconnects, an indication 50 ms after each, on the bench where node-ble loses", async () => {
    await using bench = await Bench.start({ answerMs: 10 });
    const cuff = bench.addDevice({ address: cuffAddress, bonded: true, services });
    await using house = await openHouse(bench);
    cuff.advertise();
    await house.linked("ble:gatt-blood-pressure", "open");
    cuff.dropLink();

    let confirmed = 0;
    for (let cycle = 1; cycle <= 10; cycle += 1) {
      cuff.advertise();
      if (await speak(cuff, cycle)) confirmed += 1;
    }
    await house.intake.frames.until((frames) => frames.length >= confirmed);

    expect(confirmed).toBe(10);
    expect(house.intake.bytes).toEqual([[1], [2], [3], [4], [5], [6], [7], [8], [9], [10]]);
    expect(house.errors()).toEqual([]);
  });

  it("takes the value of a bonded device that connected by itself, before anybody asked for it", async () => {
    await using bench = await Bench.start();
    const cuff = bench.addDevice({ address: cuffAddress, bonded: true, services });
    await using house = await openHouse(bench);
    cuff.advertise();
    await house.linked("ble:gatt-blood-pressure", "open");
    cuff.dropLink();
    await cuff.connect();
    expect(cuff.indicate(0x2a35, Uint8Array.of(7))).toBe(true);
    cuff.dropLink();
    await house.intake.frames.until((frames) => frames.length === 1);
    expect(house.intake.bytes).toEqual([[7]]);
  });

  it("holds as many match rules after fifty cycles as after one", async () => {
    await using bench = await Bench.start();
    const cuff = bench.addDevice({ address: cuffAddress, bonded: true, services });
    await using house = await openHouse(bench);
    const counts: number[] = [];
    for (let cycle = 1; cycle <= 50; cycle += 1) {
      cuff.advertise();
      await house.linked("ble:gatt-blood-pressure", "open", cycle);
      cuff.dropLink();
      await house.linked("ble:gatt-blood-pressure", "closed", cycle);
      counts.push(await bench.matchRules());
    }
    expect(new Set(counts).size).toBe(1);
    expect(counts[0]).toBeLessThanOrEqual(4); // three of ours, one by which dbus-next follows the owner of a name
  });
});
