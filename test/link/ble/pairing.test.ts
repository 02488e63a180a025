/** A technician enrols a device: looks around, picks one, pairs it. */
import { describe, expect, it } from "vitest";
import type { VigieError } from "../../../src/errors/error.ts";
import type { Timing } from "../../../src/link/ble/link.ts";
import type { PairingDesk } from "../../../src/link/port.ts";
import { ms } from "../../../src/measure/time.ts";
import { Bench, type BenchDeviceOptions, dbusDaemonInstalled } from "../../bench-bluez/bench.ts";
import { cuffAddress, fast, openHouse, Watched } from "./house.ts";

const cuffServices = { 6160: { 10805: {} } };
const CUFF = "ble:gatt-blood-pressure";
const reading = Uint8Array.of(0x1e, 0x78, 0x00, 0x50, 0x00, 0x5d, 0x00);

/** Somebody who reads numbers and types them. */
function technician(answers: { readonly same?: boolean; readonly typed?: string } = {}) {
  const saw: string[] = [];
  const desk: PairingDesk = {
    show: (passkey) => saw.push(`type ${passkey}`),
    confirm: async (passkey) => {
      saw.push(`same as ${passkey}?`);
      return answers.same === true;
    },
    ask: async () => {
      if (answers.typed === undefined) throw new Error("nobody");
      return answers.typed;
    },
  };
  return { desk, saw };
}

async function setup(
  device: Partial<BenchDeviceOptions> = {},
  { known = [], timing = {} }: { readonly known?: readonly string[]; readonly timing?: Partial<Timing> } = {},
) {
  const bench = await Bench.start();
  const cuff = bench.addDevice({ address: cuffAddress, name: "UA-651BLE", services: cuffServices, ...device });
  const house = await openHouse(bench, {
    known: known.map((address) => ({ device: { address, transport: "ble" } })),
    timing: { ...fast, ...timing },
  });
  const changes = new Watched<number>();
  const over = new Watched<VigieError>();
  const search = () =>
    house.link.search({ changed: () => changes.add(changes.all.length), over: (error) => over.add(error) });
  /** A search that has heard this many. */
  const heard = async (count = 1) => {
    const found = search();
    cuff.advertise();
    await changes.until(() => found.nearby.length >= count);
    return found;
  };
  const end = async () => {
    await house[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
  };
  return { bench, cuff, house, changes, over, search, heard, [Symbol.asyncDispose]: end };
}

const refused = async (pairing: Promise<unknown>) => {
  await expect(pairing).rejects.toHaveProperty("code");
  return pairing.catch((error: VigieError) => error.code);
};

describe.skipIf(!dbusDaemonInstalled)("pairing (needs dbus-daemon)", () => {
  it("lists all that is near, with name, driver and signal, each once, whether a driver reads it or not", async () => {
    await using site = await setup({}, { known: [cuffAddress] });
    const television = site.bench.addDevice({ address: "AA:BB:CC:DD:EE:09", name: "TV", services: { 6144: {} } });
    television.advertise();
    const search = await site.heard(2);
    const byAddress = search.nearby.toSorted((a, b) => a.address.localeCompare(b.address));
    expect(byAddress).toEqual([
      {
        address: cuffAddress,
        name: "UA-651BLE",
        driver: "gatt-blood-pressure",
        rssi: expect.any(Number),
        isKnown: true,
      },
      { address: "AA:BB:CC:DD:EE:09", name: "TV", rssi: expect.any(Number), isKnown: false },
    ]);
    expect(site.changes.all).toHaveLength(2);
    expect(television.connectCalls).toBe(0);
  });

  it("goes back to the services of its drivers when the search is over, and to rest where nobody is away", async () => {
    await using site = await setup();
    const search = await site.heard();
    expect(site.bench.countOf("StartDiscovery")).toBe(1);
    search.end();
    await site.bench.whenCalled("StopDiscovery");
    expect(site.over.all).toEqual([]);
  });

  it("pairs a device that asks nothing, says how, and reads it once it is enrolled", async () => {
    await using site = await setup();
    const search = await site.heard();
    const paired = await search.pair(cuffAddress, technician().desk);
    expect(paired).toMatchObject({
      address: cuffAddress,
      name: "UA-651BLE",
      driver: "gatt-blood-pressure",
      method: "just-works",
    });
    expect(site.cuff.bonded).toBe(true);
    site.house.link.know([{ device: { address: cuffAddress, transport: "ble" } }]);
    await site.house.linked(CUFF, "open");
    expect(site.cuff.indicate(0x2a35, reading)).toBe(true);
    await site.house.intake.frames.until((frames) => frames.length === 1);
    const order = site.bench.calls.map(({ method }) => method).filter((method) => /Discovery$|^Pair$/.test(method));
    expect(order.slice(0, 3)).toEqual(["StartDiscovery", "StopDiscovery", "Pair"]);
    expect(site.house.errors()).toEqual([]);
  });

  it("shows the number that is to be typed on the device, once, with its six digits", async () => {
    await using site = await setup({ pairing: { method: "typed-here", passkey: 1234 } });
    const { desk, saw } = technician();
    const paired = await (await site.heard()).pair(cuffAddress, desk);
    expect(saw).toEqual(["type 001234"]);
    expect(paired.method).toBe("passkey-shown");
  });

  it("asks for the number that the device shows", async () => {
    await using site = await setup({ pairing: { method: "shown-here", passkey: 4711 } });
    const paired = await (await site.heard()).pair(cuffAddress, technician({ typed: "004711" }).desk);
    expect(paired.method).toBe("passkey-asked");
  });

  it("asks whether both show the same number", async () => {
    await using site = await setup({ pairing: { method: "comparison", passkey: 99 } });
    const { desk, saw } = technician({ same: true });
    expect((await (await site.heard()).pair(cuffAddress, desk)).method).toBe("comparison");
    expect(saw).toEqual(["same as 000099?"]);
  });

  it.each<[string, Partial<BenchDeviceOptions>, { same?: boolean; typed?: string }, string]>([
    [
      "a wrong number",
      { pairing: { method: "shown-here", passkey: 4711 } },
      { typed: "004712" },
      "PAIRING_PASSKEY_WRONG",
    ],
    [
      "what is no number",
      { pairing: { method: "shown-here", passkey: 4711 } },
      { typed: "47x1" },
      "PAIRING_PASSKEY_WRONG",
    ],
    ["nobody who types one", { pairing: { method: "shown-here", passkey: 4711 } }, {}, "PAIRING_PASSKEY_WRONG"],
    ["two numbers that differ", { pairing: { method: "comparison", passkey: 99 } }, {}, "PAIRING_PASSKEY_WRONG"],
    ["a device that refuses", { pairing: { error: "AuthenticationFailed" } }, {}, "PAIRING_REFUSED"],
    ["a device that knows no pairing", { pairing: { error: "NotSupported" } }, {}, "PAIRING_REFUSED"],
    ["a device that hangs up", { pairing: { error: "AuthenticationCanceled" } }, {}, "PAIRING_ELSEWHERE"],
    ["a device that has a partner", { pairing: { error: "AuthenticationRejected" } }, {}, "PAIRING_ELSEWHERE"],
    ["a device that falls asleep", { pairing: { error: "ConnectionAttemptFailed" } }, {}, "PAIRING_OUT_OF_REACH"],
    ["a device that stops answering", { pairing: { error: "AuthenticationTimeout" } }, {}, "PAIRING_TIMEOUT"],
    ["a device that never answers", { pairing: { method: "silent" } }, {}, "PAIRING_TIMEOUT"],
    ["a device that no driver reads", { services: { 6144: {} } }, {}, "PAIRING_NO_DRIVER"],
  ])("%s has its own code, and leaves nothing behind", async (_what, device, answers, code) => {
    const isSilent = device.pairing !== undefined && "method" in device.pairing && device.pairing.method === "silent";
    await using site = await setup(device, isSilent ? { timing: { pair: ms(50) } } : {});
    const search = await site.heard();
    expect(await refused(search.pair(cuffAddress, technician(answers).desk))).toBe(code);
    expect(site.cuff.bonded).toBe(false);
    const again = await site.heard(); // the radio is free for the next attempt
    expect(again.nearby).toHaveLength(1);
  });

  it("a driver that is chosen reads what no driver would have been found for", async () => {
    await using site = await setup({ services: { 6144: {} } });
    const paired = await (await site.heard()).pair(cuffAddress, technician().desk, "gatt-blood-pressure");
    expect(paired.driver).toBe("gatt-blood-pressure");
    await paired.undo();
    expect(site.cuff.bonded).toBe(false);
  });

  it("a device that forgot the gateway is paired anew: the old bond goes first", async () => {
    await using site = await setup({ bonded: true }, { known: [cuffAddress] });
    site.cuff.connectErrors.push(
      ...Array.from({ length: 5 }, () => ({ name: "org.bluez.Error.AuthenticationFailed", text: "key missing" })),
    );
    const search = await site.heard();
    await search.pair(cuffAddress, technician().desk);
    expect(site.bench.countOf("RemoveDevice")).toBe(1);
    await site.house.linked(CUFF, "open");
    expect(site.cuff.indicate(0x2a35, reading)).toBe(true);
  });

  it("an enrolled device is read while others are looked for, and one that connects by itself while a device is paired", async () => {
    const [early, late] = ["AA:BB:CC:DD:EE:03", "AA:BB:CC:DD:EE:04"];
    await using site = await setup({ pairing: { method: "comparison", passkey: 99 } }, { known: [early, late] });
    const first = site.bench.addDevice({ address: early, services: cuffServices });
    const second = site.bench.addDevice({ address: late, bonded: true, services: cuffServices });
    const search = await site.heard();
    first.advertise();
    await site.house.linked(CUFF, "open");
    const desk: PairingDesk = {
      ...technician().desk,
      confirm: async () => {
        await second.connect();
        return true;
      },
    };
    await search.pair(cuffAddress, desk);
    await site.house.linked(CUFF, "open", 2);
    for (const device of [first, second]) expect(device.indicate(0x2a35, reading)).toBe(true);
    await site.house.intake.frames.until((frames) => frames.length === 2);
  });

  it("a device that is gone when it is picked is not found", async () => {
    await using site = await setup({ bonded: true }, { timing: { rediscover: ms(20) } });
    const search = await site.heard();
    site.cuff.hush();
    expect(await refused(search.pair("AA:BB:CC:DD:EE:77", technician().desk))).toBe("PAIRING_NOT_FOUND");
    expect(await refused(search.pair(cuffAddress, technician().desk))).toBe("PAIRING_NOT_FOUND");
  });

  it("is stopped by whoever began it, by the next search, and by its time", async () => {
    await using site = await setup({ pairing: { method: "silent" } });
    const search = await site.heard();
    const pairing = refused(search.pair(cuffAddress, technician().desk));
    await site.bench.whenCalled("Pair");
    search.end();
    expect(await pairing).toBe("PAIRING_STOPPED");
    await site.bench.whenCalled("CancelPairing");
    site.search();
    site.search();
    expect(site.over.all.map(({ code }) => code)).toEqual(["PAIRING_STOPPED"]);

    await using slow = await setup();
    await using hasty = await openHouse(slow.bench, { timing: { ...fast, enrol: ms(20) } });
    const over = new Watched<VigieError>();
    hasty.link.search({ changed: () => undefined, over: (error) => over.add(error) });
    await over.until((all) => all.length === 1);
    expect(over.all[0]?.code).toBe("PAIRING_TIMEOUT");
  });

  it("that is stopped when the device was through already leaves nothing behind", async () => {
    await using site = await setup({ pairing: { method: "comparison", passkey: 99 }, objectsLateMs: 200 });
    const search = await site.heard();
    // The technician says yes, and walks away before the device has been met.
    const desk: PairingDesk = {
      ...technician().desk,
      confirm: async () => {
        setImmediate(() => search.end());
        return true;
      },
    };
    expect(await refused(search.pair(cuffAddress, desk))).toBe("PAIRING_STOPPED");
    expect(site.cuff.bonded).toBe(false);
  });

  it("is over with the radio, and cannot begin without one: each in its own words", async () => {
    await using site = await setup({ pairing: { method: "silent" } });
    const search = await site.heard();
    const pairing = refused(search.pair(cuffAddress, technician().desk));
    await site.bench.whenCalled("Pair");
    site.bench.removeAdapter();
    await site.over.until((all) => all.length === 1);
    expect(site.over.all[0]?.code).toBe("BLE_ADAPTER_ABSENT");
    expect(await pairing).toBe("PAIRING_STOPPED");
    expect(() => site.search()).toThrow(expect.objectContaining({ code: "BLE_ADAPTER_ABSENT" }));
    await site.bench.stopBluez();
    await site.house.told("BLE_SERVICE_ABSENT");
    expect(() => site.search()).toThrow(expect.objectContaining({ code: "BLE_SERVICE_ABSENT" }));
  });
});
