import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openJournal } from "../../src/journal/open.ts";
import type { Draft } from "../../src/journal/port.ts";
import { SCHEMA_VERSION } from "../../src/journal/schema.ts";
import { openDatabase } from "../../src/journal/sqlite.ts";
import { faultyRecords, follow } from "../../src/seal/chain.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { openSegment } from "../../src/seal/segment.ts";
import { FakeClock } from "../fixtures/clock.ts";
import { ringOf, testKey } from "../fixtures/seal.ts";

let folder: string;
const clock = new FakeClock();
const boxKey = new Uint8Array(32).fill(5);
const key = testKey();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vigie-journal-"));
});
afterEach(() => rm(folder, { recursive: true }));

const open = (change: Partial<Parameters<typeof openJournal>[0]> = {}) =>
  openJournal({ folder, gateway: "ehpad-test", boxKey, signingKey: key, clock, ...change });

function draft(n: number, change: Partial<Draft> = {}): Draft {
  const id = new Uint8Array(16).fill(0xa7);
  new DataView(id.buffer).setUint32(0, n);
  return {
    kind: RecordKind.measure,
    id,
    body: Buffer.from(`{"n":${n},"secret":"Madame Dupont"}`),
    source: Buffer.from("source 98.6"),
    device: "AA:BB:CC:DD:EE:FF",
    person: "person-77",
    ...change,
  };
}

test("what was appended is read back, sealed, chained and in order", async () => {
  const journal = await open();
  await journal.append(draft(1));
  await Promise.all([2, 3, 4].map((n) => journal.append(draft(n))));
  const segments = await journal.segments(1, 1_000);
  expect(segments.map(({ firstSeq, lastSeq }) => [firstSeq, lastSeq])).toEqual([
    [1, 1],
    [2, 4],
  ]);
  let head: Parameters<typeof follow>[0];
  for (const { segment, records } of segments) {
    const opened = openSegment(segment, ringOf(key));
    if (!opened.ok) throw new Error(opened.because.en);
    const judged = follow(head, segment, opened.payload);
    if (!judged.ok) throw new Error(judged.because.en);
    head = judged.head;
    expect(faultyRecords(opened.payload, records)).toEqual([]);
  }
  expect(await journal.segments(4, 1)).toHaveLength(1);
  expect(await journal.segments(5, 10)).toEqual([]);
  await journal.close();
});

test("a repeat is a no-op, within a batch, later, and after a restart", async () => {
  const journal = await open();
  const together = await Promise.all([journal.append(draft(1)), journal.append(draft(1)), journal.append(draft(2))]);
  expect(together).toEqual([
    { seq: 1, duplicate: false },
    { seq: 1, duplicate: true },
    { seq: 2, duplicate: false },
  ]);
  expect(await journal.append(draft(2))).toEqual({ seq: 2, duplicate: true });
  await journal.close();
  const again = await open();
  expect(await again.append(draft(1))).toEqual({ seq: 1, duplicate: true });
  expect(await again.append(draft(3))).toEqual({ seq: 3, duplicate: false });
  await again.close();
});

test("300 callers at once share two segments of at most 256 records", async () => {
  const journal = await open();
  const appended = await Promise.all(Array.from({ length: 300 }, (_, n) => journal.append(draft(n))));
  expect(appended.map(({ seq }) => seq)).toEqual(Array.from({ length: 300 }, (_, n) => n + 1));
  expect((await journal.status()).segments).toBe(2);
  await journal.close();
});

test("cursors move forward only, are kept, and never beyond the end", async () => {
  const journal = await open();
  await Promise.all([1, 2, 3].map((n) => journal.append(draft(n))));
  expect(await journal.cursor("platform")).toBe(0);
  await journal.advance("platform", 2);
  await journal.advance("platform", 1);
  await expect(journal.advance("platform", 4)).rejects.toThrow(RangeError);
  await journal.close();
  const again = await open();
  expect(await again.cursor("platform")).toBe(2);
  expect((await again.status()).cursors).toEqual({ platform: 2 });
  await again.close();
});

test("WAL and synchronous=FULL are what the connection says", async () => {
  const database = await openDatabase(join(folder, "probe.db"));
  const { prepare } = await import("../../src/journal/schema.ts");
  await prepare(database, { maxBytes: 1 << 20 });
  expect((await database.all("PRAGMA journal_mode"))[0]).toEqual({ journal_mode: "wal" });
  expect((await database.all("PRAGMA synchronous"))[0]).toEqual({ synchronous: 2 });
  expect((await database.all("PRAGMA max_page_count"))[0]).toEqual({ max_page_count: 1_024 });
  await database.close();
});

test("nothing of a body, its source, a person or an address stands in the raw files", async () => {
  const journal = await open();
  await journal.append(draft(1));
  const raw = async () =>
    Buffer.concat([
      await readFile(join(folder, "journal.db")),
      await readFile(join(folder, "journal.db-wal")).catch(() => Buffer.alloc(0)),
    ]);
  const live = await raw();
  await journal.close();
  for (const bytes of [live, await raw()]) {
    for (const secret of ["Dupont", "98.6", "person-77", "AA:BB", Buffer.from(draft(1).id).toString("latin1")]) {
      expect(bytes.includes(Buffer.from(secret, "latin1")), secret).toBe(false);
    }
  }
});

test("a second opener, a wrong key, another gateway, another signing key: a clear error each, and nothing touched", async () => {
  const journal = await open();
  await journal.append(draft(1));
  await expect(open()).rejects.toMatchObject({ code: "JOURNAL_LOCKED" });
  await journal.close();
  const before = await readFile(join(folder, "journal.db"));
  await expect(open({ boxKey: new Uint8Array(32) })).rejects.toMatchObject({ code: "JOURNAL_KEY_WRONG" });
  await expect(open({ gateway: "other" })).rejects.toMatchObject({ code: "JOURNAL_FOREIGN" });
  await expect(open({ signingKey: testKey(8) })).rejects.toMatchObject({ code: "JOURNAL_SIGNING_KEY_CHANGED" });
  expect((await readFile(join(folder, "journal.db"))).equals(before)).toBe(true);
  const again = await open();
  expect(again.lastSeq).toBe(1);
  await again.close();
});

test("a journal of a newer version, another database and a file that is none are refused untouched", async () => {
  const file = join(folder, "journal.db");
  await (await open()).close();
  const database = await openDatabase(file);
  await database.run(`PRAGMA user_version=${SCHEMA_VERSION + 1}`);
  await database.close();
  await expect(open()).rejects.toMatchObject({ code: "JOURNAL_NEWER" });
  await rm(file);

  const other = await openDatabase(file);
  await other.run("CREATE TABLE notes(id)");
  await other.close();
  const before = await readFile(file);
  await expect(open()).rejects.toMatchObject({ code: "JOURNAL_NOT_OURS" });
  expect((await readFile(file)).equals(before)).toBe(true);

  await writeFile(
    file,
    "this is no database, but it is longer than a header of 100 bytes, so that SQLite looks at it closely.",
  );
  await expect(open()).rejects.toMatchObject({ code: "JOURNAL_NOT_OURS" });
});

test("a full journal refuses, keeps what it has, and says so", async () => {
  const journal = await open({ maxBytes: 200_000 });
  const appended: number[] = [];
  let refused: unknown;
  for (let n = 0; n < 1_000 && refused === undefined; n += 1) {
    await journal.append(draft(n, { body: randomBytes(2_000) })).then(
      ({ seq }) => appended.push(seq),
      (error: unknown) => {
        refused = error;
      },
    );
  }
  expect(refused).toMatchObject({ code: "JOURNAL_FULL" });
  expect((await journal.segments(appended.length, 10)).at(-1)?.lastSeq).toBe(appended.length);
  await journal.close();
  const again = await open();
  expect(again.lastSeq).toBe(appended.length);
  expect(await again.append(draft(5_000))).toEqual({ seq: appended.length + 1, duplicate: false });
  await again.close();
});

test("after close, appends are refused; those before it are kept", async () => {
  const journal = await open();
  const last = journal.append(draft(1));
  await journal.close();
  expect(await last).toEqual({ seq: 1, duplicate: false });
  await expect(journal.append(draft(2))).rejects.toMatchObject({ code: "JOURNAL_CLOSED" });
});

test("which device measured what is told without opening a body, under names that say nothing and stay", async () => {
  const device = (n: number, name: string | undefined, kind: RecordKind = RecordKind.measure) => {
    const { device: _, ...rest } = draft(n, { kind });
    return name === undefined ? rest : { ...rest, device: name };
  };
  let journal = await open();
  const drafts = [
    device(1, "a"),
    device(2, "b"),
    device(3, "a"),
    device(4, undefined),
    device(5, "b", RecordKind.event),
  ];
  for (const one of drafts) await journal.append(one);
  const each = await journal.measured({ after: 0, through: 5 }, "each");
  const [first, second] = each;
  expect(each).toEqual([
    { seq: 1, device: first?.device },
    { seq: 2, device: second?.device },
    { seq: 3, device: first?.device },
  ]);
  expect(first?.device).toMatch(/^[0-9a-f]{32}$/);
  expect(first?.device).not.toBe(second?.device);
  await journal.close();
  journal = await open();
  expect(await journal.measured({ after: 0, through: 5 }, "last")).toEqual([each[1], each[2]]);
  expect(await journal.measured({ after: 1, through: 2 }, "each")).toEqual([each[1]]);
  await journal.close();
});
