/** `vigie receive` as platforms run it: a process, real TLS, a gateway's HTTPS destination. */
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { DeadLetters } from "../../src/delivery/dead-letters.ts";
import { openHttpsDestination } from "../../src/delivery/https/destination.ts";
import type { GatewayEvent } from "../../src/events.ts";
import { encodeMessage } from "../../src/seal/message.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { FakeClock } from "../fixtures/clock.ts";
import { Told } from "../fixtures/events.ts";
import { address, gatewayKey, newJournal, platformKeys } from "../fixtures/feed.ts";
import { measureDraft } from "../fixtures/fhir-feed.ts";
import { startFhirServer } from "../fixtures/fhir-server.ts";
import type { MemoryJournal } from "../fixtures/memory-journal.ts";
import { hasMosquitto, startMosquitto } from "../fixtures/mosquitto.ts";
import { type Credentials, hasOpenssl, Pki } from "../fixtures/pki.ts";
import { hasPostgres, startPostgres } from "../fixtures/postgres.ts";
import { buildCommand, startReceive, writeReceiverConfig } from "../fixtures/receive-process.ts";

const publicKey = Buffer.from(gatewayKey.publicKey).toString("hex");
let compiled: string | undefined;
let folder: string;
const open: AsyncDisposable[] = [];
beforeAll(async () => {
  compiled = await buildCommand();
}, 120_000);
afterAll(async () => {
  if (compiled !== undefined) await rm(compiled, { recursive: true });
});
const closing = <One extends AsyncDisposable>(one: One): One => {
  open.unshift(one);
  return one;
};
afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]();
});

async function fresh(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "vigie-receive-"));
  closing({ [Symbol.asyncDispose]: () => rm(made, { recursive: true, force: true }) });
  return made;
}

describe.skipIf(!hasOpenssl)("vigie receive over HTTPS", () => {
  let pki: Pki;
  let server: Credentials;
  beforeAll(() => {
    pki = new Pki();
    server = pki.issue("platform", { usage: "serverAuth", names: ["DNS:localhost"] });
  });
  afterAll(() => pki[Symbol.dispose]());

  async function receive(...more: readonly string[]) {
    folder = await fresh();
    const { certPath: cert, keyPath: key } = server;
    const tls = `{ cert: ${cert}, key: { file: ${key} }, clientCa: ${pki.caPath} }`;
    const config = await writeReceiverConfig(folder, [
      `listen: { port: 0, path: /vigie, tls: ${tls} }`,
      `gateways: { ${address.gateway}: "${publicKey}" }`,
      ...more,
    ]);
    const receiving = closing(startReceive(compiled ?? "", config));
    return { receiving, url: `https://localhost:${await receiving.listening()}/vigie` };
  }

  async function gateway(journal: MemoryJournal, url: string, { cert, key }: Credentials) {
    const told = new Told<GatewayEvent>();
    const deadLetters = await DeadLetters.open({ journal, clock: new FakeClock(), observe: told.observe });
    closing(
      await openHttpsDestination({
        name: "platform",
        journal,
        deadLetters,
        config: { url, gateway: address.gateway, platformKeys, tls: { ca: pki.ca, cert, key } },
        observe: told.observe,
        random: () => 0,
      }),
    );
    return told;
  }

  const post = (url: string, body: Uint8Array, { cert, key }: Partial<Credentials>) =>
    new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const headers = { "content-type": "application/cose" };
      const tls = cert === undefined || key === undefined ? {} : { cert, key };
      const asking = request(url, { method: "POST", headers, ca: pki.ca, ...tls, agent: false }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode, text }));
      });
      asking.once("error", reject);
      asking.end(body);
    });

  test("takes a gateway's feed, hands it over, and signs receipts that the gateway believes", async () => {
    const journal = newJournal();
    for (let n = 1; n <= 300; n += 1) journal.commit(`{"n":${n}}`);
    journal.commit({ kind: RecordKind.alarm, body: '{"alarm":1}' });
    const { receiving, url } = await receive();
    const told = await gateway(journal, url, pki.issue("box", { names: [`DNS:${address.gateway}`] }));
    await told.first((event) => event.type === "receipted" && event.through === 301);
    expect(await receiving.stop()).toBe(0);
    const [alarm, ...measures] = receiving.handed.all;
    expect(alarm).toMatchObject({ kind: "alarm", seq: 301, body: { alarm: 1 } });
    expect(measures.map(({ seq }) => seq)).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
  });

  test("takes from a certificate the segments of the gateway that it names, and of no other", async () => {
    const { receiving, url } = await receive();
    const journal = newJournal();
    const message = encodeMessage(journal.commit('{"n":1}'));
    for (const path of [url, `${url}/alarms`]) {
      const answer = await post(path, message, pki.issue("ehpad-2", { names: ["DNS:ehpad-10", "URI:urn:x:ehpad-1"] }));
      expect(answer.status).toBe(403);
      expect(answer.text).toBe("foreign: signed by ehpad-1, for ehpad-1, by way of ehpad-2, ehpad-10, urn:x:ehpad-1\n");
    }
    expect((await post(url, message, pki.issue(address.gateway))).status).toBe(200);
    expect((await post(url, message, pki.issue("box", { names: [`URI:${address.gateway}`] }))).status).toBe(200);
    await receiving.stop();
    expect(receiving.handed.all).toHaveLength(1);
  });

  test("lets nobody in without a certificate of its authority", async () => {
    using stranger = new Pki("Another CA");
    const { url } = await receive();
    const message = encodeMessage(newJournal().commit('{"n":1}'));
    await expect(post(url, message, {})).rejects.toThrow();
    await expect(post(url, message, stranger.issue(address.gateway))).rejects.toThrow();
  });

  test("tells a gateway with another one's certificate so, and it says so on the box", async () => {
    const { url } = await receive();
    const journal = newJournal();
    journal.commit('{"n":1}');
    const told = await gateway(journal, url, pki.issue("ehpad-2"));
    const event = await told.first((one) => one.type === "destination");
    expect(event).toMatchObject({ state: "suspended", error: { code: "DELIVERY_NOT_AUTHORISED" } });
  });

  test.each([
    ["a signing key that is missing", ["signingKey: { file: none.key }"], "SECRET_MISSING", 78],
    ["a directory that is missing", ["gateways: { folder: none }"], "RECEIVER_DIRECTORY_INVALID", 78],
    ["another one's TLS key", ["tls-key"], "RECEIVER_TLS_UNUSABLE", 78],
  ] as const)("tells of %s before it makes anything", async (_what, [line], code, exit) => {
    folder = await fresh();
    const other = pki.issue("another");
    const key = line === "tls-key" ? other.keyPath : server.keyPath;
    const replaces = (start: string) => (line.startsWith(start) ? line : undefined);
    const config = await writeReceiverConfig(folder, [
      `listen: { port: 0, tls: { cert: ${server.certPath}, key: { file: ${key} }, clientCa: ${pki.caPath} } }`,
      replaces("gateways") ?? `gateways: { ${address.gateway}: "${publicKey}" }`,
      "state: made/state.db",
    ]);
    if (line.startsWith("signingKey")) await rm(join(folder, "platform.key"));
    const receiving = startReceive(compiled ?? "", config);
    expect(await receiving.ended).toBe(exit);
    expect(receiving.log.all.map(({ msg }) => msg).join("\n")).toContain(`${code}: `);
    expect(existsSync(join(folder, "made"))).toBe(false);
  });
});

describe.skipIf(!hasPostgres)("vigie receive with several sinks", () => {
  test("hands each record to all of them before it answers", async () => {
    await using postgres = await startPostgres();
    await using server = await startFhirServer();
    folder = await fresh();
    const config = await writeReceiverConfig(folder, [
      "listen: { port: 0 }",
      `gateways: { ${address.gateway}: "${publicKey}" }`,
      `state: { postgres: { url: "${postgres.url}" } }`,
      "sinks:",
      "  - { type: stdout }",
      `  - { type: fhir, url: "${server.base}" }`,
      `  - { type: postgres, url: "${postgres.url}" }`,
    ]);
    await using receiving = startReceive(compiled ?? "", config);
    const body = encodeMessage(newJournal().commit(measureDraft(1), { kind: RecordKind.event, body: "{}" }));
    const url = `http://127.0.0.1:${await receiving.listening()}/`;
    const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/cose" }, body });
    expect(answer.status).toBe(200);
    const database = new pg.Client(postgres.url);
    await database.connect();
    const { rows } = await database.query("SELECT seq::int, kind FROM vigie_received ORDER BY seq");
    await database.end();
    expect(rows).toEqual([
      { seq: 1, kind: "measure" },
      { seq: 2, kind: "event" },
    ]);
    expect(server.of("Observation")).toHaveLength(1);
    expect(await receiving.stop()).toBe(0);
    expect(receiving.handed.all.map(({ kind }) => kind)).toEqual(["measure", "event"]);
  });
});

describe.skipIf(!hasMosquitto)("vigie receive over MQTT", () => {
  test("says once that its feed is connected, though it has two connections", async () => {
    await using broker = await startMosquitto();
    folder = await fresh();
    const config = await writeReceiverConfig(folder, [
      `mqtt: { url: "mqtt://127.0.0.1:${broker.port}" }`,
      "gateways: { file: gateways.yaml }",
    ]);
    await writeFile(join(folder, "gateways.yaml"), `${address.gateway}: "${publicKey}"\n`);
    await using receiving = startReceive(compiled ?? "", config);
    await receiving.log.first(({ msg }) => msg === "feed connected");
    expect(await receiving.stop()).toBe(0);
    expect(receiving.log.all.filter(({ msg }) => msg === "feed connected")).toHaveLength(1);
  });
});
