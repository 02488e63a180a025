/** Issue: promise 1 under a power cut. Hundreds of instants of a recorded life, three ways for the current to fail in each. */
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildDisk, buildWorker, withSynchronousNormal, workerOf } from "./build.ts";
import { callersText, workerCommand } from "./child.ts";
import { publish } from "./durability.ts";
import { hasCompiler } from "./machine.ts";
import { chooseInstants, cutPower, failAgainAndAgain, record, type Trial } from "./power-cut.ts";
import { randomFrom, seed } from "./random.ts";

const MINUTES = 60_000;

describe.skipIf(!hasCompiler)("power cut (needs a C compiler on Linux)", () => {
  let build: string;
  let disk: string;
  beforeAll(async () => {
    [build, disk] = await Promise.all([buildWorker(), buildDisk()]);
  }, 2 * MINUTES);
  afterAll(async () => {
    for (const folder of [build, dirname(disk)]) await rm(folder, { recursive: true });
  });

  const life = (worker: string, callers: number, appends: number) =>
    record((folder) => workerCommand(worker, { folder, callers, appends, sessions: 3, seed }), disk);

  test.each([
    { callers: 1, appends: 120, each: 70 },
    { callers: 24, appends: 300, each: 70 },
  ])(
    "with $callers callers, every acknowledged record survives a cut at any instant, once and in order",
    async ({ callers, appends, each }) => {
      const events = await life(workerOf(build), callers, appends);
      const instants = chooseInstants(events, 2 * each, randomFrom(seed));
      const trials = await cutPower(events, instants, seed);
      for (const { name } of instants) tell(`power cut ${name}, ${callersText(callers)}`, trials, name);
      expect(trials).toHaveLength(8 * each);
      expect(firstBroken(trials)).toEqual([]);
    },
    5 * MINUTES,
  );

  test(
    "a journal whose power fails again and again, on what each cut left, keeps every record of all its lives",
    async () => {
      const commandIn = (life: number) => (folder: string) =>
        workerCommand(workerOf(build), { folder, callers: 6, appends: 60, sessions: 2, seed: seed + life });
      const trials = await failAgainAndAgain(commandIn, disk, 30, randomFrom(seed));
      tell("power cut after power cut, one journal", trials);
      expect(firstBroken(trials)).toEqual([]);
    },
    5 * MINUTES,
  );

  test(
    "the same harness finds losses where SQLite runs in synchronous=NORMAL",
    async () => {
      const mutant = await withSynchronousNormal(build);
      try {
        const events = await life(workerOf(mutant), 24, 300);
        const instants = chooseInstants(events, 50, randomFrom(seed)).slice(0, 2);
        const trials = await cutPower(events, instants, seed);
        tell("the same with synchronous=NORMAL (must lose)", trials);
        expect(trials.filter(({ lost }) => lost > 0).length).toBeGreaterThan(trials.length / 4);
        expect(trials.some(({ broken }) => broken.some((what) => what.includes("is used again")))).toBe(true);
      } finally {
        await rm(mutant, { recursive: true });
      }
    },
    5 * MINUTES,
  );
});

function tell(fault: string, all: readonly Trial[], name?: string): void {
  const trials = all.filter(({ where }) => name === undefined || where === name);
  publish({
    fault,
    trials: trials.length,
    acknowledged: trials.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
    broken: trials.filter(({ broken }) => broken.length > 0).length,
    worstLoss: Math.max(0, ...trials.map(({ lost }) => lost)),
  });
}

/** Three are enough to see what is wrong; with the seed they come again. */
function firstBroken(trials: readonly Trial[]): readonly (Trial & { readonly seed: number })[] {
  return trials
    .filter(({ broken }) => broken.length > 0)
    .slice(0, 3)
    .map((trial) => ({ seed, ...trial }));
}
