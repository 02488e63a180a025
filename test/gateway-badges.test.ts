/** A nursing home's corridor: one scale, one badge reader, several residents. Both on pseudo-terminals. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { drivers } from "../drivers/all.ts";
import { loadGatewayConfig } from "../src/config/load.ts";
import { DriverRegistry } from "../src/driver/registry.ts";
import type { GatewayEvent } from "../src/events.ts";
import { type Gateway, startGateway } from "../src/gateway.ts";
import { createLog } from "../src/logging/log.ts";
import { LogObserver } from "../src/logging/observe.ts";
import { systemClock } from "../src/system-clock.ts";
import { vigie } from "./fixtures/cli.ts";
import { Told } from "./fixtures/events.ts";
import { ManualTimers } from "./fixtures/timers.ts";
import { type Cable, plugIn, socat } from "./link/serial/pty.ts";

let folder: string;
let config: string;
let told: Told<GatewayEvent>;
let log: string[];
let scale: Cable;
let reader: Cable;

describe.skipIf(!socat)("a badge reader beside a shared scale (needs socat)", () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "vigie-badges-"));
    config = join(folder, "vigie.yaml");
    told = new Told();
    log = [];
    scale = await plugIn(join(folder, "scale"));
    reader = await plugIn(join(folder, "reader"));
    await writeFile(
      config,
      `gateway: { id: ehpad-test, structure: { finess: "750000001", name: EHPAD } }
journal: { path: ./journal, key: { file: ./journal.key }, signingKey: { file: ./signing.key } }
links:
  serial: [{ path: ${folder}/scale, driver: scale-line, device: balance-1 }]
  badges: [{ name: couloir-a, path: ${folder}/reader, devices: [balance-1], answers: { accepted: "06", refused: "15" } }]
devices: [{ address: balance-1, label: Balance }]
persons:
  - { reference: r-0012, system: "urn:oid:1.2.250.1.999.1", label: Chambre 12 }
  - { reference: r-0014, system: "urn:oid:1.2.250.1.999.1", label: Chambre 14 }
clock: { trust: always }
`,
    );
    await vigie(["keys", "create", "--config", config]);
  });
  afterEach(async () => {
    for (const cable of [scale, reader]) await cable[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  async function start(): Promise<Gateway> {
    const stream = { write: (text: string) => log.push(text) };
    const line = new LogObserver(createLog({ level: "debug", stream, journald: false }), {
      clock: systemClock("always"),
      timers: new ManualTimers(),
    });
    const gateway = await startGateway({
      config: await loadGatewayConfig(config, drivers),
      drivers: new DriverRegistry(drivers),
      clock: systemClock("always"),
      observe: (event) => {
        line.observe(event);
        told.observe(event);
      },
    });
    for (const name of ["serial", "badges:couloir-a"]) {
      await told.first((event) => event.type === "link" && event.link === name && event.state === "open");
    }
    return gateway;
  }
  const ok = async (...args: readonly string[]) => {
    const { exit, stderr } = await vigie([...args, "--config", config]);
    expect([exit, stderr]).toEqual([0, ""]);
  };
  /** Shows a badge and hears what the reader is told: 0x06 yes, 0x15 no. */
  const show = async (badge: string) => {
    const heard = reader.device.read(new Uint8Array(1));
    await reader.device.write(`${badge}\r\n`);
    return (await heard).buffer[0];
  };
  const weigh = async (text: string, nth: number) => {
    await scale.device.write(`ST,+${text}kg\r\n`);
    await told.first(() => told.count((event) => event.type === "journaled") === nth);
    const journaled = told.all.findLast((event) => event.type === "journaled");
    return journaled?.type === "journaled" ? [journaled.as, journaled.label] : [];
  };

  test("whoever shows a badge is weighed as themselves, once; without one, as nobody", async () => {
    await ok("persons", "badge", "r-0012", "--badge", "0004711");
    await using _gateway = await start();
    expect(await show("0004711")).toBe(0x06);
    expect(await weigh("0061.55", 1)).toEqual(["measure", "Chambre 12"]);
    expect(await weigh("0072.40", 2)).toEqual(["quarantined", undefined]);
  });

  test("a badge is learnt at the reader, without anybody reading its number; a strange one is refused", async () => {
    await using _gateway = await start();
    expect(await show("0004712")).toBe(0x15);
    await told.first((event) => event.type === "fault" && event.error.code === "BADGE_UNKNOWN");
    const given = vigie(["persons", "badge", "r-0014", "--reader", "couloir-a", "--config", config]);
    // The reader's yes is the sign: until the gateway has been asked, the badge is refused.
    let number = 4713;
    while ((await show(`000${number}`)) !== 0x06) number += 1;
    const { exit, stdout, stderr } = await given;
    expect([exit, stderr]).toEqual([0, ""]);
    expect(stdout).not.toContain(String(number));
    await ok("sessions", "open", "--device", "balance-1", "--badge", `000${number}`);
    expect(await weigh("0055.00", 1)).toEqual(["measure", "Chambre 14"]);
    expect(log.join("")).not.toMatch(/000471/);
  });

  test("a reader that is not there is refused by its name", async () => {
    await using _gateway = await start();
    const { stderr } = await vigie(["persons", "badge", "r-0014", "--reader", "none", "--config", config]);
    expect(stderr.split(":")[0]).toBe("BADGE_READER_UNKNOWN");
  });
});
