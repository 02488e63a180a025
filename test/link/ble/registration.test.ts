/** What bluetoothd asks of the gateway: the agent while a device is paired, the profile that makes it connect by itself. */
import { describe, expect, it } from "vitest";
import { Bench, dbusDaemonInstalled, uuid } from "../../bench-bluez/bench.ts";
import { cuffAddress, openHouse } from "./house.ts";

const AGENT = "org.bluez.Agent1";

async function setup(options: Parameters<typeof openHouse>[1] = {}) {
  const bench = await Bench.start();
  const cuff = bench.addDevice({ address: cuffAddress, bonded: true, services: { 6160: { 10805: {} } } });
  const stranger = bench.addDevice({ address: "AA:BB:CC:DD:EE:02", bonded: true, services: {} });
  const house = await openHouse(bench, options);
  const registered = bench.calls.find(({ method }) => method === "RegisterAgent");
  const ask = (member: string, signature: string, body: unknown[]) =>
    bench.callClient(registered?.sender ?? "", String(registered?.args[0]), AGENT, member, signature, body);
  const end = async () => {
    await house[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
  };
  return { bench, cuff, stranger, registered, ask, [Symbol.asyncDispose]: end };
}

describe.skipIf(!dbusDaemonInstalled)("registering with bluetoothd (needs dbus-daemon)", () => {
  it("offers a keyboard and a display, and is the default agent", async () => {
    await using house = await setup();
    expect(house.registered?.args[1]).toBe("KeyboardDisplay");
    expect(house.bench.countOf("RequestDefaultAgent")).toBe(1);
  });

  it("shows a passkey with its six digits, and gives the one that the device shows", async () => {
    const shown: string[] = [];
    const pairing = {
      show: (passkey: string) => shown.push(passkey),
      confirm: async (passkey: string) => passkey === "000099",
      ask: async () => "004711",
    };
    await using house = await setup({ pairing });
    expect(await house.ask("DisplayPasskey", "ouq", [house.cuff.path, 1234, 0])).toEqual([]);
    expect(await house.ask("RequestConfirmation", "ou", [house.cuff.path, 99])).toEqual([]);
    await expect(house.ask("RequestConfirmation", "ou", [house.cuff.path, 98])).rejects.toThrow("refused");
    expect(shown).toEqual(["001234"]);
    expect(await house.ask("RequestPasskey", "o", [house.cuff.path])).toEqual([4711]);
    expect(await house.ask("RequestPinCode", "o", [house.cuff.path])).toEqual(["004711"]);
    expect(await house.ask("RequestAuthorization", "o", [house.cuff.path])).toEqual([]);
    expect(await house.ask("Cancel", "", [])).toEqual([]);
  });

  it("refuses where nobody stands before the box, for what is no passkey, and for a device that is not known", async () => {
    await using alone = await setup();
    await expect(alone.ask("RequestPasskey", "o", [alone.cuff.path])).rejects.toThrow("refused");
    await expect(alone.ask("DisplayPasskey", "ouq", [alone.cuff.path, 1, 0])).rejects.toThrow("refused");
    await expect(alone.ask("Unheard", "", [])).rejects.toThrow("refused");
    await using house = await setup({
      pairing: { show: () => undefined, confirm: async () => true, ask: async () => "12a" },
    });
    await expect(house.ask("RequestPasskey", "o", [house.cuff.path])).rejects.toThrow("refused");
    await expect(house.ask("RequestAuthorization", "o", [house.stranger.path])).rejects.toThrow("refused");
  });

  it("lets unknown devices pair while devices are being enrolled", async () => {
    await using house = await setup({ discover: true });
    expect(await house.ask("RequestAuthorization", "o", [house.stranger.path])).toEqual([]);
  });

  it("answers nobody but bluetoothd", async () => {
    await using house = await setup();
    const { sender = "", args } = house.registered ?? { args: [] };
    const asStranger = house.bench.callAsStranger(sender, String(args[0]), AGENT, "RequestAuthorization", "o", [
      house.cuff.path,
    ]);
    await expect(asStranger).rejects.toThrow("does not exist");
  });

  it("registers the services by which the kernel connects bonded devices, and trusts a bonded device it has read", async () => {
    await using house = await setup();
    const application = house.bench.calls.find(({ method }) => method === "RegisterApplication");
    const objects = await house.bench.callClient(
      application?.sender ?? "",
      String(application?.args[0]),
      "org.freedesktop.DBus.ObjectManager",
      "GetManagedObjects",
    );
    expect(JSON.stringify(objects)).toContain(`"value":["${uuid(0x1809)}","${uuid(0x1810)}"]`);
    house.cuff.advertise();
    await house.cuff.whenSubscribed(0x2a35);
    await house.bench.whenCalled("Set");
    expect(house.bench.calls.at(-1)?.args.slice(0, 2)).toEqual(["org.bluez.Device1", "Trusted"]);
  });
});
