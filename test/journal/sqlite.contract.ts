/** What the journal relies on in a binding of SQLite. Whoever wants to take the place of `sqlite3` passes this. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Database } from "../../src/journal/sqlite.ts";

export function databaseContract(name: string, openDatabase: (file: string) => Promise<Database>): void {
  describe(`${name} as the journal's database`, () => {
    let folder: string;
    let database: Database;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), "vigie-sqlite-"));
      database = await openDatabase(join(folder, "contract.db"));
      await database.run("CREATE TABLE t(id INTEGER PRIMARY KEY, v ANY, u TEXT UNIQUE) STRICT");
    });
    afterEach(async () => {
      await database.close().catch(() => undefined);
      await rm(folder, { recursive: true });
    });
    const ids = async (): Promise<unknown[]> =>
      (await database.all("SELECT id FROM t ORDER BY id")).map((row) => row["id"]);

    test("gives values back as they were bound: integers to 2^53 - 1, text, bytes, null", async () => {
      const values = [
        0,
        -1,
        2 ** 31,
        2 ** 53 - 1,
        "é\u0000ü",
        "",
        new Uint8Array([0, 255, 7]),
        new Uint8Array(0),
        null,
      ];
      for (const [id, value] of values.entries()) await database.run("INSERT INTO t(id, v) VALUES (?, ?)", [id, value]);
      const rows = await database.all("SELECT v FROM t ORDER BY id");
      for (const [index, value] of values.entries()) {
        const found = rows[index]?.["v"];
        if (value instanceof Uint8Array) expect(found).toBeInstanceOf(Uint8Array);
        expect(found instanceof Uint8Array ? [...found] : found).toEqual(
          value instanceof Uint8Array ? [...value] : value,
        );
      }
    });

    test("binds a view of a larger buffer as what the view shows", async () => {
      await database.run("INSERT INTO t(id, v) VALUES (1, ?)", [new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 3)]);
      await database.run("INSERT INTO t(id, v) VALUES (2, ?)", [Buffer.from("pooled")]);
      expect(await database.all("SELECT hex(v) AS v FROM t ORDER BY id")).toEqual([
        { v: "0203" },
        { v: "706F6F6C6564" },
      ]);
    });

    test("takes 256 rows of six columns in one statement, and says how many rows changed", async () => {
      const places = Array.from({ length: 256 }, () => "(?,?,?)").join(",");
      const values = Array.from({ length: 256 }, (_, id) => [id, id, null, id]).flatMap(([id, v, u]) => [
        id ?? 0,
        v ?? 0,
        u ?? null,
      ]);
      expect(await database.run(`INSERT INTO t(id, v, u) VALUES ${places}`, values)).toEqual({ changes: 256 });
      expect(await database.run("DELETE FROM t WHERE id >= 250")).toEqual({ changes: 6 });
      const many = Array.from({ length: 1_536 }, (_, index) => index);
      expect(await database.all(`SELECT 1 AS one WHERE 5 IN (${many.map(() => "?").join(",")})`, many)).toHaveLength(1);
    });

    test("answers pragmas", async () => {
      expect(await database.all("PRAGMA journal_mode=WAL")).toEqual([{ journal_mode: "wal" }]);
      await database.all("PRAGMA synchronous=FULL");
      expect(await database.all("PRAGMA synchronous")).toEqual([{ synchronous: 2 }]);
    });

    test("runs statements in the order they were asked for, without waiting in between", async () => {
      const asked = Array.from({ length: 500 }, (_, id) =>
        database.run("INSERT INTO t(id, v) VALUES (?, (SELECT count(*) FROM t))", [id]),
      );
      await Promise.all(asked);
      expect(await database.all("SELECT count(*) AS wrong FROM t WHERE id <> v")).toEqual([{ wrong: 0 }]);
    });

    test("keeps everybody else out of a transaction, readers too", async () => {
      const transaction = database.transaction(async (sql) => {
        await sql.run("INSERT INTO t(id) VALUES (1)");
        await new Promise((resolve) => setImmediate(resolve));
        await sql.run("INSERT INTO t(id) VALUES (2)");
        return "done";
      });
      const seen = ids();
      const after = database.run("INSERT INTO t(id) VALUES (3)");
      expect(await transaction).toBe("done");
      await after;
      expect(await seen).toEqual([1, 2]);
      expect(await ids()).toEqual([1, 2, 3]);
    });

    test("undoes all of a transaction that throws, nothing of anybody else's, and throws what was thrown", async () => {
      const thrown = new Error("no");
      const before = database.run("INSERT INTO t(id) VALUES (1)");
      const failing = database.transaction(async (sql) => {
        await sql.run("INSERT INTO t(id) VALUES (2)");
        throw thrown;
      });
      const beside = database.run("INSERT INTO t(id) VALUES (3)");
      await expect(failing).rejects.toBe(thrown);
      await Promise.all([before, beside]);
      expect(await ids()).toEqual([1, 3]);
      await database.transaction((sql) => sql.run("INSERT INTO t(id) VALUES (4)"));
      expect(await ids()).toEqual([1, 3, 4]);
    });

    test("goes on after a statement in a transaction failed, and after SQLite itself rolled it back", async () => {
      await database.all("PRAGMA max_page_count=20");
      const filling = database.transaction(async (sql) => {
        for (let id = 0; ; id += 1) await sql.run("INSERT INTO t(id, v) VALUES (?, zeroblob(9000))", [id]);
      });
      await expect(filling).rejects.toMatchObject({ code: "SQLITE_FULL" });
      expect(await ids()).toEqual([]);
      await database.transaction((sql) => sql.run("INSERT INTO t(id) VALUES (1)"));
      expect(await ids()).toEqual([1]);
    });

    test("says by SQLite's own codes what was refused", async () => {
      await database.run("INSERT INTO t(id, u) VALUES (1, 'once')");
      const refused: [string, () => Promise<unknown>][] = [
        ["SQLITE_ERROR", () => database.run("SELECT nothing FROM nowhere")],
        ["SQLITE_CONSTRAINT", () => database.run("INSERT INTO t(u) VALUES ('once')")],
        ["SQLITE_CANTOPEN", () => openDatabase(join(folder, "no", "such", "folder.db"))],
      ];
      for (const [code, refusal] of refused) await expect(refusal(), code).rejects.toMatchObject({ code });
      await writeFile(
        join(folder, "none.db"),
        "this is no database, though it is longer than a header of 100 bytes would be: it is text.",
      );
      const none = await openDatabase(join(folder, "none.db"));
      await expect(none.all("SELECT 1 FROM sqlite_schema")).rejects.toMatchObject({ code: "SQLITE_NOTADB" });
      await none.close();
    });

    test("says that another connection holds the file", async () => {
      await database.all("PRAGMA locking_mode=EXCLUSIVE");
      await database.run("INSERT INTO t(id) VALUES (1)");
      const other = await openDatabase(join(folder, "contract.db"));
      await other.all("PRAGMA busy_timeout=10");
      await expect(other.all("SELECT id FROM t")).rejects.toMatchObject({ code: "SQLITE_BUSY" });
      await other.close();
    });

    test("closes behind what was asked before", async () => {
      const asked = Array.from({ length: 20 }, (_, id) => database.run("INSERT INTO t(id) VALUES (?)", [id]));
      await Promise.all([...asked, database.close()]);
      database = await openDatabase(join(folder, "contract.db"));
      expect(await ids()).toHaveLength(20);
    });
  });
}
