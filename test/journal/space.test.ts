/** A full journal refuses, keeps what it has, and comes back when delivery and retention have made room, without a hand. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, rm, stat, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { JournalOptions } from "../../src/journal/options.ts";
import type { Journal } from "../../src/journal/port.ts";
import { FakeClock } from "../fixtures/clock.ts";
import { draft, newFolder, open } from "./setting.ts";

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rm(folder, { recursive: true }));

const MIB = 1024 ** 2;
let drafts = 0;
const clock = new FakeClock();
const policy = () => ({ destinations: ["platform"], eraseAfterDays: 7, pruneAfterDays: 30, now: clock.now() });

/** Appends until it is refused. @returns how many were taken. */
async function fill(journal: Journal): Promise<number> {
  for (let taken = 0; ; ) {
    const answers = await Promise.allSettled(
      Array.from({ length: 8 }, () => journal.append(draft(++drafts, { body: randomBytes(8_000) }))),
    );
    taken += answers.filter(({ status }) => status === "fulfilled").length;
    const refused = answers.find((answer) => answer.status === "rejected");
    if (refused === undefined) continue;
    expect(refused.reason).toMatchObject({ code: "JOURNAL_FULL" });
    return taken;
  }
}

async function deliver(journal: Journal): Promise<void> {
  let next = (await journal.cursor("platform")) + 1;
  while (next <= journal.lastSeq) {
    const segments = await journal.segments(next, 256);
    for (const record of segments.flatMap(({ records }) => records))
      expect("withheld" in record).toBe(record.seq < next);
    next = (segments.at(-1)?.lastSeq ?? journal.lastSeq) + 1;
  }
  await journal.advance("platform", journal.lastSeq);
}

/** What is told of fullness, in order. */
function told(change: Partial<JournalOptions> = {}) {
  const events: string[] = [];
  const options = {
    clock,
    ballastBytes: 8 * MIB,
    onFull: () => events.push("full"),
    onRelieved: () => events.push("relieved"),
    ...change,
  };
  return { events, options };
}

test("a journal at its limit takes again what retention has made room for, and tells once each way", async () => {
  const { events, options } = told({ maxBytes: 4 * MIB, ballastBytes: 0 });
  const journal = await open(folder, options);
  expect(await fill(journal)).toBeGreaterThan(300);
  await fill(journal);
  expect(events).toEqual(["full"]);
  expect(await journal.retain(policy())).toMatchObject({ erased: 0 });
  await deliver(journal);
  const { erased } = await journal.retain(policy());
  // Not all that is receipted: an eighth of the file is enough.
  expect(erased).toBeGreaterThan(20);
  expect(erased).toBeLessThan(200);
  expect(await fill(journal)).toBeGreaterThan(20);
  expect(events).toEqual(["full", "relieved", "full"]);
  expect((await journal.verify()).findings).toEqual([]);
  await journal.close();
});

test("a journal that is full when it is opened delivers, frees and accepts, though nothing was refused yet", async () => {
  const journal = await open(folder, { maxBytes: 4 * MIB, ballastBytes: 0, clock });
  await fill(journal);
  await journal.close();
  const again = await open(folder, { maxBytes: 4 * MIB, ballastBytes: 0, clock });
  await deliver(again);
  expect((await again.retain(policy())).erased).toBeGreaterThan(20);
  expect(await fill(again)).toBeGreaterThan(20);
  await again.close();
});

test("the reserve is real blocks, and nobody else's to read", async () => {
  const journal = await open(folder, { ballastBytes: MIB });
  const { blocks, size, mode } = await stat(join(folder, "journal.ballast"));
  expect([blocks * 512 >= MIB, size, mode & 0o777]).toEqual([true, MIB, 0o600]);
  await journal.close();
});

const canMount = (() => {
  try {
    execFileSync("unshare", ["--mount", "mount", "-t", "tmpfs", "none", "/mnt"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

describe.skipIf(!canMount)("a disk that is full to the last block (needs root and mount)", () => {
  let disk: string;
  beforeEach(async () => {
    disk = join(folder, "disk");
    await mkdir(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${24 * MIB}`, "none", disk]);
  });
  afterEach(() => void execFileSync("umount", ["--lazy", disk]));

  test.each([false, true])(
    "is freed by what is delivered, round after round (reopened each time: %s)",
    async (reopened) => {
      const { events, options } = told();
      let journal = await open(join(disk, "journal"), options);
      for (let round = 0; round < 4; round += 1) {
        expect(await fill(journal)).toBeGreaterThan(10);
        if (reopened) {
          await journal.close();
          journal = await open(join(disk, "journal"), options);
        }
        await deliver(journal);
        expect((await journal.retain(policy())).erased).toBeGreaterThan(10);
      }
      expect(events.filter((event) => event === "full").length).toBeGreaterThanOrEqual(4);
      expect((await journal.verify()).findings).toEqual([]);
      await journal.close();
    },
  );

  test("by others, is refused, and accepted again when they have made room: the reserve is taken anew", async () => {
    const { events, options } = told();
    const journal = await open(join(disk, "journal"), options);
    await journal.append(draft(++drafts));
    const { bavail, bsize } = await statfs(disk);
    await writeFile(join(disk, "filler"), Buffer.alloc(bavail * bsize - 600_000));
    await fill(journal);
    const refusals = await Promise.allSettled(Array.from({ length: 5 }, () => fill(journal)));
    expect(refusals.map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => "fulfilled"));
    const size = async () => (await stat(join(disk, "journal", "journal.ballast"))).size;
    expect(await size()).toBe(0);
    // Its place in the delivery is kept even now.
    await deliver(journal);
    await rm(join(disk, "filler"));
    await journal.append(draft(++drafts, { body: randomBytes(8_000) }));
    expect(await size()).toBe(8 * MIB);
    expect(events).toEqual(["full", "relieved"]);
    expect((await journal.verify()).findings).toEqual([]);
    await journal.close();
  });

  test("keeps in memory the receipt that it cannot write, and writes it where there is room", async () => {
    const journal = await open(join(disk, "journal"), { ballastBytes: 0, clock });
    for (let n = 0; n < 20; n += 1) await journal.append(draft(++drafts));
    const { bavail, bsize } = await statfs(disk);
    await writeFile(join(disk, "filler"), Buffer.alloc(bavail * bsize));
    // The log's last block has room for a page or two yet.
    let through = 0;
    const advancing = async () => {
      for (through = 1; through <= 20; through += 1) await journal.advance("platform", through);
    };
    await expect(advancing()).rejects.toMatchObject({ code: "JOURNAL_FULL" });
    await expect(journal.retain(policy())).rejects.toMatchObject({ code: "JOURNAL_FULL" });
    await rm(join(disk, "filler"));
    expect(await journal.cursor("platform")).toBe(through - 1);
    await journal.retain(policy());
    expect(await journal.cursor("platform")).toBe(through);
    await journal.close();
  });
});
