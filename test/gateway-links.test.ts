/** What `vigie devices` and `vigie registry import` do to the links of a gateway that runs. */
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { drivers } from "../drivers/all.ts";
import { loadGatewayConfig } from "../src/config/load.ts";
import { DriverRegistry } from "../src/driver/registry.ts";
import type { GatewayEvent } from "../src/events.ts";
import { type Gateway, startGateway } from "../src/gateway.ts";
import { systemClock } from "../src/system-clock.ts";
import { Bench, dbusDaemonInstalled } from "./bench-bluez/bench.ts";
import { vigie } from "./fixtures/cli.ts";
import { Told } from "./fixtures/events.ts";
import { plugIn, socat } from "./link/serial/pty.ts";

const cuffAddress = "AA:BB:CC:DD:EE:01";
const reading = Uint8Array.of(0x1e, 0x78, 0x00, 0x50, 0x00, 0x5d, 0x00, 0xea, 0x07, 11, 20, 8, 0, 0, 60, 0, 1, 0, 0);
/** A serial link whose port is not there: no radio is touched. */
const spare = "{ serial: [{ path: /dev/vigie/none, driver: scale-line, device: spare }] }";
let folder: string;
let config: string;
let told: Told<GatewayEvent>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vigie-links-"));
  config = join(folder, "vigie.yaml");
  told = new Told();
});
afterEach(() => rm(folder, { recursive: true }));

async function start(links: string): Promise<Gateway> {
  await writeFile(
    config,
    `gateway: { id: ehpad-test, structure: { finess: "750000001", name: EHPAD } }
journal: { path: ./journal, key: { file: ./journal.key }, signingKey: { file: ./signing.key } }
links: ${links}
devices: [{ address: spare, label: Réserve }]
clock: { trust: always }
`,
  );
  await vigie(["keys", "create", "--config", config]);
  return startGateway({
    config: await loadGatewayConfig(config, drivers),
    drivers: new DriverRegistry(drivers),
    clock: systemClock("always"),
    observe: told.observe,
  });
}

async function ok(...args: readonly string[]): Promise<void> {
  const { exit, stderr } = await vigie([...args, "--config", config]);
  expect([exit, stderr]).toEqual([0, ""]);
}
const codeOf = async (...args: readonly string[]) => (await vigie([...args, "--config", config])).stderr.split(":")[0];

const device = (address: string, state: string) =>
  told.first((event) => event.type === "device" && event.device === address && event.state === state);
const link = (name: string, state: string) =>
  told.first((event) => event.type === "link" && (event.device ?? event.link) === name && event.state === state);
const journaled = (kind: string) =>
  told.first((event) => event.type === "journaled" && event.measurement.kind === kind);

describe.skipIf(!dbusDaemonInstalled)("a Bluetooth device (needs dbus-daemon)", () => {
  let bench: Bench;
  const before = process.env["DBUS_SYSTEM_BUS_ADDRESS"];
  beforeEach(async () => {
    bench = await Bench.start();
    process.env["DBUS_SYSTEM_BUS_ADDRESS"] = bench.address;
  });
  afterEach(async () => {
    await bench[Symbol.asyncDispose]();
    if (before === undefined) delete process.env["DBUS_SYSTEM_BUS_ADDRESS"];
    else process.env["DBUS_SYSTEM_BUS_ADDRESS"] = before;
  });

  test("that is added is read without a restart, and let go when it is removed", async () => {
    const cuff = bench.addDevice({ address: cuffAddress, name: "UA-651BLE", services: { 6160: { 10805: {} } } });
    await using _gateway = await start("{ ble: {} }");
    cuff.advertise();
    await ok("devices", "add", cuffAddress, "--label", "Tensiomètre");
    await device(cuffAddress, "followed");
    await link("ble:gatt-blood-pressure", "open");
    expect(cuff.indicate(0x2a35, reading)).toBe(true);
    await journaled("blood-pressure");

    await ok("devices", "add", cuffAddress, "--label", "Tensiomètre du couloir A"); // another label is no other device
    const gone = cuff.whenDisconnected();
    await ok("devices", "remove", cuffAddress);
    await device(cuffAddress, "released");
    await gone;
    expect(told.count((event) => event.type === "device")).toBe(2);
  });

  test("that a document brings is read, and let go when the next document leaves it out", async () => {
    const cuff = bench.addDevice({ address: cuffAddress, services: { 6160: { 10805: {} } } });
    await using _gateway = await start("{ ble: {} }");
    const document = async (devices: readonly object[]) => {
      await writeFile(join(folder, "state.json"), JSON.stringify({ version: 1, devices }));
      await ok("registry", "import", join(folder, "state.json"));
    };
    await document([{ address: cuffAddress, label: "Tensiomètre" }]);
    cuff.advertise();
    await link("ble:gatt-blood-pressure", "open");
    const gone = cuff.whenDisconnected();
    await document([]);
    await gone;
    await device(cuffAddress, "released");
  });

  test("with a driver that there is not, or of another kind, is refused before it is written", async () => {
    await using _gateway = await start("{ ble: {} }");
    const add = (...more: readonly string[]) => codeOf("devices", "add", cuffAddress, "--label", "x", ...more);
    expect(await add("--driver", "none")).toBe("DEVICE_DRIVER_UNFIT");
    expect(await add("--driver", "scale-line")).toBe("DEVICE_DRIVER_UNFIT");
    expect(await add("--port", "/dev/ttyS0", "--driver", "gatt-thermometer")).toBe("REGISTRY_INVALID");
    expect(told.count((event) => event.type === "device")).toBe(0);
  });
});

describe.skipIf(!socat)("a serial device (needs socat)", () => {
  test("that is added with its port is read, moves to another port, and frees it when it is removed", async () => {
    await using first = await plugIn(join(folder, "first"));
    await using second = await plugIn(join(folder, "second"));
    const [one, two] = [await realpath(join(folder, "first")), await realpath(join(folder, "second"))];
    await using _gateway = await start(spare);
    const add = (address: string, port: string) =>
      ok(
        "devices",
        "add",
        address,
        "--label",
        "Balance",
        "--driver",
        "scale-line",
        "--port",
        port,
        "--line",
        "9600 8N1",
      );
    await add("balance-1", one);
    await link("balance-1", "open");
    await first.device.write("ST,+0061.55kg\r\n");
    await journaled("body-weight");

    await add("balance-1", two);
    await device("balance-1", "changed");
    await told.first(() => told.count(isOpening) === 2);
    await second.device.write("ST,+0072.40kg\r\n");
    await told.first(() => told.count((event) => event.type === "journaled") === 2);

    const taken = ["devices", "add", "balance-2", "--label", "x", "--driver", "scale-line", "--port", two] as const;
    expect(await codeOf(...taken)).toBe("DEVICE_PORT_TAKEN");
    await ok("devices", "remove", "balance-1");
    await device("balance-1", "released");
    await ok(...taken);
    await link("balance-2", "open");
  });

  test("without a port is told of: nothing reads it", async () => {
    await using _gateway = await start(spare);
    await ok("devices", "add", "balance-1", "--label", "Balance", "--driver", "scale-line");
    await told.first((event) => event.type === "fault" && event.error.code === "DEVICE_WITHOUT_LINK");
    const add = (...more: readonly string[]) => codeOf("devices", "add", "balance-1", "--label", "x", ...more);
    expect(await add("--port", "/etc/passwd", "--driver", "scale-line")).toBe("REGISTRY_INVALID");
    expect(await add("--port", "/dev/../etc/passwd", "--driver", "scale-line")).toBe("REGISTRY_INVALID");
    expect(await add("--port", "/dev/ttyS0")).toBe("REGISTRY_INVALID");
    expect(await add("--line", "9600", "--driver", "scale-line")).toBe("REGISTRY_INVALID");
  });
});

const isOpening = (event: GatewayEvent) =>
  event.type === "link" && event.device === "balance-1" && event.state === "open";
