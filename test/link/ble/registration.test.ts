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

  it("lets a device that is enrolled secure its link by itself, where that takes nobody", async () => {
    await using house = await setup();
    expect(await house.ask("RequestAuthorization", "o", [house.cuff.path])).toEqual([]);
    expect(await house.ask("Cancel", "", [])).toEqual([]);
  });

  it("refuses where nobody stands before the box, and a device that is not known", async () => {
    await using house = await setup();
    await expect(house.ask("RequestPasskey", "o", [house.cuff.path])).rejects.toThrow("refused");
    await expect(house.ask("RequestConfirmation", "ou", [house.cuff.path, 1])).rejects.toThrow("refused");
    await expect(house.ask("DisplayPasskey", "ouq", [house.cuff.path, 1, 0])).rejects.toThrow("refused");
    await expect(house.ask("Unheard", "", [])).rejects.toThrow("refused");
    await expect(house.ask("RequestAuthorization", "o", [house.stranger.path])).rejects.toThrow("refused");
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
