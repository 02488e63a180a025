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
  const statements = new Statements(connection);

  const sql: Sql = {
    run: (text, parameters = []) =>
      statements.use(
        text,
        (statement) =>
          new Promise((resolve, reject) => {
            statement.run(parameters, function (error) {
              if (error) reject(error);
              else resolve({ changes: this.changes });
            });
          }),
      ),
    all: (text, parameters = []) =>
      statements.use(
        text,
        (statement) =>
          new Promise((resolve, reject) => {
            statement.all<Row>(parameters, (error, rows) => (error ? reject(error) : resolve(rows)));
          }),
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
          // Where SQLite has rolled back by itself (a full disk), there is nothing left to roll back: its refusal to do it
          // twice says nothing new. What matters is the error that brought us here.
          await sql.run("ROLLBACK").catch(() => undefined);
          throw error;
        }
      }),
    close: () =>
      mutex.run(async () => {
        await statements.forget();
        await new Promise<void>((resolve, reject) => connection.close((error) => (error ? reject(error) : resolve())));
      }),
  };
}

/** Of a commit of one reading, and what delivery asks for it, there are some ten. */
const MOST_STATEMENTS = 32;
/** Some 15 rows of the index: of more, preparing is a small share, and how many there are is seldom the same twice. */
const LONGEST_STATEMENT = 400;

/**
 * Statements that are asked for again are prepared once: to prepare one is a turn of its own in the thread pool, and takes
 * longer than to run it. Used one at a time, under the mutex.
 */
class Statements {
  readonly #connection: sqlite3.Database;
  /** The one that was not used for longest is the first. */
  readonly #prepared = new Map<string, sqlite3.Statement>();

  constructor(connection: sqlite3.Database) {
    this.#connection = connection;
  }

  async use<Result>(text: string, work: (statement: sqlite3.Statement) => Promise<Result>): Promise<Result> {
    const statement = this.#prepared.get(text) ?? (await this.#prepare(text));
    this.#prepared.delete(text);
    // A pragma may do its work while it is being prepared: it is prepared each time.
    if (text.length > LONGEST_STATEMENT || text.startsWith("PRAGMA")) {
      try {
        return await work(statement);
      } finally {
        await finalized(statement);
      }
    }
    this.#prepared.set(text, statement);
    const [oldest] = this.#prepared;
    if (oldest !== undefined && this.#prepared.size > MOST_STATEMENTS) {
      this.#prepared.delete(oldest[0]);
      await finalized(oldest[1]);
    }
    return work(statement);
  }

  /** A connection with statements left does not close. */
  async forget(): Promise<void> {
    for (const statement of this.#prepared.values()) await finalized(statement);
    this.#prepared.clear();
  }

  #prepare(text: string): Promise<sqlite3.Statement> {
    return new Promise((resolve, reject) => {
      const statement = this.#connection.prepare(text, (error: Error | null) =>
        error ? reject(error) : resolve(statement),
      );
    });
  }
}

const finalized = (statement: sqlite3.Statement) => new Promise<void>((resolve) => statement.finalize(() => resolve()));

/** SQLite's own code of an error (`SQLITE_FULL`), or undefined where it is none of SQLite's. */
export function sqliteCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" && error.code.startsWith("SQLITE_") ? error.code : undefined;
}
