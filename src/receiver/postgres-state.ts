/**
 * The receiver's state in PostgreSQL, shared by as many receivers as take the feed. One of them at a time works on a
 * gateway: an advisory lock of its own session says which, and goes with the session where a receiver dies.
 *
 * A segment costs three round trips: lock and read, ask for ids, write. Unlocking is not waited for.
 */
import { isVigieError } from "../errors/error.ts";
import { say } from "../errors/sentence.ts";
import { systemSays } from "../errors/system.ts";
import { errors } from "./errors.ts";
import { idText } from "./id.ts";
import { KeyedQueue } from "./keyed-queue.ts";
import type { EntryChange, GatewayEntry, ReceiverState } from "./port.ts";
import { literal, openPool, type Pool, type PostgresPlace, runAll, type Session } from "./postgres.ts";
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

/** Guards the migrations, and with a gateway's hash that gateway; any constant that is nobody else's: "VIGR". */
const LOCK = 0x56494752;
/** Gateways worked on at once by this receiver. */
const SESSIONS = 8;

const migrations: readonly string[] = [
  `CREATE TABLE vigie_epoch(gateway text, epoch bigint, last_seq bigint NOT NULL, hash bytea NOT NULL,
     exceptions text NOT NULL, PRIMARY KEY(gateway, epoch));
   CREATE TABLE vigie_segment(gateway text, epoch bigint, first_seq bigint, hash bytea NOT NULL,
     PRIMARY KEY(gateway, epoch, first_seq));
   CREATE TABLE vigie_record(gateway text, id bytea, PRIMARY KEY(gateway, id));`,
  // As in ./sqlite-state.ts.
  `CREATE TABLE vigie_rotation(n bigserial PRIMARY KEY, gateway text NOT NULL, epoch bigint NOT NULL, seq bigint NOT NULL,
     kid text NOT NULL, statement text NOT NULL, UNIQUE(gateway, epoch, seq, kid));
   CREATE INDEX vigie_rotation_kid ON vigie_rotation(kid);
   CREATE TABLE vigie_undated(gateway text, epoch bigint, first_seq bigint, last_seq bigint NOT NULL, boot text NOT NULL,
     monotonic_ms bigint NOT NULL, sealed_at_ms bigint NOT NULL, PRIMARY KEY(gateway, epoch, first_seq));`,
];

/** @throws RECEIVER_STATE_OPEN, RECEIVER_STATE_NEWER */
export async function postgresState(place: PostgresPlace): Promise<ReceiverState> {
  const pool = openPool(place, SESSIONS);
  try {
    await migrate(pool);
  } catch (cause) {
    await pool.end();
    throw isVigieError(cause) ? cause : errors.RECEIVER_STATE_OPEN({ found: systemSays(cause), cause });
  }
  // Waiting for a gateway is done here, not in sessions that others could use.
  const queue = new KeyedQueue();
  return {
    isShared: true,
    async rotationsTo(kid) {
      const query = `SELECT gateway, epoch, seq, statement FROM vigie_rotation
        WHERE gateway IN (SELECT gateway FROM vigie_rotation WHERE kid=$1) ORDER BY n`;
      return gatewayRotationsIn((await pool.query(query, [kid])).rows);
    },
    async positions(gateway) {
      const query = "SELECT epoch, last_seq FROM vigie_epoch WHERE gateway=$1 ORDER BY epoch";
      return positionsIn((await pool.query(query, [gateway])).rows);
    },
    exclusively: (gateway, epoch, work) => queue.run(gateway, () => locked(pool, gateway, epoch, work)),
    [Symbol.asyncDispose]: () => pool.end(),
  };
}

async function locked<T>(
  pool: Pool,
  gateway: string,
  epoch: number,
  work: (entry: GatewayEntry) => Promise<T>,
): Promise<T> {
  const session = await pool.connect();
  // A session that the server ends also fails the query under way, which is where it is told.
  session.on("error", ignore);
  const release = (isWhole: boolean): void => {
    session.off("error", ignore);
    // Whatever went wrong, the lock goes with the session.
    session.release(!isWhole);
  };
  try {
    const result = await work(await lockAndRead(session, gateway, epoch));
    session.query("SELECT pg_advisory_unlock($1, hashtext($2))", [LOCK, gateway]).then(
      () => release(true),
      () => release(false),
    );
    return result;
  } catch (error) {
    release(false);
    throw error;
  }
}

/** Each of the statements sees what was committed before it began: what is read is what stands once the lock is ours. */
async function lockAndRead(session: Session, gateway: string, epoch: number): Promise<GatewayEntry> {
  const who = literal(gateway);
  const [, standings, others, learned] = await runAll(session, [
    `SELECT pg_advisory_lock(${LOCK}, hashtext(${who}))`,
    `SELECT last_seq, hash, exceptions FROM vigie_epoch WHERE gateway=${who} AND epoch=${epoch}`,
    `SELECT count(*) AS count FROM vigie_epoch WHERE gateway=${who} AND epoch<>${epoch}`,
    `SELECT epoch, seq, statement FROM vigie_rotation WHERE gateway=${who} ORDER BY n`,
  ]);
  const rows = async (text: string, values: readonly unknown[]): Promise<readonly unknown[]> =>
    (await session.query(text, [...values])).rows;
  let standing = standingIn(standings ?? [], epoch);
  let rotations = rotationsIn(learned ?? []);
  return {
    get head() {
      return standing?.head;
    },
    get exceptions() {
      return standing?.exceptions ?? [];
    },
    get rotations() {
      return rotations;
    },
    hasOtherEpoch: countIn(others ?? []) > 0,
    async known(ids) {
      if (ids.length === 0) return new Set();
      const query = "SELECT id FROM vigie_record WHERE gateway=$1 AND id = ANY($2::bytea[])";
      return new Set(idsIn(await rows(query, [gateway, ids.map(buffer)])).map(idText));
    },
    async segmentAt(firstSeq) {
      const query = "SELECT hash FROM vigie_segment WHERE gateway=$1 AND epoch=$2 AND first_seq=$3";
      return hashIn(await rows(query, [gateway, epoch, firstSeq]));
    },
    async undated(bootId) {
      const query = "SELECT * FROM vigie_undated WHERE gateway=$1 AND boot=$2 ORDER BY monotonic_ms";
      return undatedIn(await rows(query, [gateway, bootId]));
    },
    async keepAhead(ids) {
      if (ids.length === 0) return;
      const query = "INSERT INTO vigie_record SELECT $1, unnest($2::bytea[]) ON CONFLICT DO NOTHING";
      await session.query(query, [gateway, ids.map(buffer)]);
    },
    async keep(change) {
      await write(session, { gateway, epoch, expected: standing?.head.lastSeq ?? 0 }, change);
      standing = { head: change.head, exceptions: change.exceptions };
      rotations = [...rotations, ...(change.rotations ?? [])];
    },
  };
}

interface Standpoint {
  readonly gateway: string;
  readonly epoch: number;
  /** Where the chain stood when the lock was taken: a session that lost its lock unnoticed writes nothing. */
  readonly expected: number;
}

/**
 * One statement, and so one transaction: everything in it hangs on the chain standing where it stood. It is not prepared by
 * name: a plan that was made while the tables were empty reads them from end to end when they are full.
 */
const WRITE = `WITH held AS (
    INSERT INTO vigie_epoch AS held VALUES($1,$2,$3,$4,$5) ON CONFLICT(gateway, epoch) DO UPDATE
      SET last_seq=excluded.last_seq, hash=excluded.hash, exceptions=excluded.exceptions WHERE held.last_seq=$6
    RETURNING 1),
  segment AS (INSERT INTO vigie_segment SELECT $1,$2,$7::bigint,$4 FROM held WHERE $7::bigint IS NOT NULL),
  record AS (INSERT INTO vigie_record SELECT $1, unnest($8::bytea[]) FROM held ON CONFLICT DO NOTHING)
  SELECT count(*) AS count FROM held`;

async function write(session: Session, standpoint: Standpoint, change: EntryChange): Promise<void> {
  const { rotations = [], undated, dated } = change;
  // What comes once in a gateway's life has statements of its own.
  if (rotations.length === 0 && undated === undefined && dated === undefined) {
    return writeChain(session, standpoint, change);
  }
  await session.query("BEGIN");
  await writeChain(session, standpoint, change);
  await writeBeside(session, standpoint.gateway, change);
  await session.query("COMMIT");
}

async function writeChain(
  session: Session,
  { gateway, epoch, expected }: Standpoint,
  { head, firstSeq, ids, exceptions }: EntryChange,
): Promise<void> {
  const place = [gateway, epoch, head.lastSeq, buffer(head.hash), JSON.stringify(exceptions), expected];
  const values = [...place, firstSeq ?? null, ids.map(buffer)];
  const { rows } = await session.query(WRITE, values);
  if (countIn(rows) !== 1) throw errors.RECEIVER_OVERTAKEN();
}

async function writeBeside(
  session: Session,
  gateway: string,
  { rotations = [], undated, dated }: EntryChange,
): Promise<void> {
  for (const { epoch, seq, statement } of rotations) {
    const row = [gateway, epoch, seq, kidOfStatement(statement), statement];
    await session.query("INSERT INTO vigie_rotation(gateway, epoch, seq, kid, statement) VALUES($1,$2,$3,$4,$5)", row);
  }
  if (dated !== undefined)
    await session.query("DELETE FROM vigie_undated WHERE gateway=$1 AND boot=$2", [gateway, dated]);
  if (undated === undefined) return;
  const { epoch, firstSeq, lastSeq, bootId, monotonicMs, sealedAtMs } = undated;
  await session.query(
    `INSERT INTO vigie_undated VALUES($1,$2,$3,$4,$5,$6,$7)
       ON CONFLICT(gateway, epoch, first_seq) DO UPDATE SET last_seq=excluded.last_seq`,
    [gateway, epoch, firstSeq, lastSeq, bootId, monotonicMs, sealedAtMs],
  );
}

async function migrate(pool: Pool): Promise<void> {
  const session = await pool.connect();
  try {
    await session.query("SELECT pg_advisory_lock($1)", [LOCK]);
    await session.query("CREATE TABLE IF NOT EXISTS vigie_receiver(version int NOT NULL)");
    const { rows } = await session.query("SELECT coalesce(max(version), 0) AS count FROM vigie_receiver");
    const version = countIn(rows);
    if (version > migrations.length) {
      throw errors.RECEIVER_STATE_NEWER({ found: say(`version ${version}`, `version ${version}`) });
    }
    for (const [index, statements] of migrations.entries()) {
      if (index < version) continue;
      await session.query("BEGIN");
      await session.query(statements);
      await session.query("INSERT INTO vigie_receiver VALUES($1)", [index + 1]);
      await session.query("COMMIT");
    }
  } finally {
    session.release(true);
  }
}

const ignore = (): void => undefined;

const buffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
