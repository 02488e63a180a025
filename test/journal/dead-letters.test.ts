import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openJournal } from "../../src/journal/journal.ts";
import type { DeadLetter } from "../../src/journal/port.ts";
import { openDatabase } from "../../src/journal/sqlite.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { FakeClock } from "../fixtures/clock.ts";
import { testKey } from "../fixtures/seal.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vigie-dead-letters-"));
});
afterEach(() => rm(folder, { recursive: true }));

const boxKey = new Uint8Array(32).fill(5);
const open = () =>
  openJournal({ folder, gateway: "ehpad-test", boxKey, signingKey: testKey(), clock: new FakeClock() });
const letter = (change: Partial<DeadLetter> = {}): DeadLetter => ({
  destination: "fhir",
  seq: 7,
  code: "422",
  words: "value 999 mmHg is too large",
  at: 1_795_000_000_000,
  again: false,
  ...change,
});

test("what is put aside is there after a restart, by destination and number, the last words counting", async () => {
  const journal = await open();
  await journal.putAside(letter());
  await journal.putAside(letter({ seq: 3, destination: "other" }));
  await journal.putAside(letter({ seq: 2 }));
  await journal.putAside(letter({ words: "and again" }));
  await journal.close();
  const reopened = await open();
  expect(await reopened.deadLetters("fhir")).toEqual([letter({ seq: 2 }), letter({ words: "and again" })]);
  expect((await reopened.deadLetters()).map(({ destination, seq }) => [destination, seq])).toEqual([
    ["fhir", 2],
    ["fhir", 7],
    ["other", 3],
  ]);
  await reopened.close();
});

test("what is to be sent again is marked, and what was taken is dropped", async () => {
  const journal = await open();
  await journal.putAside(letter());
  await journal.putAside(letter({ seq: 8 }));
  expect(await journal.sendAgain("fhir", [7, 9])).toBe(1);
  expect((await journal.deadLetters()).map(({ again }) => again)).toEqual([true, false]);
  await journal.dropLetter("fhir", 7);
  expect((await journal.deadLetters()).map(({ seq }) => seq)).toEqual([8]);
  await journal.close();
});

test("a destination's words stand nowhere in clear, and a box in another row is damage", async () => {
  const journal = await open();
  await journal.putAside(letter());
  await journal.close();
  for (const file of ["journal.db", "journal.db-wal"]) {
    const bytes = await readFile(join(folder, file)).catch(() => Buffer.alloc(0));
    expect(bytes.includes("mmHg")).toBe(false);
  }
  const database = await openDatabase(join(folder, "journal.db"));
  await database.run("UPDATE dead_letter SET seq = 8");
  await database.close();
  const reopened = await open();
  await expect(reopened.deadLetters()).rejects.toMatchObject({ code: "JOURNAL_DAMAGED" });
  await reopened.close();
});

test("a record is read back with what it was made from", async () => {
  const journal = await open();
  const draft = { kind: RecordKind.measure, id: new Uint8Array(16), body: Buffer.from("{}") };
  await journal.append({ ...draft, source: Buffer.from("98.6") });
  await journal.append({ ...draft, id: new Uint8Array(16).fill(1) });
  const records = (await journal.segments(1, 10)).flatMap((segment) => segment.records);
  expect(records.map((one) => ("source" in one ? Buffer.from(one.source ?? []).toString() : undefined))).toEqual([
    "98.6",
    undefined,
  ]);
  await journal.close();
});
