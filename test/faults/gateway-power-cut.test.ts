/** Promise 1 for the whole gateway under a power cut: devices speak, the platform receipts, cursors move, and the current fails. */
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gatewayKeys, memoryState } from "../../src/receiver/index.ts";
import { openPlatform, platformKey } from "../fixtures/feed.ts";
import { hasMosquitto, type Mosquitto, startMosquitto } from "../fixtures/mosquitto.ts";
import { build, buildDisk } from "./build.ts";
import { publish } from "./durability.ts";
import { newSite, type Site } from "./gateway-under-test.ts";
import { GATEWAY, publicKey } from "./journal-under-test.ts";
import { hasCompiler } from "./machine.ts";
import { chooseInstants, cutPower, recordIn } from "./power-cut.ts";
import { randomFrom, seed } from "./random.ts";

/** A round brings some ten new records (the device times of rounds within one second are the same); each kind of instant gets EACH images. */
const ROUNDS = 30;
const EACH = 60;
const MINUTES = 60_000;

describe.skipIf(!hasCompiler || !hasMosquitto)(
  "power cut of the whole gateway (needs a C compiler and mosquitto)",
  () => {
    let compiled: string;
    let disk: string;
    let broker: Mosquitto;
    let site: Site;
    beforeAll(async () => {
      [compiled, disk, broker] = await Promise.all([
        build("test/faults/gateway-life.ts"),
        buildDisk(),
        startMosquitto(),
      ]);
      site = await newSite(broker.url, platformKey.publicKey);
    }, 2 * MINUTES);
    afterAll(async () => {
      await broker?.[Symbol.asyncDispose]();
      for (const path of [compiled, disk && dirname(disk), site?.folder]) {
        if (path !== undefined) await rm(path, { recursive: true });
      }
    });

    test(
      "every reading that was said to be kept survives, and no cursor goes back",
      async () => {
        const keys = gatewayKeys({ [GATEWAY]: publicKey });
        const platform = openPlatform(broker.url, "5", { keys, state: memoryState() });
        await platform.feed.ready;
        const command = {
          command: process.execPath,
          args: [join(compiled, "test/faults/gateway-life.js"), site.config, String(ROUNDS)],
        };
        const events = await recordIn(join(site.folder, "journal"), command, disk);
        await platform.feed[Symbol.asyncDispose]();
        const trials = await cutPower(events, chooseInstants(events, EACH, randomFrom(seed)), seed);
        const broken = trials.filter((trial) => trial.broken.length > 0);
        publish({
          fault: "power cut of the whole gateway",
          trials: trials.length,
          acknowledged: trials.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
          broken: broken.length,
          worstLoss: Math.max(0, ...trials.map(({ lost }) => lost)),
        });
        expect(broken.slice(0, 3).map((trial) => ({ seed, ...trial }))).toEqual([]);
        const said = events.flatMap((event) => (event.op === "acknowledge" ? event.text.split("\n") : []));
        expect(said.filter((line) => line.startsWith("ack")).length).toBeGreaterThan(5 * ROUNDS);
        expect(said.some((line) => line.startsWith("cursor"))).toBe(true);
      },
      5 * MINUTES,
    );
  },
);
