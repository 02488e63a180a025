import sqlite3 from "sqlite3";
import { describe, expect, test } from "vitest";
import { openDatabase } from "../../src/journal/sqlite.ts";
import { nodeSqlite, openNodeDatabase } from "./node-sqlite.ts";
import { databaseContract } from "./sqlite.contract.ts";

databaseContract("sqlite3", openDatabase);

const builtIn = nodeSqlite();
if (builtIn === undefined) test.skip("node:sqlite as the journal's database (needs Node 22.5)", () => undefined);
else databaseContract("node:sqlite", (file) => openNodeDatabase(builtIn, file));

/** The package itself, without our port: why the port is as it is. */
describe("the traps of sqlite3", () => {
  const raw = () =>
    new Promise<sqlite3.Database>((resolve, reject) => {
      const opening: sqlite3.Database = new sqlite3.Database(":memory:", (error) =>
        error ? reject(error) : resolve(opening),
      );
    });
  const run = (connection: sqlite3.Database, sql: string) =>
    new Promise<void>((resolve, reject) => {
      connection.run(sql, (error: Error | null) => (error ? reject(error) : resolve()));
    });

  test("serialize() does not order prepared statements: COMMIT comes before its BEGIN", async () => {
    const connection = await raw();
    await run(connection, "CREATE TABLE t(id)");
    const statements = ["BEGIN", "INSERT INTO t VALUES (1)", "COMMIT"].map((sql) => connection.prepare(sql));
    const once = () =>
      new Promise<boolean>((resolve) => {
        let [left, isWrong] = [statements.length, false];
        connection.serialize(() => {
          for (const statement of statements) {
            statement.run((error: Error | null) => {
              isWrong ||= error !== null;
              left -= 1;
              if (left === 0) resolve(isWrong);
            });
          }
        });
      });
    let isWrong = false;
    // It is a race between threads: one in some hundred goes wrong, and one is enough.
    for (let cycle = 0; cycle < 100_000 && !isWrong; cycle += 1) {
      isWrong = await once();
      await run(connection, "ROLLBACK").catch(() => undefined);
    }
    expect(isWrong).toBe(true);
    for (const statement of statements) statement.finalize();
    connection.close();
  });

  test("one caller's ROLLBACK undoes what another was told is inserted", async () => {
    const connection = await raw();
    await run(connection, "CREATE TABLE t(id)");
    await run(connection, "BEGIN");
    await run(connection, "INSERT INTO t VALUES ('of the transaction')");
    await run(connection, "INSERT INTO t VALUES ('of somebody else, who was told that it is done')");
    await run(connection, "ROLLBACK");
    const left = await new Promise((resolve) => connection.all("SELECT * FROM t", (_error, rows) => resolve(rows)));
    expect(left).toEqual([]);
    connection.close();
  });

  test("neither is a trap of our port: a thousand transactions beside a thousand inserts, half of them undone", async () => {
    const database = await openDatabase(":memory:");
    await database.run("CREATE TABLE t(id)");
    const outcomes = await Promise.allSettled(
      Array.from({ length: 1_000 }, (_, n) => [
        database.transaction(async (sql) => {
          await sql.run("INSERT INTO t VALUES (?)", [`transaction ${n}`]);
          if (n % 2 === 1) throw new Error("undone");
        }),
        database.run("INSERT INTO t VALUES (?)", [`single ${n}`]),
      ]).flat(),
    );
    expect(outcomes.filter(({ status }) => status === "rejected")).toHaveLength(500);
    const count = "SELECT count(*) AS n FROM t WHERE id LIKE";
    expect(await database.all(`${count} 'single%'`)).toEqual([{ n: 1_000 }]);
    expect(await database.all(`${count} 'transaction%'`)).toEqual([{ n: 500 }]);
    await database.close();
  });
});
