import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { drivers } from "../drivers/all.ts";
import { loadGatewayConfig } from "../src/config/load.ts";
import { DriverRegistry } from "../src/driver/registry.ts";
import type { GatewayEvent } from "../src/events.ts";
import { startGateway } from "../src/gateway.ts";
import { gatewayKeys, memoryState, openHttpReceiver, Receiver } from "../src/receiver/index.ts";
import { RecordKind } from "../src/seal/record.ts";
import { systemClock } from "../src/system-clock.ts";
import { vigie } from "./fixtures/cli.ts";
import { Told } from "./fixtures/events.ts";
import { KeepingSink } from "./fixtures/feed.ts";
import { outcome, startFhirServer } from "./fixtures/fhir-server.ts";
import { testKey } from "./fixtures/seal.ts";

let folder: string;
const platformKey = testKey(3);
const sealingKey = testKey(4);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vigie-destinations-"));
  await writeFile(join(folder, "journal.key"), randomBytes(32), { mode: 0o600 });
  await writeFile(join(folder, "signing.key"), new Uint8Array(32).fill(4), { mode: 0o600 });
});
afterEach(() => rm(folder, { recursive: true }));

/** config/demo.yaml in a file of the test's own, with these destinations. */
async function configFile(destinations: readonly object[]): Promise<string> {
  const root = new URL("../config/", import.meta.url);
  const demo = parse(await readFile(new URL("demo.yaml", root), "utf8"));
  const file = (name: string) => ({ file: join(folder, name) });
  const path = join(folder, "vigie.yaml");
  const text = stringify({
    ...demo,
    journal: { path: join(folder, "journal"), key: file("journal.key"), signingKey: file("signing.key") },
    links: { simulated: { scenario: new URL("demo-scenario.yaml", root).pathname, speed: 1000 } },
    destinations,
  });
  await writeFile(path, text);
  return path;
}

test("a sealed feed and a FHIR server each get what they are for, and what is refused is sent again by command", async () => {
  const sink = new KeepingSink();
  const keys = gatewayKeys({ "ehpad-demo": sealingKey.publicKey });
  const receiver = new Receiver({ keys, state: memoryState(), sinks: [sink], platformKey });
  await using platform = await openHttpReceiver({ receiver, listen: { port: 0 } });
  await using fhir = await startFhirServer();
  let isMended = false;
  fhir.before = ({ body }, response) => {
    if (isMended || !body.includes("29463-7")) return false;
    response.writeHead(422, { "content-type": "application/fhir+json" });
    response.end(JSON.stringify(outcome("weights are not taken yet")));
    return true;
  };
  const file = await configFile([
    {
      name: "plateforme",
      type: "https",
      url: `http://127.0.0.1:${platform.port}/`,
      platformKeys: [Buffer.from(platformKey.publicKey).toString("hex")],
      only: { kinds: ["blood-pressure", "body-weight"] },
    },
    { name: "fhir", type: "fhir", url: fhir.base, flavour: "strict", only: { persons: ["demo-0014", "demo-0021"] } },
  ]);
  const config = await loadGatewayConfig(file, drivers);
  const told = new Told<GatewayEvent>();
  const parts = { config, drivers: new DriverRegistry(drivers), clock: systemClock("always"), observe: told.observe };
  await using gateway = await startGateway({ ...parts, rounds: 1 });
  await gateway.played;
  const settled = async () => {
    for (const name of ["plateforme", "fhir"]) {
      const isAtEnd = (event: GatewayEvent) =>
        event.type === "receipted" && event.destination === name && event.through === gateway.journal.lastSeq;
      await told.first(isAtEnd);
    }
  };
  // Each of the six refused weights raises an event.
  await told.first((event) => event.type === "fault" && told.count((one) => one.type === "fault") >= 6);
  await settled();

  const measures = sink.records.filter(({ kind }) => kind === RecordKind.measure);
  const texts = measures.map(({ body }) => Buffer.from(body).toString());
  expect(texts.length).toBeGreaterThan(0);
  expect(texts.every((text) => text.includes("85354-9") || text.includes("29463-7"))).toBe(true);
  // Six temperatures of demo-0014; no weight of demo-0021 yet, no pressure of demo-0012 ever.
  expect(fhir.of("Observation")).toHaveLength(6);

  const dead = JSON.parse((await vigie(["deliveries", "dead", "--config", file, "--json"])).stdout);
  expect(dead).toHaveLength(6);
  expect(dead[0]).toMatchObject({ destination: "fhir", code: "422", again: false });
  const shown = await vigie(["deliveries", "dead", "--destination", "fhir", "--config", file]);
  expect(shown.stdout).toContain("weights are not taken yet");

  isMended = true;
  const seqs = dead.map(({ seq }: { readonly seq: number }) => String(seq));
  const retried = await vigie([
    "deliveries",
    "retry",
    ...seqs,
    "--destination",
    "fhir",
    "--config",
    file,
    "--by",
    "test",
  ]);
  expect([retried.exit, retried.stdout]).toEqual([0, expect.stringContaining("6 ")]);
  const left = async () => JSON.parse((await vigie(["deliveries", "dead", "--config", file, "--json"])).stdout).length;
  while ((await left()) > 0);
  expect(fhir.of("Observation")).toHaveLength(12);
}, 60_000);
