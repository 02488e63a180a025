/** The journal's database on node:sqlite, which is synchronous: to show that the port can be carried by another binding. */
import { Mutex } from "../../src/journal/mutex.ts";
import type { Database, Row, Sql, SqlValue } from "../../src/journal/sqlite.ts";

/** The part of node:sqlite that is needed; the types of Node 20 do not know it. */
interface Connection {
  prepare(sql: string): {
    run(...parameters: readonly SqlValue[]): { readonly changes: number | bigint };
    all(...parameters: readonly SqlValue[]): Row[];
  };
  close(): void;
}
interface NodeSqlite {
  readonly DatabaseSync: new (file: string) => Connection;
}

const isNodeSqlite = (found: object | undefined): found is NodeSqlite => found !== undefined && "DatabaseSync" in found;

/** @returns undefined where this Node has none. */
export function nodeSqlite(): NodeSqlite | undefined {
  const found: object | undefined = process.getBuiltinModule("node:sqlite");
  return isNodeSqlite(found) ? found : undefined;
}

/** SQLite's primary result codes, as the journal tells them apart. (sqlite.org/rescode.html) */
const codes = new Map([
  [1, "SQLITE_ERROR"],
  [5, "SQLITE_BUSY"],
  [10, "SQLITE_IOERR"],
  [11, "SQLITE_CORRUPT"],
  [13, "SQLITE_FULL"],
  [14, "SQLITE_CANTOPEN"],
  [19, "SQLITE_CONSTRAINT"],
  [26, "SQLITE_NOTADB"],
]);

function attempt<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error && "errcode" in error && typeof error.errcode === "number") {
      // The low byte is the primary code; what is above it says more than the journal asks.
      Object.assign(error, { code: codes.get(error.errcode & 0xff) ?? `SQLITE_${error.errcode}` });
    }
    throw error;
  }
}

export async function openNodeDatabase({ DatabaseSync }: NodeSqlite, file: string): Promise<Database> {
  const connection = attempt(() => new DatabaseSync(file));
  const mutex = new Mutex();
  const sql: Sql = {
    run: async (text, parameters = []) =>
      attempt(() => ({ changes: Number(connection.prepare(text).run(...parameters).changes) })),
    all: async (text, parameters = []) =>
      attempt(() =>
        connection
          .prepare(text)
          .all(...parameters)
          .map((row) => ({ ...row })),
      ),
  };
  return {
    run: (text, parameters) => mutex.run(() => sql.run(text, parameters)),
    all: (text, parameters) => mutex.run(() => sql.all(text, parameters)),
    transaction: (work) =>
      mutex.run(async () => {
        await sql.run("BEGIN IMMEDIATE");
        try {
          const result = await work(sql);
          await sql.run("COMMIT");
          return result;
        } catch (error) {
          // SQLite may have rolled back by itself.
          await sql.run("ROLLBACK").catch(() => undefined);
          throw error;
        }
      }),
    close: () => mutex.run(async () => connection.close()),
  };
}
