/**
 * The receiver's state in one SQLite file, for one receiver: the file is locked while it is open. Every keep() is a
 * transaction with `synchronous=FULL`, because a receipt follows it.
 */
import { isVigieError } from "../errors/error.ts";
import { say, verbatim } from "../errors/sentence.ts";
import { systemSays } from "../errors/system.ts";
import { type Database, openDatabase, type Sql, type SqlValue } from "../journal/sqlite.ts";
import type { RecordId } from "../seal/record.ts";
import { errors } from "./errors.ts";
import { idText } from "./id.ts";
import { KeyedQueue } from "./keyed-queue.ts";
import type { EntryChange, GatewayEntry, ReceiverState } from "./port.ts";
import {
  countIn,
  gatewayRotationsIn,
  hashIn,
  idsIn,
  kidOfStatement,
  positionsIn,
  rotationsIn,
  standingIn,
  undatedIn,
} from "./row.ts";

/** "VIGR": tells the file from a journal and from anything else. */
const APPLICATION_ID = 0x56494752;

const migrations: readonly (readonly string[])[] = [
  [
    // Where the chain of each epoch stands, and what of it was refused (JSON).
    `CREATE TABLE epoch(gateway TEXT, epoch INTEGER, last_seq INTEGER NOT NULL, hash BLOB NOT NULL,
       exceptions TEXT NOT NULL, PRIMARY KEY(gateway, epoch)) STRICT, WITHOUT ROWID`,
    // Which segment stands where: tells a repeat from a second history.
    `CREATE TABLE segment(gateway TEXT, epoch INTEGER, first_seq INTEGER, hash BLOB NOT NULL,
       PRIMARY KEY(gateway, epoch, first_seq)) STRICT, WITHOUT ROWID`,
    // What was handed over.
    "CREATE TABLE record(gateway TEXT, id BLOB, PRIMARY KEY(gateway, id)) STRICT, WITHOUT ROWID",
  ],
  [
    // Changes of key: the row number is the order they were learned in, kid the key that each leads to.
    `CREATE TABLE rotation(n INTEGER PRIMARY KEY, gateway TEXT NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,
       kid TEXT NOT NULL, statement TEXT NOT NULL, UNIQUE(gateway, epoch, seq, kid)) STRICT`,
    "CREATE INDEX rotation_kid ON rotation(kid)",
    // What was sealed by a clock that was wrong, until an anchor dates it.
    `CREATE TABLE undated(gateway TEXT, epoch INTEGER, first_seq INTEGER, last_seq INTEGER NOT NULL, boot TEXT NOT NULL,
       monotonic_ms INTEGER NOT NULL, sealed_at_ms INTEGER NOT NULL, PRIMARY KEY(gateway, epoch, first_seq))
       STRICT, WITHOUT ROWID`,
  ],
];

/** @throws RECEIVER_STATE_OPEN, RECEIVER_STATE_NEWER */
export async function sqliteState(file: string): Promise<ReceiverState> {
  let database: Database | undefined;
  try {
    database = await openDatabase(file);
    await prepare(database);
  } catch (cause) {
    await database?.close();
    throw isVigieError(cause)
      ? cause
      : errors.RECEIVER_STATE_OPEN({ where: verbatim(file), found: systemSays(cause), cause });
  }
  return stateIn(database);
}

function stateIn(database: Database): ReceiverState {
  const queue = new KeyedQueue();
  return {
    isShared: false,
    async rotationsTo(kid) {
      const query = `SELECT gateway, epoch, seq, statement FROM rotation
        WHERE gateway IN (SELECT gateway FROM rotation WHERE kid=?) ORDER BY n`;
      return gatewayRotationsIn(await database.all(query, [kid]));
    },
    async positions(gateway) {
      const query = "SELECT epoch, last_seq FROM epoch WHERE gateway=? ORDER BY epoch";
      return positionsIn(await database.all(query, [gateway]));
    },
    exclusively: (gateway, epoch, work) =>
      queue.run(gateway, async () => work(await readEntry(database, gateway, epoch))),
    [Symbol.asyncDispose]: () => database.close(),
  };
}

async function readEntry(database: Database, gateway: string, epoch: number): Promise<GatewayEntry> {
  const place = [gateway, epoch];
  const read = await database.all("SELECT last_seq, hash, exceptions FROM epoch WHERE gateway=? AND epoch=?", place);
  let standing = standingIn(read, epoch);
  const others = "SELECT count(*) AS count FROM epoch WHERE gateway=? AND epoch<>?";
  const hasOtherEpoch = standing === undefined && countIn(await database.all(others, place)) > 0;
  const learned = "SELECT epoch, seq, statement FROM rotation WHERE gateway=? ORDER BY n";
  let rotations = rotationsIn(await database.all(learned, [gateway]));
  return {
    get rotations() {
      return rotations;
    },
    async undated(bootId) {
      const query = "SELECT * FROM undated WHERE gateway=? AND boot=? ORDER BY monotonic_ms";
      return undatedIn(await database.all(query, [gateway, bootId]));
    },
    get head() {
      return standing?.head;
    },
    get exceptions() {
      return standing?.exceptions ?? [];
    },
    hasOtherEpoch,
    async known(ids) {
      if (ids.length === 0) return new Set();
      const query = `SELECT id FROM record WHERE gateway=? AND id IN (${ids.map(() => "?").join()})`;
      return new Set(idsIn(await database.all(query, [gateway, ...ids])).map(idText));
    },
    async segmentAt(firstSeq) {
      const query = "SELECT hash FROM segment WHERE gateway=? AND epoch=? AND first_seq=?";
      return hashIn(await database.all(query, [...place, firstSeq]));
    },
    async keepAhead(ids) {
      await keepIds(database, gateway, ids);
    },
    async keep(change) {
      await database.transaction((sql) => write(sql, gateway, epoch, change));
      standing = { head: change.head, exceptions: change.exceptions };
      rotations = [...rotations, ...(change.rotations ?? [])];
    },
  };
}

async function write(sql: Sql, gateway: string, epoch: number, change: EntryChange): Promise<void> {
  const { head, firstSeq, ids, exceptions, rotations = [], undated, dated } = change;
  await sql.run("INSERT OR REPLACE INTO epoch VALUES(?,?,?,?,?)", [
    gateway,
    epoch,
    head.lastSeq,
    head.hash,
    JSON.stringify(exceptions),
  ]);
  if (firstSeq !== undefined) {
    await sql.run("INSERT INTO segment VALUES(?,?,?,?)", [gateway, epoch, firstSeq, head.hash]);
  }
  await keepIds(sql, gateway, ids);
  for (const one of rotations) {
    const row = [gateway, one.epoch, one.seq, kidOfStatement(one.statement), one.statement];
    await sql.run("INSERT INTO rotation(gateway, epoch, seq, kid, statement) VALUES(?,?,?,?,?)", row);
  }
  if (dated !== undefined) await sql.run("DELETE FROM undated WHERE gateway=? AND boot=?", [gateway, dated]);
  if (undated !== undefined) {
    const { firstSeq: first, lastSeq, bootId, monotonicMs, sealedAtMs } = undated;
    const row = [gateway, undated.epoch, first, lastSeq, bootId, monotonicMs, sealedAtMs];
    await sql.run("INSERT OR REPLACE INTO undated VALUES(?,?,?,?,?,?,?)", row);
  }
}

async function keepIds(sql: Sql, gateway: string, ids: readonly RecordId[]): Promise<void> {
  if (ids.length === 0) return;
  const values = ids.flatMap((id): SqlValue[] => [gateway, id]);
  await sql.run(`INSERT OR IGNORE INTO record VALUES${ids.map(() => "(?,?)").join()}`, values);
}

async function prepare(database: Database): Promise<void> {
  await database.all("PRAGMA locking_mode=EXCLUSIVE");
  const version = await pragma(database, "user_version");
  const applicationId = await pragma(database, "application_id");
  if (applicationId !== APPLICATION_ID && (applicationId !== 0 || version !== 0)) {
    throw errors.RECEIVER_STATE_DAMAGED({
      found: say("le fichier d'un autre programme", "another application's file"),
    });
  }
  if (version > migrations.length)
    throw errors.RECEIVER_STATE_NEWER({ found: say(`version ${version}`, `version ${version}`) });
  await database.all("PRAGMA journal_mode=WAL");
  await database.all("PRAGMA synchronous=FULL");
  for (const [index, statements] of migrations.entries()) {
    if (index < version) continue;
    await database.transaction(async (sql) => {
      for (const statement of statements) await sql.run(statement);
      await sql.run(`PRAGMA application_id=${APPLICATION_ID}`);
      await sql.run(`PRAGMA user_version=${index + 1}`);
    });
  }
}

async function pragma(database: Database, name: string): Promise<number> {
  return countIn(await database.all(`SELECT ${name} AS count FROM pragma_${name}`));
}
