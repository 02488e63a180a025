/** Forward only: what an older version wrote is opened, what a newer one wrote is not touched. */
import { copyFile, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { begin } from "../../src/journal/identity.ts";
import { openJournal } from "../../src/journal/open.ts";
import { migrate, prepare, SCHEMA_VERSION, schemaText } from "../../src/journal/schema.ts";
import { type Database, openDatabase, type Sql } from "../../src/journal/sqlite.ts";
import { isWithheld } from "../../src/seal/record.ts";
import { FakeClock } from "../fixtures/clock.ts";
import { testKey } from "../fixtures/seal.ts";
import { boxKey, draft, newFolder, open } from "./setting.ts";

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rm(folder, { recursive: true }));

/**
 * A file of each version, as it was released: eight records in four segments (of one, four, one and one records, and a body
 * of 9 000 bytes), a cursor of "platform" at 5; gateway, keys and ids as in ./setting.ts.
 */
const fixtures = new URL("../fixtures/journal/", import.meta.url);
const versions = Array.from({ length: SCHEMA_VERSION }, (_, index) => index + 1);

test("there is a file of every version", async () => {
  expect((await readdir(fixtures)).sort()).toEqual(versions.map((version) => `v${version}.db`));
});

test.each(versions)("a file of version %i is opened, whole, and goes on", async (version) => {
  await copyFile(new URL(`v${version}.db`, fixtures), join(folder, "journal.db"));
  const journal = await open(folder);
  expect(journal.lastSeq).toBe(8);
  expect(await journal.cursor("platform")).toBe(5);
  expect((await journal.verify()).findings).toEqual([]);
  const records = (await journal.segments(1, 100)).flatMap((segment) => segment.records);
  expect(records.filter(isWithheld)).toEqual([]);
  const day = Math.floor(new FakeClock().wall / 86_400_000);
  expect(await journal.append(draft(3, { day }))).toEqual({ seq: 3, duplicate: true });
  expect(await journal.append(draft(9, { day }))).toEqual({ seq: 9, duplicate: false });
  expect(await journal.erasePerson("person-1", "test")).toBe(2);
  expect((await journal.verify()).findings).toEqual([]);
  await journal.close();
  const again = await open(folder);
  expect((await again.verify()).findings).toEqual([]);
  await again.close();
});

/** A database that stops, as a power cut would, before its `step`-th statement; and says how many it was asked for. */
function cutAt(database: Database, step: number) {
  let asked = 0;
  const counting = (sql: Sql): Sql => {
    const count = () => {
      asked += 1;
      if (asked === step) throw new Error("power cut");
    };
    return {
      run: async (text, parameters) => {
        count();
        return sql.run(text, parameters);
      },
      all: async (text, parameters) => {
        count();
        return sql.all(text, parameters);
      },
    };
  };
  const cut: Database = {
    ...counting(database),
    transaction: (work) => database.transaction((sql) => work(counting(sql))),
    close: () => database.close(),
  };
  return { cut, asked: () => asked };
}

test("a migration that is cut before any of its statements leaves the older file, whole; the next opening ends it", async () => {
  const options = { folder, gateway: "ehpad-test", boxKey, signingKey: testKey(), clock: new FakeClock() };
  const file = join(folder, "journal.db");
  for (let step = 1; ; step += 1) {
    await copyFile(new URL("v1.db", fixtures), file);
    const database = await openDatabase(file);
    const { version } = await prepare(database, { maxBytes: 1 << 24 });
    const { cut, asked } = cutAt(database, step);
    const outcome = await begin(cut, version, options).then(
      () => "whole",
      (error: unknown) => String(error),
    );
    await database.close();
    if (step > asked()) {
      expect(outcome).toBe("whole");
      expect(step).toBeGreaterThan(12);
      break;
    }
    expect(outcome).toBe("Error: power cut");
    const journal = await openJournal(options);
    expect((await journal.verify()).findings, `cut at ${step}`).toEqual([]);
    expect(journal.lastSeq).toBe(8);
    await journal.close();
  }
});

test("an old file and a new one have the same schema in the end", async () => {
  await copyFile(new URL("v1.db", fixtures), join(folder, "journal.db"));
  await (await open(folder)).close();
  await mkdir(join(folder, "new"));
  await (await open(join(folder, "new"))).close();
  const texts = [];
  for (const file of [join(folder, "journal.db"), join(folder, "new", "journal.db")]) {
    const database = await openDatabase(file);
    texts.push(await schemaText(database));
    await database.close();
  }
  expect(texts[0]).toEqual(texts[1]);
});

test("an old file of another gateway, or under another key, is left as it is", async () => {
  const file = join(folder, "journal.db");
  await copyFile(new URL("v1.db", fixtures), file);
  const before = await readFile(file);
  await expect(open(folder, { gateway: "other" })).rejects.toMatchObject({ code: "JOURNAL_FOREIGN" });
  await expect(open(folder, { boxKey: new Uint8Array(32) })).rejects.toMatchObject({ code: "JOURNAL_KEY_WRONG" });
  expect((await readFile(file)).equals(before)).toBe(true);
});

test("a step is not taken twice", async () => {
  const database = await openDatabase(":memory:");
  const nothing = () => Promise.reject(new RangeError("nothing to open"));
  await migrate(database, 0, nothing);
  await migrate(database, SCHEMA_VERSION, nothing);
  await expect(migrate(database, 0, nothing)).rejects.toThrow(/exists/);
  await database.close();
});
