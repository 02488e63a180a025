/**
 * A real file system that is full, and one that turns read-only under the journal. (failing-disk.test.ts does the same
 * without root, at chosen writes.)
 */
import { mkdtemp, readdir, rm, stat, statfs, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { Journal } from "../../src/journal/port.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { publish } from "./durability.ts";
import { openUnderTest } from "./journal-under-test.ts";
import { canLoop, canMount, mustRun } from "./machine.ts";
import { MEGABYTE, mount, unmountAll } from "./mounts.ts";
import { judgeOpen } from "./oracle.ts";
import { noPromises, type Promises } from "./promises.ts";

const MINUTES = 60_000;

afterEach(unmountAll);

/** Writes until nothing but `left` bytes more fit. @returns the file, to be removed to free the space. */
async function fill(folder: string, left = 0): Promise<string> {
  const filler = join(folder, "filler");
  for (let size = 65_536; size >= 512; size /= 2) {
    for (let free = true; free; ) {
      free = await writeFile(filler, new Uint8Array(size), { flag: "a" }).then(
        () => true,
        () => false,
      );
    }
  }
  await truncate(filler, (await stat(filler)).size - left);
  return filler;
}

/** What no dictionary makes smaller. */
const noise = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes));

/** Appends one record. @returns the code of the refusal, or undefined where it was acknowledged. */
async function append(journal: Journal, promises: Promises): Promise<string | undefined> {
  const id = crypto.getRandomValues(new Uint8Array(16));
  try {
    const { seq } = await journal.append({ kind: RecordKind.measure, id, body: noise(3_000) });
    promises.acknowledged.set(seq, Buffer.from(id).toString("hex"));
    return undefined;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}

async function appendUntilRefused(journal: Journal, promises: Promises): Promise<string> {
  promises.epoch = BigInt(journal.epoch);
  for (let n = 0; n < 10_000; n += 1) {
    const refused = await append(journal, promises);
    if (refused !== undefined) return refused;
  }
  throw new Error("it was never full");
}

async function tell(fault: string, journal: Journal, promises: Promises): Promise<void> {
  const { broken, lost } = await judgeOpen(journal, promises);
  const acknowledged = promises.acknowledged.size;
  publish({ fault, trials: 1, acknowledged, broken: broken.length, worstLoss: lost });
  expect(broken).toEqual([]);
}

describe.each([
  { type: "tmpfs", skip: !canMount },
  { type: "ext4", skip: !canLoop },
] as const)("a full disk", ({ type, skip }) => {
  describe.skipIf(skip)(`${type} (needs root and mount)`, () => {
    test(
      "the journal refuses as full, still shows all it has, and accepts again when there is space, without reopening",
      async () => {
        const folder = await mount(type, 24 * MEGABYTE);
        const journal = await openUnderTest(join(folder, "journal"));
        const promises = noPromises();
        await append(journal, promises);
        // Some more fit, so that it is full in the midst of a commit or a checkpoint.
        const filler = await fill(folder, 700_000);
        expect(await appendUntilRefused(journal, promises)).toBe("JOURNAL_FULL");
        for (let again = 0; again < 5; again += 1) expect(await append(journal, promises)).toBe("JOURNAL_FULL");
        const kept = await journal.segments(1, 10_000);
        expect(kept.flatMap(({ records }) => records)).toHaveLength(promises.acknowledged.size);

        await rm(filler);
        for (let again = 0; again < 50; again += 1) expect(await append(journal, promises)).toBeUndefined();
        await tell(`disk full (${type}), then space again`, journal, promises);
        await journal.close();
      },
      2 * MINUTES,
    );

    test(
      "full at start: what is there can be read, appends are refused as full, and accepted when there is space",
      async () => {
        const folder = await mount(type, 24 * MEGABYTE);
        const promises = noPromises();
        const before = await openUnderTest(join(folder, "journal"));
        promises.epoch = BigInt(before.epoch);
        for (let n = 0; n < 100; n += 1) await append(before, promises);
        await before.close();
        const filler = await fill(folder);
        expect((await statfs(folder)).bavail).toBeLessThan(4);

        const journal = await openUnderTest(join(folder, "journal"));
        expect(journal.lastSeq).toBe(100);
        expect((await journal.segments(1, 1_000)).flatMap(({ records }) => records)).toHaveLength(100);
        expect(await appendUntilRefused(journal, promises)).toBe("JOURNAL_FULL");
        await rm(filler);
        expect(await append(journal, promises)).toBeUndefined();
        await tell(`disk full at start (${type})`, journal, promises);
        await journal.close();
      },
      2 * MINUTES,
    );

    test("no journal can be begun on a full disk: it says so, and begins when there is space", async () => {
      const folder = await mount(type, 24 * MEGABYTE);
      const filler = await fill(folder);
      await expect(openUnderTest(join(folder, "journal"))).rejects.toMatchObject({
        code: expect.stringMatching(/^JOURNAL_(FULL|OPEN)$/),
      });
      await rm(filler);
      const journal = await openUnderTest(join(folder, "journal"));
      expect(await append(journal, noPromises())).toBeUndefined();
      await journal.close();
    });
  });
});

test("a journal that has reached its configured size refuses as full and keeps all it has, also after reopening", async () => {
  const folder = await mkdtemp(join(tmpdir(), "vigie-full-"));
  const promises = noPromises();
  const journal = await openUnderTest(folder, { maxBytes: MEGABYTE });
  expect(await appendUntilRefused(journal, promises)).toBe("JOURNAL_FULL");
  await journal.close();
  const again = await openUnderTest(folder, { maxBytes: MEGABYTE });
  expect(await append(again, promises)).toBe("JOURNAL_FULL");
  await again.close();
  const larger = await openUnderTest(folder, { maxBytes: 2 * MEGABYTE });
  expect(await append(larger, promises)).toBeUndefined();
  await tell("max_page_count reached, then raised", larger, promises);
  await larger.close();
  await rm(folder, { recursive: true });
});

describe.skipIf(!canLoop)("a file system that turns read-only under the journal (needs root and a loop device)", () => {
  test(
    "the journal stops acknowledging for good, and a later one finds all that was acknowledged",
    async () => {
      const folder = await mount("ext4", 24 * MEGABYTE);
      const journal = await openUnderTest(join(folder, "journal"));
      const promises = noPromises();
      promises.epoch = BigInt(journal.epoch);
      for (let n = 0; n < 200; n += 1) await append(journal, promises);
      await turnReadOnly(folder);
      for (let n = 0; n < 10; n += 1) expect(await append(journal, promises)).toBe("JOURNAL_WRITE_FAILED");
      // What was acknowledged can still be delivered.
      const kept = await journal.segments(1, 1_000);
      expect(kept.flatMap(({ records }) => records)).toHaveLength(200);
      await journal.close().catch(() => undefined);

      const copy = await mkdtemp(join(tmpdir(), "vigie-copy-"));
      for (const name of await readdir(join(folder, "journal"))) {
        mustRun("cp", join(folder, "journal", name), join(copy, name));
      }
      const later = await openUnderTest(copy);
      await tell("ext4 turned read-only by its own error handling", later, promises);
      await later.close();
      await rm(copy, { recursive: true });
    },
    2 * MINUTES,
  );
});

/** What ext4 does by itself when its card fails, on a kernel that lets root ask for it. */
async function turnReadOnly(folder: string): Promise<void> {
  const device = mustRun("findmnt", "-n", "-o", "SOURCE", folder).trim();
  await writeFile(`/sys/fs/ext4/${device.slice("/dev/".length)}/trigger_fs_error`, "1");
}
