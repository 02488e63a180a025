/** Promise 1 under `kill -9`: the same journal, killed a hundred times at random instants while it is busy. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildWorker, workerOf } from "./build.ts";
import { type Command, start, workerCommand } from "./child.ts";
import { publish } from "./durability.ts";
import { judge } from "./oracle.ts";
import { hear, noPromises, type Promises } from "./promises.ts";
import { type Random, randomFrom, seed } from "./random.ts";

const KILLS = 100;
/** The full judgement reads the whole journal, which grows: every tenth kill, and after the last. */
const JUDGED_EVERY = 10;
const RESTART_MS = 2_000;

let build: string;
let folder: string;
beforeAll(async () => {
  build = await buildWorker();
  folder = await mkdtemp(join(tmpdir(), "vigie-killed-"));
}, 120_000);
afterAll(async () => {
  for (const path of [build, folder]) await rm(path, { recursive: true });
});

/**
 * Lives until a random number of acknowledgements, then some random moment more, and is killed.
 * @returns how long it took from the start of the process until it was ready, milliseconds.
 */
async function liveAndDie(command: Command, promises: Promises, random: Random): Promise<number> {
  const enough = promises.acknowledged.size + 1 + random.below(40);
  const moment = random.below(6);
  const began = performance.now();
  let ready = Number.NaN;
  let reached: () => void = () => undefined;
  const acknowledged = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const { child, ended } = start(command, (line) => {
    if (line.startsWith("ready")) ready = performance.now() - began;
    hear(promises, line);
    if (promises.acknowledged.size >= enough) reached();
  });
  await Promise.race([acknowledged, ended]);
  await pause(moment);
  child.kill("SIGKILL");
  const { signal, code, stderr } = await ended;
  if (signal !== "SIGKILL") throw new Error(`it ended by itself with ${code}, ${promises.failed ?? stderr}`);
  return ready;
}

test(`killed ${KILLS} times, the journal loses nothing it acknowledged and takes up where it was`, async () => {
  const random = randomFrom(seed);
  const promises = noPromises();
  const restarts: number[] = [];
  const broken: string[] = [];
  let worstLoss = 0;
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const load = { folder, callers: 1 + random.below(16), appends: null, sessions: 1, seed: seed + kill };
    restarts.push(await liveAndDie(workerCommand(workerOf(build), load), promises, random));
    if (kill % JUDGED_EVERY !== 0) continue;
    const judgement = await judge(folder, promises);
    broken.push(...judgement.broken.map((what) => `after kill ${kill}: ${what}`));
    worstLoss = Math.max(worstLoss, judgement.lost);
  }
  restarts.sort((one, other) => one - other);
  const [median = Number.NaN, worst = Number.NaN] = [restarts[KILLS / 2], restarts[KILLS - 1]];
  publish({
    fault: "kill -9 under load",
    trials: KILLS,
    acknowledged: promises.acknowledged.size,
    broken: broken.length,
    worstLoss,
    note: `ready again after ${Math.round(median)} ms (median), ${Math.round(worst)} ms (worst)`,
  });
  expect(broken).toEqual([]);
  // The median: on a shared machine a single start may wait for somebody else.
  expect(median).toBeLessThan(RESTART_MS);
}, 600_000);
