/**
 * SQLite behind one small port, so that another binding can take its place. `sqlite3` is asynchronous: an fsync on a
 * memory card takes tens of milliseconds and must not stop the event loop while a device is talking.
 *
 * Two traps of the package are the reason for the mutex: `serialize()` does not order prepared statements, and one
 * caller's ROLLBACK undoes another's INSERT on the same connection. Here every statement, also a single read, waits for
 * the transaction before it, so nobody sees what is not committed.
 */
import sqlite3 from "sqlite3";
import { Mutex } from "./mutex.ts";

export type SqlValue = number | string | Uint8Array | null;
export type Row = Readonly<Record<string, unknown>>;

/** Statements inside one transaction. */
export interface Sql {
  run(sql: string, parameters?: readonly SqlValue[]): Promise<{ readonly changes: number }>;
  all(sql: string, parameters?: readonly SqlValue[]): Promise<readonly Row[]>;
}

export interface Database extends Sql {
  /** Runs `work` between BEGIN IMMEDIATE and COMMIT; rolls back and throws what it threw. Nobody else runs meanwhile. */
  transaction<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/** @param file a path, or `:memory:`. @throws the binding's error, whose `code` is SQLite's (`SQLITE_CANTOPEN`). */
export async function openDatabase(file: string): Promise<Database> {
  const connection = await new Promise<sqlite3.Database>((resolve, reject) => {
    const opening: sqlite3.Database = new sqlite3.Database(file, (error) => (error ? reject(error) : resolve(opening)));
  });
  const mutex = new Mutex();

  const sql: Sql = {
    run: (text, parameters = []) =>
      new Promise((resolve, reject) => {
        connection.run(text, parameters, function (error) {
          if (error) reject(error);
          else resolve({ changes: this.changes });
        });
      }),
    all: (text, parameters = []) =>
      new Promise((resolve, reject) => {
        connection.all<Row>(text, parameters, (error, rows) => (error ? reject(error) : resolve(rows)));
      }),
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
          // Where SQLite has rolled back by itself (a full disk), there is nothing left to roll back: its refusal to do it
          // twice says nothing new. What matters is the error that brought us here.
          await sql.run("ROLLBACK").catch(() => undefined);
          throw error;
        }
      }),
    close: () =>
      mutex.run(
        () => new Promise<void>((resolve, reject) => connection.close((error) => (error ? reject(error) : resolve()))),
      ),
  };
}

/** SQLite's own code of an error (`SQLITE_FULL`), or undefined where it is none of SQLite's. */
export function sqliteCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" && error.code.startsWith("SQLITE_") ? error.code : undefined;
}
