/**
 * A disk that refuses: one fsync answers EIO, or from some moment on every write is refused, as on a card that has turned
 * read-only. After a failed fsync nobody knows what is on the disk (Linux marks the pages clean and answers the next one with
 * success), so the journal may only stop; and what it acknowledged before must survive a power cut right then.
 */
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildDisk, buildWorker, workerOf } from "./build.ts";
import { callersText, workerCommand } from "./child.ts";
import type { DiskEvent } from "./disk-log.ts";
import { publish } from "./durability.ts";
import { hasCompiler } from "./machine.ts";
import { cutPower, record, type Trial } from "./power-cut.ts";
import { hear, noPromises, type Promises } from "./promises.ts";
import { pick, randomFrom, seed } from "./random.ts";
import { cuts } from "./simulated-disk.ts";

const MINUTES = 60_000;
const [EIO, ENOSPC, EROFS] = [5, 28, 30];
const FOREVER = 1_000_000;
const APPENDS = 120;

describe.skipIf(!hasCompiler)("a disk that refuses (needs a C compiler on Linux)", () => {
  let build: string;
  let disk: string;
  beforeAll(async () => {
    [build, disk] = await Promise.all([buildWorker(), buildDisk()]);
  }, 2 * MINUTES);
  afterAll(async () => {
    for (const folder of [build, dirname(disk)]) await rm(folder, { recursive: true });
  });

  /** One life with a fault in it; then the power is cut at its end, and three times between the fault and the end. */
  async function live(fault: string, callers = 1): Promise<Life> {
    const load = { callers, appends: APPENDS, sessions: 1, seed };
    const events = await record((folder) => workerCommand(workerOf(build), { ...load, folder }), disk, { fault });
    const promises = noPromises();
    for (const event of events) if (event.op === "acknowledge") hear(promises, event.text);
    const random = randomFrom(seed);
    const failure = events.findIndex(({ op }) => op === "flush-failed");
    const after = cuts.map(() => failure + 1 + random.below(events.length - failure));
    const instants = [{ name: fault, at: [...cuts.map(() => events.length), ...after] }];
    return { events, promises, trials: await cutPower(events, instants, seed) };
  }

  test.each([{ callers: 1 }, { callers: 8 }])(
    "with $callers callers, whichever fsync fails: a stopped journal stays stopped, and what was acknowledged survives",
    async ({ callers }) => {
      const random = randomFrom(seed);
      const flushes = flushesOf((await live("none 0 0 0", callers)).events);
      // Each one of the opening, and some of all that follow.
      const opening = flushes.filter(({ during }) => during === "opening");
      const later = opening.map(() => pick(flushes, random));
      const lives: Life[] = [];
      for (const { number } of [...opening, ...later]) lives.push(await live(`flush ${number} ${EIO} 1`, callers));
      tell(`one fsync answers EIO, then a power cut, ${callersText(callers)}`, lives);
      for (const { promises, trials } of lives) {
        expect(trials.flatMap(({ broken }) => broken)).toEqual([]);
        const stopped = promises.refused.find(({ what, code }) => what === "append" && code === "JOURNAL_WRITE_FAILED");
        if (stopped !== undefined) expect(promises.acknowledged.size).toBe(stopped.afterAcks);
        if (promises.failed !== undefined) expect(promises.acknowledged.size).toBe(0);
      }
      expect(lives.filter(isStopped).length).toBeGreaterThan(opening.length / 2);
    },
    10 * MINUTES,
  );

  // By itself SQLite says nothing of the last three.
  test.each<{ readonly name: string; readonly which: (flush: Flush) => boolean }>([
    { name: "a cursor", which: ({ before }) => before.startsWith("cursor") },
    {
      name: "a checkpoint, of the log",
      which: ({ of, changed, during }) => of === LOG && !changed && during !== "opening",
    },
    { name: "a checkpoint, of the database", which: ({ of, during }) => of === DATABASE && during !== "opening" },
    {
      name: "the folder, which makes the log's name durable",
      which: (flush) => flush.of === "folder" && flush.namesLog,
    },
  ])(
    "nothing is acknowledged after a failed fsync of $name",
    async ({ which }) => {
      const flush = flushesOf((await live("none 0 0 0")).events).find(which);
      if (flush === undefined) throw new RangeError("there is no such flush");
      const { events } = await live(`flush ${flush.number} ${EIO} 1`);
      const failed = events.findIndex(({ op }) => op === "flush-failed");
      expect(events.slice(failed).filter(isAcknowledgement)).toEqual([]);
    },
    MINUTES,
  );

  test.each([
    { callers: 1, trials: 8 },
    { callers: 16, trials: 8 },
  ])(
    "a disk that turns read-only: with $callers callers nothing more is acknowledged, and nothing acknowledged is lost",
    async ({ callers, trials }) => {
      const random = randomFrom(seed);
      const changes = changesOf((await live("none 0 0 0", callers)).events);
      const lives: Life[] = [];
      for (let trial = 0; trial < trials; trial += 1) {
        const from = changes.opening + random.below(changes.all - changes.opening);
        lives.push(await live(`write ${from} ${EROFS} ${FOREVER}`, callers));
      }
      tell(`every write answers EROFS from some moment on, ${callersText(callers)}`, lives);
      for (const { promises, trials } of lives) {
        expect(trials.flatMap(({ broken }) => broken)).toEqual([]);
        for (const { afterAcks } of promises.refused) expect(promises.acknowledged.size).toBe(afterAcks);
      }
      expect(lives.some(({ promises }) => promises.refused.length > 0)).toBe(true);
    },
    5 * MINUTES,
  );

  test.each([{ callers: 1 }, { callers: 8 }])(
    "a disk that is full for a while: with $callers callers refused as full, then accepted without reopening, nothing lost",
    async ({ callers }) => {
      const random = randomFrom(seed);
      const changes = changesOf((await live("none 0 0 0", callers)).events);
      const lives: Life[] = [];
      for (let trial = 0; trial < 8; trial += 1) {
        // In the first half, and for as few writes that the disk has room again while there is still something to append:
        // each refused write takes a batch of all callers with it, and 12 batches of 8 are most of what there is.
        const from = changes.opening + random.below((changes.all - changes.opening) / 2);
        lives.push(await live(`write ${from} ${ENOSPC} ${1 + random.below(callers === 1 ? 12 : 4)}`, callers));
      }
      tell(`writes answer ENOSPC for a while, ${callersText(callers)}`, lives);
      for (const { promises, trials } of lives) {
        expect(trials.flatMap(({ broken }) => broken)).toEqual([]);
        for (const { code, afterAcks } of promises.refused) {
          expect(code).toMatch(/FULL$/);
          expect(promises.acknowledged.size).toBeGreaterThan(afterAcks);
        }
      }
      expect(lives.some(({ promises }) => promises.refused.length > 0)).toBe(true);
    },
    5 * MINUTES,
  );
});

interface Life {
  readonly events: readonly DiskEvent[];
  readonly promises: Promises;
  readonly trials: readonly Trial[];
}

/** It refused something, or did not even open. */
const isStopped = ({ promises }: Life) => promises.failed !== undefined || promises.refused.length > 0;

const [DATABASE, LOG] = ["journal.db", "journal.db-wal"];

interface Flush {
  /** Its place among all flushes, from 1: what disk.c counts. */
  readonly number: number;
  /** The file's name, or "folder". */
  readonly of: string;
  /** Whether the file was changed since its last flush. */
  readonly changed: boolean;
  readonly during: "opening" | "appending";
  /** Of the folder: the first one since the log was created. */
  readonly namesLog: boolean;
  /** The next promise that was given. */
  readonly before: string;
}

function flushesOf(events: readonly DiskEvent[]): Flush[] {
  const found: Flush[] = [];
  const names = new Map<bigint, string>([[0n, "folder"]]);
  const changed = new Set<bigint>();
  let during: Flush["during"] = "opening";
  let isLogNew = false;
  for (const [index, event] of events.entries()) {
    if (event.op === "acknowledge") during = "appending";
    if (event.op === "create") {
      names.set(event.inode, event.name);
      isLogNew ||= event.name === LOG;
    }
    if (event.op === "write" || event.op === "truncate") changed.add(event.inode);
    if (event.op !== "flush-begin") continue;
    const next = events.slice(index).find(({ op }) => op === "acknowledge");
    found.push({
      number: found.length + 1,
      of: names.get(event.inode) ?? "",
      changed: changed.delete(event.inode),
      during,
      namesLog: event.inode === 0n && isLogNew,
      before: next?.op === "acknowledge" ? next.text : "",
    });
    if (event.inode === 0n) isLogNew = false;
  }
  return found;
}

const isAcknowledgement = (event: DiskEvent) => event.op === "acknowledge" && /^(ack|cursor)/.test(event.text);

/** How many changes, as disk.c counts them, the journal made; and how many of them before it was open. */
function changesOf(events: readonly DiskEvent[]): { readonly opening: number; readonly all: number } {
  const isChange = ({ op }: DiskEvent) => ["create", "write", "truncate", "unlink", "rename"].includes(op);
  const ready = events.findIndex(({ op }) => op === "acknowledge");
  return { opening: events.slice(0, ready).filter(isChange).length, all: events.filter(isChange).length };
}

function tell(fault: string, lives: readonly Life[]): void {
  const trials = lives.flatMap((life) => life.trials);
  publish({
    fault,
    trials: trials.length,
    acknowledged: trials.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
    broken: trials.filter(({ broken }) => broken.length > 0).length,
    worstLoss: Math.max(0, ...trials.map(({ lost }) => lost)),
    note: `${lives.length} runs, ${lives.filter(isStopped).length} of which refused`,
  });
}
