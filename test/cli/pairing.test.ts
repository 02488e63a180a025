/** `vigie devices pair`, as a technician types it: over the control socket, a gateway that runs, and a BlueZ on a private bus. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { drivers } from "../../drivers/all.ts";
import { run } from "../../src/cli/run.ts";
import { loadGatewayConfig } from "../../src/config/load.ts";
import { DriverRegistry } from "../../src/driver/registry.ts";
import type { GatewayEvent } from "../../src/events.ts";
import { type Gateway, startGateway } from "../../src/gateway.ts";
import { systemClock } from "../../src/system-clock.ts";
import { Bench, type BenchDeviceOptions, dbusDaemonInstalled } from "../bench-bluez/bench.ts";
import { vigie } from "../fixtures/cli.ts";
import { Told } from "../fixtures/events.ts";
import { deferred } from "../link/fixtures.ts";

const cuffAddress = "AA:BB:CC:DD:EE:01";
const reading = Uint8Array.of(0x1e, 0x78, 0x00, 0x50, 0x00, 0x5d, 0x00, 0xea, 0x07, 11, 20, 8, 0, 0, 60, 0, 1, 0, 0);
let folder: string;
let config: string;
let bench: Bench;
let told: Told<GatewayEvent>;
const before = process.env["DBUS_SYSTEM_BUS_ADDRESS"];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vigie-pair-"));
  config = join(folder, "vigie.yaml");
  told = new Told();
});
afterEach(() => rm(folder, { recursive: true }));

async function configure(links: string): Promise<void> {
  await writeFile(
    config,
    `gateway: { id: ehpad-test, structure: { finess: "750000001", name: EHPAD } }
journal: { path: ./journal, key: { file: ./journal.key }, signingKey: { file: ./signing.key } }
links: ${links}
clock: { trust: always }
`,
  );
  await vigie(["keys", "create", "--config", config]);
}

const start = async (): Promise<Gateway> =>
  startGateway({
    config: await loadGatewayConfig(config, drivers),
    drivers: new DriverRegistry(drivers),
    clock: systemClock("always"),
    observe: told.observe,
  });

/** The command with a person before it, who reads and types. */
function sit(...args: readonly string[]) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  let screen = "";
  const looking = new Set<() => void>();
  for (const stream of [stdout, stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      screen += text;
      for (const look of [...looking]) look();
    });
  }
  const interrupt = deferred<string>();
  const io = { stdin, stdout, stderr, exitCode: 0, interrupted: () => interrupt.promise } as const;
  const exit = run(["devices", "pair", "--config", config, ...args], { ...io });
  return {
    exit,
    type: (text: string) => stdin.write(`${text}\n`),
    interrupt: () => interrupt.resolve("SIGINT"),
    screen: () => screen,
    /** Resolves when this is to be read. */
    sees: (text: string) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (!screen.includes(text)) return;
          looking.delete(look);
          resolve();
        };
        looking.add(look);
        look();
      }),
  };
}

describe.skipIf(!dbusDaemonInstalled)("vigie devices pair (needs dbus-daemon)", () => {
  beforeEach(async () => {
    bench = await Bench.start();
    process.env["DBUS_SYSTEM_BUS_ADDRESS"] = bench.address;
    await configure("{ ble: {} }");
  });
  afterEach(async () => {
    await bench[Symbol.asyncDispose]();
    if (before === undefined) delete process.env["DBUS_SYSTEM_BUS_ADDRESS"];
    else process.env["DBUS_SYSTEM_BUS_ADDRESS"] = before;
  });

  const cuff = (more: Partial<BenchDeviceOptions> = {}) =>
    bench.addDevice({ address: cuffAddress, name: "UA-651BLE", services: { 6160: { 10805: {} } }, ...more });

  test("from pairing mode to the first reading: listed, picked, paired, named, enrolled, read", async () => {
    await using _gateway = await start();
    const device = cuff({ pairing: { method: "shown-here", passkey: 4711 } });
    bench.addDevice({ address: "AA:BB:CC:DD:EE:09", name: "TV", services: { 6144: {} } }).advertise();
    const technician = sit("--by", "marie");
    device.advertise();
    await technician.sees("  1  UA-651BLE                 gatt-blood-pressure");
    technician.type("7");
    await technician.sees("Un numéro de la liste");
    technician.type("1");
    await technician.sees("Nom de l'appareil pour l'équipe");
    technician.type("Tensiomètre du couloir A");
    await technician.sees("Quel code montre l'appareil ?");
    technician.type("not a code");
    technician.type("004711");
    expect(await technician.exit).toBe(0);
    expect(technician.screen()).toContain("Appairé et enregistré : Tensiomètre du couloir A (gatt-blood-pressure)");
    expect(technician.screen()).not.toContain("TV");

    await told.first((event) => event.type === "link" && event.link.startsWith("ble:gatt") && event.state === "open");
    expect(device.indicate(0x2a35, reading)).toBe(true);
    await told.first((event) => event.type === "journaled");
    const { stdout } = await vigie(["devices", "list", "--json", "--config", config]);
    expect(JSON.parse(stdout)).toEqual([
      { address: cuffAddress, label: "Tensiomètre du couloir A", name: "UA-651BLE" },
    ]);
  });

  test("a number to be typed on the device, and one to be compared, are shown", async () => {
    await using _gateway = await start();
    const device = cuff({ pairing: { method: "comparison", passkey: 99 } });
    const technician = sit("--address", cuffAddress, "--label", "Tensiomètre");
    device.advertise();
    await technician.sees("L'appareil montre-t-il 000099 ? (o/n)");
    technician.type("peut-être");
    technician.type("o");
    expect(await technician.exit).toBe(0);
  });

  test("by a program: address and label given, nobody asked, a line of JSON for each step", async () => {
    await using _gateway = await start();
    cuff().advertise();
    const args = ["devices", "pair", "--address", cuffAddress, "--label", "Tensiomètre", "--json", "--config", config];
    const { exit, stdout, stderr } = await vigie(args);
    expect([exit, stderr]).toEqual([0, ""]);
    const stages = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).stage);
    expect(stages[0]).toEqual({ at: "searching" });
    expect(stages.at(-1)).toEqual({
      at: "paired",
      address: cuffAddress,
      label: "Tensiomètre",
      driver: "gatt-blood-pressure",
    });
  });

  test("a device that refuses is said to, in French and English, with what to do", async () => {
    await using _gateway = await start();
    cuff({ pairing: { error: "AuthenticationRejected" } }).advertise();
    const { exit, stderr } = await vigie([
      "devices",
      "pair",
      "--address",
      cuffAddress,
      "--label",
      "x",
      "--config",
      config,
    ]);
    expect(exit).toBe(65);
    expect(stderr).toContain("PAIRING_ELSEWHERE: L'appareil a raccroché");
    expect(stderr).toContain("it is paired elsewhere");
  });

  test("Ctrl-C ends the search, and the radio rests", async () => {
    await using _gateway = await start();
    const technician = sit();
    await bench.whenCalled("StartDiscovery");
    technician.interrupt();
    expect(await technician.exit).toBe(75);
    await bench.whenCalled("StopDiscovery");
  });

  test("a gateway that stops meanwhile ends it too", async () => {
    const gateway = await start();
    const technician = sit();
    await bench.whenCalled("StartDiscovery");
    await gateway[Symbol.asyncDispose]();
    expect(await technician.exit).toBe(75);
    expect(technician.screen()).toMatch(/PAIRING_STOPPED|CONTROL_CUT/);
  });

  test("input that ends before anything was picked ends the search", async () => {
    await using _gateway = await start();
    const { exit, stderr } = await vigie(["devices", "pair", "--config", config]);
    expect([exit, stderr.split(":")[0]]).toEqual([75, "PAIRING_STOPPED"]);
  });

  test("an adapter that is gone, a link that is not there, pairing that is not allowed: each says so", async () => {
    const codeNow = async () => (await vigie(["devices", "pair", "--config", config])).stderr.split(":")[0];
    expect(await codeNow()).toBe("PAIRING_NEEDS_GATEWAY");
    bench.removeAdapter();
    {
      await using _gateway = await start();
      expect(await codeNow()).toBe("BLE_ADAPTER_ABSENT");
    }
    await configure("{ ble: { discover: false } }");
    {
      await using _gateway = await start();
      expect(await codeNow()).toBe("PAIRING_OFF");
    }
    await configure("{ simulated: { scenario: ./scenario.yaml } }");
    await writeFile(
      join(folder, "scenario.yaml"),
      "devices: [{ link: serial, address: balance-1, driver: scale-line, sends: [] }]\n",
    );
    {
      await using _gateway = await start();
      expect(await codeNow()).toBe("PAIRING_NO_RADIO");
    }
  });
});
