/** Several receivers share one feed, each a process that is killed (-9) and started again at random: issue 4 §9. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signingKey } from "../../src/seal/key.ts";
import { openGateway } from "../fixtures/feed.ts";
import { MemoryJournal } from "../fixtures/memory-journal.ts";
import { hasMosquitto, type Mosquitto, startMosquitto } from "../fixtures/mosquitto.ts";
import { hasPostgres, type Postgres, startPostgres } from "../fixtures/postgres.ts";
import { build } from "./build.ts";
import { start } from "./child.ts";
import { publish } from "./durability.ts";
import { pick, randomFrom, seed } from "./random.ts";
import type { Receiving } from "./receiver-worker.ts";

const GATEWAYS = 4;
const SEGMENTS = 50;
const RECORDS = 4;
const KILLS = 12;
/** That of ../fixtures/feed.ts. */
const platformSeed = "02".repeat(32);

describe.skipIf(!hasMosquitto || !hasPostgres)("receivers that share one feed (needs mosquitto and postgresql)", () => {
  let compiled: string;
  let broker: Mosquitto;
  let postgres: Postgres;
  beforeAll(async () => {
    compiled = await build("test/faults/receiver-worker.ts");
    [broker, postgres] = await Promise.all([startMosquitto(), startPostgres()]);
  }, 120_000);
  afterAll(async () => {
    await broker?.[Symbol.asyncDispose]();
    await postgres?.[Symbol.asyncDispose]();
    if (compiled !== undefined) await rm(compiled, { recursive: true });
  });

  /** Resolves when it has subscribed. */
  async function startReceiver(clientId: string, gateways: Readonly<Record<string, string>>) {
    const receiving: Receiving = { url: broker.url, clientId, postgres: postgres.url, gateways, platformSeed };
    const args = [join(compiled, "test/faults/receiver-worker.js"), JSON.stringify(receiving)];
    let subscribed = () => {};
    const ready = new Promise<void>((resolve) => {
      subscribed = resolve;
    });
    const { child, ended } = start({ command: process.execPath, args }, subscribed);
    const failed = ended.then(({ stderr, signal }) => {
      if (signal !== "SIGKILL") throw new Error(`a receiver ended by itself: ${stderr}`);
    });
    await Promise.race([ready, failed]);
    return async () => {
      child.kill("SIGKILL");
      await failed;
    };
  }

  test("killed at random, they hand each record to the sink exactly once by its id, in the order of its gateway", async () => {
    const database = new pg.Client(postgres.url);
    await database.connect();
    await database.query(
      "CREATE TABLE handed(id bytea PRIMARY KEY, gateway text, seq bigint, at bigserial, times int DEFAULT 1)",
    );
    const journals = Array.from({ length: GATEWAYS }, (_, index) => {
      const key = signingKey(new Uint8Array(32).fill(60 + index));
      return { key, journal: new MemoryJournal({ gateway: `gateway-${index}`, key }) };
    });
    const known = Object.fromEntries(
      journals.map(({ key, journal }) => [journal.gateway, Buffer.from(key.publicKey).toString("hex")]),
    );
    const random = randomFrom(seed);
    const receivers = await Promise.all([0, 1, 2].map((index) => startReceiver(`r${index}`, known)));
    const gateways = await Promise.all(
      journals.map(({ journal }) => {
        const address = { structure: "750000001", gateway: journal.gateway };
        const config = { url: broker.url, version: "5", clientId: journal.gateway, address } as const;
        return openGateway(journal, { ...config, window: 8, receiptTimeoutMs: 2_000, spreadMs: 100 });
      }),
    );
    let storming = true;
    const measuring = journals.map(async ({ journal }) => {
      for (let segment = 0; segment < SEGMENTS || storming; segment += 1) {
        journal.commit(...Array.from({ length: RECORDS }, (_, n) => `${segment}.${n}`));
        await pause(40); // the pace of measures: nothing is awaited by it
      }
    });
    for (let kill = 0; kill < KILLS; kill += 1) {
      await pause(random.below(250));
      const victim = pick([0, 1, 2], random);
      await receivers[victim]?.();
      receivers[victim] = await startReceiver(`r${victim}`, known);
    }
    storming = false;
    await Promise.all(measuring);
    await Promise.all(gateways.map(({ receipted }, index) => receipted(journals[index]?.journal.lastSeq ?? 0)));
    for (const { destination } of gateways) await destination[Symbol.asyncDispose]();
    for (const kill of receivers) await kill();

    const { rows } = await database.query("SELECT gateway, seq::int, times FROM handed ORDER BY at");
    await database.end();
    const owed = journals.reduce((sum, { journal }) => sum + journal.lastSeq, 0);
    const again = rows.filter(({ times }) => times > 1).length;
    publish({
      fault: "feed: three receivers share it, kill -9 at random",
      trials: KILLS,
      acknowledged: owed,
      broken: rows.length === owed ? 0 : 1,
      worstLoss: owed - rows.length,
      note: `${again} offered to the sink again, and known by their id`,
    });
    for (const { journal } of journals) {
      const seqs = rows.filter(({ gateway }) => gateway === journal.gateway).map(({ seq }) => seq);
      expect(seqs).toEqual(Array.from({ length: journal.lastSeq }, (_, index) => index + 1));
    }
    // Only what a killed receiver had in its hands at that moment can have been offered twice: a segment each.
    expect(again).toBeLessThanOrEqual(KILLS * RECORDS * GATEWAYS);
  }, 120_000);
});
