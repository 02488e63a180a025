/** The file's form: settings of the connection, and the numbered migrations, which only go forward. */
import { say, verbatim } from "../errors/sentence.ts";
import { addChecks } from "./checks.ts";
import { errors } from "./errors.ts";
import { createFacts } from "./facts.ts";
import { integer, text } from "./row.ts";
import type { Database, Sql } from "./sqlite.ts";
import type { Vault } from "./vault.ts";

/** "VIGI": tells the file from any other SQLite database. */
const APPLICATION_ID = 0x56494749;

/**
 * A commit of one reading changes some five pages and writes each whole, to the log and to the file. Measured, at one reading
 * a commit: 24 kB a reading with SQLite's 4096, 16 kB with 2048, 12 kB with 1024; in a burst of 256 the same 3.4 kB.
 */
export const PAGE_BYTES = 1_024;

/** A numbered step from one version of the file to the next. `vault` opens what the older version wrote. */
type Migration = (sql: Sql, vault: () => Promise<Vault>) => Promise<void>;

/** Forward only. A step that has been released is never changed: test/fixtures/journal holds a file of each version. */
const migrations: readonly Migration[] = [
  (sql) =>
    all(sql, [
      "CREATE TABLE meta(key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID",
      // The COSE_Sign1 of each segment, as signed; never changed.
      "CREATE TABLE segment(first_seq INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL, cose BLOB NOT NULL) STRICT",
      // What can be asked without opening a body: `idem`, `device` and `person` are keyed hashes (vault.ts).
      `CREATE TABLE record(seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, day INTEGER NOT NULL,
         idem BLOB NOT NULL UNIQUE, device BLOB, person BLOB) STRICT`,
      // Bodies in their boxes, apart, so that they can be erased.
      "CREATE TABLE body(seq INTEGER PRIMARY KEY, box BLOB NOT NULL) STRICT",
      "CREATE TABLE cursor(destination TEXT PRIMARY KEY, through INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    ]),
  async (sql, vault) => {
    await all(sql, [
      // Keyed checks (vault.ts) over what the chain does not sign: a segment's index rows, and each row of the tables below.
      "ALTER TABLE segment ADD COLUMN rows_check BLOB NOT NULL DEFAULT x''",
      "ALTER TABLE cursor ADD COLUMN row_check BLOB NOT NULL DEFAULT x''",
      // How far every destination had come on a day: retention counts its days from there.
      "CREATE TABLE passed(day INTEGER PRIMARY KEY, through INTEGER NOT NULL, row_check BLOB NOT NULL) STRICT",
      // What keeps a repeat a no-op when the record itself has been pruned.
      `CREATE TABLE pruned(idem BLOB PRIMARY KEY, seq INTEGER NOT NULL, row_check BLOB NOT NULL) STRICT, WITHOUT ROWID`,
      // The changes of signing key, as signed: their records can be pruned, and the keys are still to be known.
      "CREATE TABLE rotation(seq INTEGER PRIMARY KEY, statement TEXT NOT NULL) STRICT",
    ]);
    await addChecks(sql, vault);
  },
  async (sql) => {
    await sql.run(createFacts);
  },
  // Bodies are packed from here on (contents.ts), which an older Vigie would take for damage. What is boxed stays as it is.
  async () => {},
];

async function all(sql: Sql, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await sql.run(statement);
}

/** What this version of Vigie writes. */
export const SCHEMA_VERSION = migrations.length;

export interface StorageLimits {
  /** The most that the database file may grow to, bytes. */
  readonly maxBytes: number;
}

/**
 * Sets the connection up.
 * @returns the version of the file, 0 for a new one; migrate() does the rest.
 * @throws JOURNAL_NEWER, JOURNAL_NOT_OURS, before anything is written; JOURNAL_OPEN where SQLite does not do as told.
 */
export async function prepare(database: Database, limits: StorageLimits): Promise<{ readonly version: number }> {
  const pragma = async (name: string) => (await database.all(`PRAGMA ${name}`))[0] ?? {};
  // One process, one connection: the lock is taken at the first access and kept, and no -shm file is needed.
  await database.all("PRAGMA locking_mode=EXCLUSIVE");
  const version = integer(await pragma("user_version"), "user_version");
  const applicationId = integer(await pragma("application_id"), "application_id");
  const tables = (await database.all("SELECT name FROM sqlite_schema LIMIT 1")).length;
  if (applicationId !== APPLICATION_ID && (applicationId !== 0 || tables > 0)) throw errors.JOURNAL_NOT_OURS();
  if (version > SCHEMA_VERSION) {
    throw errors.JOURNAL_NEWER({
      found: say(`version ${version}`, `version ${version}`),
      expected: say(`${SCHEMA_VERSION} au plus`, `at most ${SCHEMA_VERSION}`),
    });
  }

  // Of new files alone: a page's size is for good.
  if (version === 0) await database.all(`PRAGMA page_size=${PAGE_BYTES}`);
  await database.all("PRAGMA journal_mode=WAL");
  await database.all("PRAGMA synchronous=FULL");
  await database.all("PRAGMA secure_delete=ON");
  await database.all("PRAGMA trusted_schema=OFF");
  await database.all("PRAGMA cell_size_check=ON");
  // SQLite's own checkpoint tells nobody when the disk refuses it: checkpoints.ts makes ours.
  await database.all("PRAGMA wal_autocheckpoint=0");
  await database.all("PRAGMA journal_size_limit=4194304");
  const pageSize = integer(await pragma("page_size"), "page_size");
  // Not kept in the file: it must be said at every open. It refuses early, while DELETE still works.
  await database.all(`PRAGMA max_page_count=${Math.floor(limits.maxBytes / pageSize)}`);

  const mode = text(await pragma("journal_mode"), "journal_mode");
  const synchronous = integer(await pragma("synchronous"), "synchronous");
  if (mode !== "wal" || synchronous !== 2) {
    throw errors.JOURNAL_OPEN({
      found: verbatim(settings(mode, synchronous)),
      expected: verbatim(settings("wal", 2)),
    });
  }
  return { version };
}

/** Brings the file to this version, one transaction a step: cut in the middle, it is at the step before. */
export async function migrate(database: Database, from: number, vault: () => Promise<Vault>): Promise<void> {
  for (const [index, step] of migrations.entries()) {
    if (index < from) continue;
    await database.transaction(async (sql) => {
      await step(sql, vault);
      await sql.run(`PRAGMA application_id=${APPLICATION_ID}`);
      await sql.run(`PRAGMA user_version=${index + 1}`);
    });
  }
}

/** The text of every table and index, to be compared with what a new file of this version has. */
export async function schemaText(sql: Sql): Promise<readonly string[]> {
  const rows = await sql.all("SELECT type, name, tbl_name, coalesce(sql, '') AS sql FROM sqlite_schema ORDER BY name");
  return rows.map((row) => [text(row, "type"), text(row, "name"), text(row, "tbl_name"), text(row, "sql")].join(" "));
}

const settings = (mode: string, synchronous: number): string => `journal_mode ${mode}, synchronous ${synchronous}`;
