import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openJournal } from "../../src/journal/open.ts";
import type { Draft } from "../../src/journal/port.ts";
import { openDatabase } from "../../src/journal/sqlite.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { FakeClock } from "../fixtures/clock.ts";
import { testKey } from "../fixtures/seal.ts";

let folder: string;
const clock = new FakeClock();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vigie-facts-"));
});
afterEach(() => rm(folder, { recursive: true }));

const open = () =>
  openJournal({ folder, gateway: "ehpad-test", boxKey: new Uint8Array(32).fill(5), signingKey: testKey(), clock });

const draft = (n: number, change: Partial<Draft> = {}): Draft => ({
  kind: RecordKind.audit,
  id: new Uint8Array(16).fill(n),
  body: Buffer.from(`{"n":${n}}`),
  ...change,
});
const dupont = { shelf: "person", key: "r-0012", value: '{"label":"Madame Dupont"}' };

test("a fact is there with its record, is replaced, and is taken off, also after a restart", async () => {
  const journal = await open();
  await journal.append(draft(1), [dupont, { ...dupont, key: "r-0011", value: "{}" }]);
  expect(await journal.facts("person")).toEqual([
    { key: "r-0011", value: "{}" },
    { key: "r-0012", value: dupont.value },
  ]);
  await journal.append(draft(2), [
    { shelf: "person", key: "r-0011" },
    { ...dupont, value: "{}" },
  ]);
  await journal.close();
  const again = await open();
  expect(await again.facts("person")).toEqual([{ key: "r-0012", value: "{}" }]);
  expect(await again.facts("device")).toEqual([]);
  await again.close();
});

test("a record that was there already writes no fact", async () => {
  const journal = await open();
  await journal.append(draft(1));
  expect(await journal.append(draft(1), [dupont])).toEqual({ seq: 1, duplicate: true });
  expect(await journal.facts("person")).toEqual([]);
  await journal.close();
});

test("what the disk refuses is neither record nor fact", async () => {
  const journal = await open();
  const much = "x".repeat(900_000);
  const filled = await openJournalOf(300_000);
  await expect(filled.append(draft(1), [{ ...dupont, value: much }])).rejects.toMatchObject({ code: "JOURNAL_FULL" });
  expect([filled.lastSeq, await filled.facts("person")]).toEqual([0, []]);
  await filled.close();
  await journal.close();
});

const openJournalOf = (maxBytes: number) =>
  openJournal({
    folder: join(folder, "small"),
    gateway: "ehpad-test",
    boxKey: new Uint8Array(32).fill(5),
    signingKey: testKey(),
    clock,
    maxBytes,
  });

test("neither key nor value stands in the raw files", async () => {
  const journal = await open();
  await journal.append(draft(1), [dupont]);
  await journal.close();
  for (const file of await readdir(folder)) {
    const raw = await readFile(join(folder, file));
    for (const secret of ["Dupont", "r-0012"]) expect(raw.includes(secret), `${secret} in ${file}`).toBe(false);
  }
});

test("a box on another's place is found out", async () => {
  const journal = await open();
  await journal.append(draft(1), [dupont, { ...dupont, key: "r-0011" }]);
  await journal.close();
  const database = await openDatabase(join(folder, "journal.db"));
  await database.run("UPDATE fact SET box = (SELECT box FROM fact ORDER BY name LIMIT 1)");
  await database.close();
  const again = await open();
  await expect(again.facts("person")).rejects.toMatchObject({ code: "JOURNAL_DAMAGED" });
  await again.close();
});

test("a change of the encryption key takes every fact along", async () => {
  const journal = await open();
  const facts = Array.from({ length: 150 }, (_, n) => ({ ...dupont, key: `r-${n}` }));
  await journal.append(draft(1), facts);
  const next = new Uint8Array(32).fill(6);
  await journal.rotateBoxKey(next);
  await journal.append(draft(2), [dupont]);
  expect(await journal.facts("person")).toHaveLength(151);
  expect((await journal.verify()).findings).toEqual([]);
  await journal.close();
  const again = await openJournal({ folder, gateway: "ehpad-test", boxKey: next, signingKey: testKey(), clock });
  expect(await again.facts("person")).toHaveLength(151);
  await again.close();
});

test("verification names the shelf of a fact that is not as it was written", async () => {
  const journal = await open();
  await journal.append(draft(1), [dupont]);
  await journal.close();
  const database = await openDatabase(join(folder, "journal.db"));
  await database.run("UPDATE fact SET shelf = 'people'");
  await database.close();
  const again = await open();
  expect((await again.verify()).findings).toMatchObject([
    { fault: "index", because: expect.objectContaining({ en: expect.stringContaining("people") }) },
  ]);
  await again.close();
});

test("records are found by kind, device and person, in order, a page at a time", async () => {
  const journal = await open();
  const measure = { kind: RecordKind.measure, device: "A", person: "p" } as const;
  await journal.append(draft(1, { ...measure, source: Buffer.from("first") }));
  await journal.append(draft(2, { ...measure, device: "B" }));
  await journal.append(draft(3, { ...measure, person: "q" }));
  await journal.append(draft(4));
  await journal.append(draft(5, measure));
  const seqs = async (query: Partial<Parameters<typeof journal.find>[0]>) =>
    (await journal.find({ kind: RecordKind.measure, limit: 10, ...query })).map(({ seq }) => seq);
  expect(await seqs({})).toEqual([1, 2, 3, 5]);
  expect(await seqs({ device: "A" })).toEqual([1, 3, 5]);
  expect(await seqs({ device: "A", person: "p" })).toEqual([1, 5]);
  expect(await seqs({ device: "A", afterSeq: 1, limit: 1 })).toEqual([3]);
  const [first] = await journal.find({ kind: RecordKind.measure, limit: 1 });
  expect(Buffer.from(first?.source ?? []).toString()).toBe("first");
  await journal.close();
});
