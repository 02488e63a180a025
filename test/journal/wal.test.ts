import { randomBytes } from "node:crypto";
import { copyFile, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LogGauge, lostCommits } from "../../src/journal/wal.ts";
import { draft, newFolder, open } from "./setting.ts";

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rm(folder, { recursive: true }));

const PAGE = 1_024;
const frameAt = (frame: number): number => 32 + (frame - 1) * (24 + PAGE);

/** A journal as a power cut leaves it: some commits are in the log only. @returns the folder of the copy and its log. */
async function cut(records: number) {
  const journal = await open(join(folder, "live"));
  for (let n = 1; n <= records; n += 1) await journal.append(draft(n));
  const copy = join(folder, "cut");
  await mkdir(copy);
  for (const name of ["journal.db", "journal.db-wal"]) await copyFile(join(folder, "live", name), join(copy, name));
  await journal.close();
  const file = join(copy, "journal.db-wal");
  const wal = await readFile(file);
  return { copy, file, wal, lastCommit: lastCommit(wal) };
}

/** The frames that end the last two commits. */
function lastCommit(wal: Buffer) {
  const commits: number[] = [];
  for (let frame = 1; frameAt(frame + 1) <= wal.length; frame += 1) {
    const isOfThisLog = wal.readUInt32BE(frameAt(frame) + 8) === wal.readUInt32BE(16);
    if (isOfThisLog && wal.readUInt32BE(frameAt(frame) + 4) > 0) commits.push(frame);
  }
  return { last: commits.at(-1) ?? 0, before: commits.at(-2) ?? 0, commits };
}

function flip(wal: Buffer, at: number): Buffer {
  const flipped = Buffer.from(wal);
  flipped[at] = (flipped[at] ?? 0) ^ 4;
  return flipped;
}

test("a log that a power cut left is nobody's damage: whole, torn in the last commit, or cut at any frame", async () => {
  const { copy, wal, lastCommit } = await cut(8);
  expect(lostCommits(wal)).toBeUndefined();
  for (let frame = lastCommit.before + 1; frame <= lastCommit.last; frame += 1) {
    expect(lostCommits(flip(wal, frameAt(frame) + 700))).toBeUndefined();
    const missing = Buffer.from(wal).fill(0, frameAt(frame), frameAt(frame + 1));
    expect(lostCommits(missing)).toBeUndefined();
  }
  for (let length = 0; length <= wal.length; length += 512)
    expect(lostCommits(wal.subarray(0, length))).toBeUndefined();
  const journal = await open(copy);
  expect(journal.lastSeq).toBe(8);
  await journal.close();
});

test("any flipped bit in a commit that another one follows is found", async () => {
  const { wal, lastCommit } = await cut(8);
  for (let at = 0; at < frameAt(lastCommit.before) + 16; at += 97) {
    expect(lostCommits(flip(wal, at)), `byte ${at}`).toBeDefined();
  }
});

test("a journal whose log has lost acknowledged commits is not opened, at any try, and a copy is set aside", async () => {
  const { copy, file, wal, lastCommit } = await cut(8);
  const damaged = flip(wal, frameAt(lastCommit.before) + 700);
  await writeFile(file, damaged);
  for (const _again of [1, 2]) {
    await expect(open(copy)).rejects.toMatchObject({
      code: "JOURNAL_DAMAGED",
      detail: { where: { fr: join(copy, "journal.db.damaged-1") } },
    });
  }
  expect((await readFile(file)).equals(damaged)).toBe(true);
  expect((await readFile(join(copy, "journal.db.damaged-1-wal"))).equals(damaged)).toBe(true);
});

test("the log stays short under load, also through an erasure", async () => {
  const journal = await open(join(folder, "live"));
  const log = async () => (await stat(join(folder, "live", "journal.db-wal"))).size;
  // Some 150 bodies of 8 kB a commit: a transaction may pass the limit, the next one may not begin beyond it.
  for (let n = 0; n < 1_500; n += 150) {
    const bodies = Array.from({ length: 150 }, (_, i) => draft(n + i, { body: randomBytes(8_000) }));
    await Promise.all(bodies.map((one) => journal.append(one)));
  }
  expect(await log()).toBeLessThan(4 * 1024 ** 2);
  expect(await journal.erasePerson("person-1", "test")).toBe(500);
  expect(await log()).toBeLessThan(4 * 1024 ** 2);
  expect((await journal.verify()).findings).toEqual([]);
  await journal.close();
});

test("how long the log is counts what is in use of it, not what older frames have left", async () => {
  const { file, wal } = await cut(8);
  const frames = wal.length - 32;
  const gauge = new LogGauge(file);
  expect(await gauge.isLongerThan(frames / 2)).toBe(true);
  expect(await gauge.isLongerThan(frames)).toBe(false);
  // As after a checkpoint: the header and the first frame are of a new log.
  for (const at of [16, frameAt(1) + 8]) wal.writeUInt32BE(wal.readUInt32BE(16) + (at === 16 ? 1 : 0), at);
  await writeFile(file, wal);
  expect(await gauge.isLongerThan(0)).toBe(true);
  expect(await gauge.isLongerThan(frames / 2)).toBe(false);
  await gauge.close();
});
