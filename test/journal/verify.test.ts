import { copyFile, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isVigieError } from "../../src/errors/error.ts";
import type { Journal } from "../../src/journal/port.ts";
import { openDatabase } from "../../src/journal/sqlite.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { draft, newFolder, open, tamper } from "./setting.ts";

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rm(folder, { recursive: true }));

/** Ten records in four segments, of every kind, with a body that needs several pages, and two cursors. */
async function fill(): Promise<void> {
  const journal = await open(folder);
  await journal.append(draft(1));
  await Promise.all([2, 3, 4, 5, 6].map((n) => journal.append(draft(n))));
  await Promise.all([7, 8].map((n) => journal.append(draft(n, { kind: RecordKind.event, day: 20_000 + n }))));
  await journal.append(draft(9, { body: new Uint8Array(9_000).fill(0x20) }));
  await journal.append(draft(10, { kind: RecordKind.quarantine }));
  await journal.advance("platform", 6);
  await journal.advance("hospital", 2);
  await journal.close();
}

async function verify() {
  const journal = await open(folder);
  try {
    return await journal.verify();
  } finally {
    await journal.close();
  }
}

test("an untouched journal has no findings: empty, live, closed, and with appends in between", async () => {
  const journal = await open(folder);
  expect((await journal.verify()).findings).toEqual([]);
  await Promise.all(Array.from({ length: 300 }, (_, n) => journal.append(draft(n))));
  const [verification] = await Promise.all([
    journal.verify(),
    ...Array.from({ length: 50 }, (_, n) =>
      journal.append(draft(1_000 + n)).then(() => journal.append(draft(2_000 + n))),
    ),
  ]);
  expect(verification.findings).toEqual([]);
  await journal.close();
  expect(await verify()).toMatchObject({
    gateway: "ehpad-test",
    firstSeq: 1,
    lastSeq: 400,
    records: 400,
    findings: [],
  });
});

describe("what is changed is found, and named", () => {
  test.each([
    [
      "a body that is another's",
      "UPDATE body SET box = (SELECT box FROM body WHERE seq = 3) WHERE seq = 4",
      4,
      "record",
    ],
    ["a body cut short", "UPDATE body SET box = substr(box, 1, 60) WHERE seq = 4", 4, "body"],
    ["a body that is gone", "DELETE FROM body WHERE seq = 4", 4, "body"],
    ["a body made to look erased", "UPDATE body SET box = zeroblob(16) WHERE seq = 4", 4, "body"],
    ["a record that is gone", "DELETE FROM record WHERE seq = 4", 2, "index"],
    [
      "a record too many",
      "INSERT INTO record SELECT 11, kind, day, zeroblob(16), device, person FROM record WHERE seq = 4",
      11,
      "index",
    ],
    ["a body too many", "INSERT INTO body SELECT 11, box FROM body WHERE seq = 4", 11, "body"],
    ["another kind", "UPDATE record SET kind = 3 WHERE seq = 4", 4, "record"],
    ["a kind that is none", "UPDATE record SET kind = 9 WHERE seq = 4", 4, "index"],
    ["another day", "UPDATE record SET day = day + 1 WHERE seq = 4", 4, "index"],
    ["another idem", "UPDATE record SET idem = zeroblob(16) WHERE seq = 4", 4, "index"],
    ["another device", "UPDATE record SET device = zeroblob(16) WHERE seq = 4", 4, "index"],
    ["no device", "UPDATE record SET device = NULL WHERE seq = 4", 4, "index"],
    ["another person", "UPDATE record SET person = zeroblob(16) WHERE seq = 4", 4, "index"],
    ["a check that is none", "UPDATE segment SET rows_check = zeroblob(16) WHERE first_seq = 2", 2, "index"],
    ["a segment's range", "UPDATE segment SET last_seq = 5 WHERE first_seq = 2", 2, "index"],
    ["a segment that ends before it begins", "UPDATE segment SET last_seq = 0 WHERE first_seq = 2", 2, "index"],
    ["a segment that never ends", "UPDATE segment SET last_seq = 1 << 40 WHERE first_seq = 2", 2, "index"],
    ["a segment signed by nobody", "UPDATE segment SET cose = zeroblob(300) WHERE first_seq = 2", 2, "malformed"],
    ["the first segment gone", "DELETE FROM segment WHERE first_seq = 1", 2, "bad-start"],
    ["a segment gone", "DELETE FROM segment WHERE first_seq = 2", 7, "gap"],
  ])("%s", async (_what, statement, seq, fault) => {
    await fill();
    await tamper(folder, statement);
    expect((await verify()).findings).toContainEqual({
      seq,
      fault,
      because: { fr: expect.any(String), en: expect.any(String) },
    });
  });

  test.each([
    ["a cursor", "UPDATE cursor SET through = 9 WHERE destination = 'platform'", "cursor"],
    ["a cursor's name", "UPDATE cursor SET destination = 'platforn' WHERE destination = 'platform'", "cursor"],
    ["a table too many", "CREATE TABLE notes(id)", "file"],
    ["how far delivery was", "INSERT INTO passed VALUES (20000, 9, zeroblob(16))", "retention"],
    ["what was pruned", "INSERT INTO pruned VALUES (zeroblob(16), 9, zeroblob(16))", "index"],
  ])("%s", async (_what, statement, fault) => {
    await fill();
    await tamper(folder, statement);
    expect((await verify()).findings).toContainEqual(expect.objectContaining({ fault }));
  });

  test("an epoch, a rotation that nobody signed, the last segment gone from under a cursor: not opened at all", async () => {
    await fill();
    const file = join(folder, "journal.db");
    const whole = await readFile(file);
    for (const statement of [
      "UPDATE meta SET value = CAST('12345' AS BLOB) WHERE key = 'epoch'",
      "INSERT INTO rotation VALUES (3, '{}')",
      "DELETE FROM segment WHERE first_seq > 2",
      "UPDATE segment SET last_seq = 12 WHERE last_seq = 10",
    ]) {
      await writeFile(file, whole);
      if (statement.startsWith("DELETE")) {
        const journal = await open(folder);
        await journal.advance("platform", 10);
        await journal.close();
      }
      await tamper(folder, statement);
      await expect(open(folder), statement).rejects.toMatchObject({ code: "JOURNAL_DAMAGED" });
    }
  });
});

/** All that the file holds, in the order of its keys: what a bit that flips in unused space leaves as it was. */
async function contents(file: string): Promise<string> {
  const database = await openDatabase(file);
  try {
    const tables = ["meta", "segment", "record", "body", "cursor", "passed", "pruned", "rotation"];
    const rows = [];
    for (const table of tables) rows.push(await database.all(`SELECT * FROM ${table} ORDER BY 1`));
    return JSON.stringify(rows);
  } finally {
    await database.close();
  }
}

/** Damage is said in one of these ways, and in no other. */
const refusals = [
  "JOURNAL_DAMAGED",
  "JOURNAL_NOT_OURS",
  "JOURNAL_NEWER",
  "JOURNAL_FOREIGN",
  "JOURNAL_KEY_WRONG",
].concat("JOURNAL_SIGNING_KEY_CHANGED", "JOURNAL_WRITE_FAILED", "JOURNAL_OPEN");

test("any flipped bit of the file is named, refuses the file, or has changed nothing that it holds", async () => {
  await fill();
  const file = join(folder, "journal.db");
  const whole = await readFile(file);
  await copyFile(file, join(folder, "whole.db"));
  const before = await contents(join(folder, "whole.db"));
  let named = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length * 8 - 1), async (bit) => {
      const flipped = Buffer.from(whole);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      for (const name of await readdir(folder)) {
        if (name !== "whole.db" && name !== "journal.db") await rm(join(folder, name));
      }
      await writeFile(file, flipped);
      let journal: Journal;
      try {
        journal = await open(folder);
      } catch (error) {
        expect(isVigieError(error) && refusals.includes(error.code), String(error)).toBe(true);
        named += 1;
        return;
      }
      try {
        const { findings } = await journal.verify();
        if (findings.length > 0) {
          named += 1;
          return;
        }
      } finally {
        await journal.close();
      }
      expect(await contents(file), `bit ${bit} changed something, and nobody noticed`).toBe(before);
    }),
    { numRuns: Number(process.env["VIGIE_FLIPS"] ?? 150) },
  );
  // Most of a file of ten records is unused space; the boxes and segments are the rest.
  expect(named).toBeGreaterThan(10);
}, 120_000);

test("every bit of every box, segment and index column is under something that notices", async () => {
  await fill();
  const file = join(folder, "journal.db");
  const whole = await readFile(file);
  const values = (
    await tamper(
      folder,
      "SELECT box AS v FROM body UNION ALL SELECT cose FROM segment UNION ALL SELECT idem FROM record",
    )
  ).flatMap(({ v }) => (v instanceof Uint8Array ? [v] : []));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...values), fc.nat(), fc.nat(7), async (value, offset, bit) => {
      // A long value goes on in overflow pages: its first 200 bytes stand together.
      const start = value.subarray(0, 200);
      const flipped = Buffer.from(whole);
      // In every copy: an idem stands in its row and in the index.
      for (let at = whole.indexOf(start); at >= 0; at = whole.indexOf(start, at + 1)) {
        const byte = at + (offset % start.length);
        flipped[byte] = (flipped[byte] ?? 0) ^ (1 << bit);
      }
      await writeFile(file, flipped);
      // The image is this file alone: a log that the attempt before left behind would put its good pages over the flip.
      await rm(`${file}-wal`, { force: true });
      const findings = await verify().then(
        (verification) => verification.findings.length,
        // In the key's name of the last segment it looks like another key, which refuses the file.
        (error) => (isVigieError(error) && refusals.includes(error.code) ? 1 : 0),
      );
      expect(findings).toBeGreaterThan(0);
    }),
    { numRuns: 60 },
  );
}, 120_000);

test("a record whose box does not open travels withheld, is told of, and stops no other", async () => {
  await fill();
  await tamper(folder, "UPDATE body SET box = zeroblob(80) WHERE seq = 4");
  const told: unknown[] = [];
  const journal = await open(folder, { onDamage: (seq, because) => told.push([seq, because.en]) });
  const records = (await journal.segments(1, 100)).flatMap((segment) => segment.records);
  expect(records.filter((record) => "withheld" in record)).toEqual([{ seq: 4, withheld: true }]);
  expect(records).toHaveLength(10);
  expect(told).toEqual([[4, expect.any(String)]]);
  await journal.close();
});

test("a damaged cursor begins anew, and is told of", async () => {
  await fill();
  await tamper(folder, "UPDATE cursor SET through = 9 WHERE destination = 'platform'");
  const told: unknown[] = [];
  const journal = await open(folder, { onDamage: (seq, because) => told.push([seq, because.en]) });
  expect(await journal.cursor("platform")).toBe(0);
  expect(await journal.cursor("hospital")).toBe(2);
  expect(told.length).toBeGreaterThan(0);
  await journal.advance("platform", 3);
  expect(await journal.cursor("platform")).toBe(3);
  expect((await journal.verify()).findings).toEqual([]);
  await journal.close();
});

test("a file that SQLite finds corrupt is copied aside once, and the error says where", async () => {
  await fill();
  const file = join(folder, "journal.db");
  const bytes = await readFile(file);
  bytes.fill(0xee, 100, 600);
  await writeFile(file, bytes);
  for (const _again of [1, 2]) {
    await expect(open(folder)).rejects.toMatchObject({
      code: "JOURNAL_DAMAGED",
      detail: { where: { fr: `${file}.damaged-1` } },
    });
  }
  expect((await readFile(`${file}.damaged-1`)).equals(bytes)).toBe(true);
  bytes.fill(0xdd, 100, 600);
  await writeFile(file, bytes);
  await expect(open(folder)).rejects.toMatchObject({ detail: { where: { fr: `${file}.damaged-2` } } });
  expect((await readdir(folder)).filter((name) => name.includes("damaged")).sort()).toEqual([
    "journal.db.damaged-1",
    "journal.db.damaged-2",
  ]);
});
