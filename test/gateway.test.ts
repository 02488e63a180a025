import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { drivers } from "../drivers/all.ts";
import { parseGatewayConfig } from "../src/config/load.ts";
import type { GatewayConfig } from "../src/config/schema.ts";
import { connectControl } from "../src/control/socket.ts";
import { DriverRegistry } from "../src/driver/registry.ts";
import type { GatewayEvent } from "../src/events.ts";
import { controlPath, type Gateway, type GatewayParts, openConfiguredJournal, startGateway } from "../src/gateway.ts";
import { createLog } from "../src/logging/log.ts";
import { logNames } from "../src/logging/names.ts";
import { LogObserver } from "../src/logging/observe.ts";
import { gatewayKeys, memoryState, openMqttReceiver, Receiver, type Sink } from "../src/receiver/index.ts";
import { RecordKind } from "../src/seal/record.ts";
import { systemClock } from "../src/system-clock.ts";
import { type EmbeddedBroker, startAedes } from "./fixtures/aedes.ts";
import { testKey } from "./fixtures/seal.ts";
import { ManualTimers } from "./fixtures/timers.ts";

let folder: string;
let broker: EmbeddedBroker;
const platformKey = testKey(3);
const sealingKey = testKey(4);
const clock = systemClock("always");

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vigie-gateway-"));
  await writeFile(join(folder, "journal.key"), randomBytes(32), { mode: 0o600 });
  await writeFile(join(folder, "signing.key"), new Uint8Array(32).fill(4), { mode: 0o600 });
  broker = await startAedes();
});
afterEach(async () => {
  await broker.stop();
  await rm(folder, { recursive: true });
});

/** config/demo.yaml itself, moved to the test's folder, keys and broker. */
async function demo(): Promise<GatewayConfig> {
  const root = new URL("../config/", import.meta.url);
  const parsed = parseGatewayConfig(await readFile(new URL("demo.yaml", root), "utf8"), drivers);
  if ("problems" in parsed) throw new Error(JSON.stringify(parsed.problems));
  const { config } = parsed;
  const file = (name: string) => ({ file: join(folder, name) });
  return {
    ...config,
    journal: {
      ...config.journal,
      path: join(folder, "journal"),
      key: file("journal.key"),
      signingKey: file("signing.key"),
    },
    links: { serial: [], simulated: { scenario: new URL("demo-scenario.yaml", root).pathname, speed: 1000 } },
    destinations: config.destinations.map((one) => ({
      ...one,
      url: broker.url,
      protocol: 4,
      platformKeys: [Uint8Array.from(platformKey.publicKey)],
    })),
  };
}

/** What the platform was handed, by record id. */
function platform() {
  const handed: { seq: number; kind: RecordKind; id: string; text: string }[] = [];
  const sink: Sink = {
    async hand({ records }) {
      for (const { seq, kind, id, body } of records) {
        handed.push({ seq, kind, id: Buffer.from(id).toString("hex"), text: Buffer.from(body).toString() });
      }
      return [];
    },
  };
  const receiver = new Receiver({
    keys: gatewayKeys({ "ehpad-demo": sealingKey.publicKey }),
    state: memoryState(),
    sinks: [sink],
    platformKey,
  });
  const feed = openMqttReceiver({ receiver, config: { url: broker.url, version: "3.1.1", clientId: "platform" } });
  return { handed, feed };
}

/** Starts the gateway; resolves `receipted` when the platform's receipt covers all that was played. */
async function start(config: GatewayConfig, parts: Pick<GatewayParts, "nameInLog"> = {}) {
  const events: GatewayEvent[] = [];
  let wake = () => {};
  const observe = (event: GatewayEvent) => {
    events.push(event);
    wake();
  };
  const gateway = await startGateway({
    config,
    drivers: new DriverRegistry(drivers),
    clock,
    observe,
    rounds: 1,
    ...parts,
  });
  const receipted = async () => {
    await gateway.played;
    while (!isReceipted(gateway, events)) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { gateway, events, receipted };
}

function isReceipted({ journal }: Gateway, events: readonly GatewayEvent[]): boolean {
  return events.some((event) => event.type === "receipted" && event.through === journal.lastSeq);
}

test("every measure of the demonstration is delivered and receipted once, kept in quarantine, or known already", async () => {
  const { handed, feed } = platform();
  await feed.ready;
  const { gateway, events, receipted } = await start(await demo());
  await receipted();
  await gateway[Symbol.asyncDispose]();
  await feed[Symbol.asyncDispose]();

  const as = events.flatMap((event) => (event.type === "journaled" ? [event.as] : []));
  const count = (what: string) => as.filter((one) => one === what).length;
  expect([count("measure"), count("failed"), count("quarantined"), count("duplicate")]).toEqual([20, 2, 2, 6]);
  expect(handed.filter(({ kind }) => kind === RecordKind.measure)).toHaveLength(20);
  const told = (type: string) => handed.filter(({ text }) => text.includes(`"type":"${type}"`)).length;
  expect([told("measure-failed"), told("quarantined")]).toEqual([2, 2]);
  expect(new Set(handed.map(({ id }) => id)).size).toBe(handed.length);
  // A quarantined measurement is announced; itself it never leaves the box.
  expect(handed.some(({ kind }) => kind === RecordKind.quarantine)).toBe(false);
  expect(handed.some(({ text }) => text.includes("Chambre"))).toBe(false);
});

test("what is read while the broker is away arrives when it is back, also through a restart of the gateway", async () => {
  const config = await demo();
  await broker.stop();
  const away = await start(config);
  await away.gateway.played;
  const { lastSeq } = away.gateway.journal;
  expect(lastSeq).toBeGreaterThan(20);
  await away.gateway[Symbol.asyncDispose]();

  await broker.start();
  const { handed, feed } = platform();
  await feed.ready;
  const again = await start(config);
  await again.receipted();
  expect(handed.filter(({ seq }) => seq <= lastSeq && handed.length > 0).length).toBeGreaterThanOrEqual(22);
  expect(new Set(handed.map(({ id }) => id)).size).toBe(handed.length);
  await again.gateway[Symbol.asyncDispose]();
  await feed[Symbol.asyncDispose]();

  const journal = await openConfiguredJournal(config, clock);
  expect(await journal.cursor("plateforme-demo")).toBe(journal.lastSeq);
  await journal.close();
});

test("without consent nothing of a person leaves: digests travel, the chain verifies, the receipts come", async () => {
  const config = await demo();
  const { handed, feed } = platform();
  await feed.ready;
  const { gateway, receipted } = await start({
    ...config,
    registry: { ...config.registry, withoutConsent: "withhold" },
  });
  await receipted();
  await gateway[Symbol.asyncDispose]();
  await feed[Symbol.asyncDispose]();
  expect(handed.filter(({ kind }) => kind === RecordKind.measure)).toEqual([]);
  expect(handed.some(({ kind }) => kind === RecordKind.event)).toBe(true);
});

test("a scenario that is missing is said at the start, and nothing stays open behind it", async () => {
  const config = await demo();
  const links = { serial: [], simulated: { scenario: join(folder, "missing.yaml"), speed: 1 } };
  await expect(start({ ...config, links })).rejects.toMatchObject({ code: "CONFIG_FILE_UNREADABLE" });
  const journal = await openConfiguredJournal(config, clock);
  expect(journal.lastSeq).toBe(2); // who the gateway is, and the registry's first record: what the configuration lists
  await journal.close();
});

test("the log of all this names nobody, no device by its address or label, and no value", async () => {
  const config = await demo();
  const { feed } = platform();
  await feed.ready;
  const names = logNames(new Uint8Array(16));
  const { gateway, events, receipted } = await start(config, { nameInLog: names });
  await receipted();
  // Who stands at the board may ask which device the log speaks of.
  const control = await connectControl(controlPath(config));
  expect(await control?.ask({ do: "registry-show" })).toMatchObject({
    inLog: config.devices.map(({ address }) => names(address)),
  });
  await gateway[Symbol.asyncDispose]();
  await feed[Symbol.asyncDispose]();

  const lines: string[] = [];
  const log = createLog({ level: "debug", stream: { write: (line) => lines.push(line) }, journald: true });
  using told = new LogObserver(log, { clock, timers: new ManualTimers(), names });
  for (const event of events) told.observe(event);
  const text = lines.join("");
  expect(lines.length).toBeGreaterThan(60);
  const unsaid = [
    ...config.devices.flatMap(({ address, label }) => [address, label]),
    ...config.persons.flatMap(({ reference, label }) => [reference, label]),
    "Demo BPM",
    "0001",
  ];
  expect(unsaid.filter((word) => text.includes(word))).toEqual([]);
  // A weight or a temperature has its decimal point; pressures are in the hundred and thirties.
  expect(text).not.toMatch(/\d\.\d/);
  for (const { seq } of events.filter((event) => event.type === "journaled")) expect(seq).toBeLessThan(100);
  expect(text).not.toMatch(/[^0-9a-f][1-9]\d\d[^0-9a-f]/);
});
