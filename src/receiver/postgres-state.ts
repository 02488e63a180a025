/**
 * The receiver's state in PostgreSQL, shared by as many receivers as take the feed. One of them at a time works on a
 * gateway: an advisory lock of its own session says which, and goes with the session where a receiver dies.
 */
import { isVigieError } from "../errors/error.ts";
import { say } from "../errors/sentence.ts";
import { systemSays } from "../errors/system.ts";
import type { RecordId } from "../seal/record.ts";
import { errors } from "./errors.ts";
import { idText } from "./id.ts";
import { KeyedQueue } from "./keyed-queue.ts";
import type { EntryChange, GatewayEntry, ReceiverState } from "./port.ts";
import { openPool, type Pool, type PostgresPlace, type Session } from "./postgres.ts";
import { countIn, hashIn, idsIn, standingIn } from "./row.ts";

/** Guards the migrations; any constant that is nobody else's: "VIGR". */
const MIGRATION_LOCK = 0x56494752;
/** Gateways worked on at once by this receiver. */
const SESSIONS = 8;

const migrations: readonly string[] = [
  `CREATE TABLE vigie_epoch(gateway text, epoch bigint, last_seq bigint NOT NULL, hash bytea NOT NULL,
     exceptions text NOT NULL, PRIMARY KEY(gateway, epoch));
   CREATE TABLE vigie_segment(gateway text, epoch bigint, first_seq bigint, hash bytea NOT NULL,
     PRIMARY KEY(gateway, epoch, first_seq));
   CREATE TABLE vigie_record(gateway text, id bytea, PRIMARY KEY(gateway, id));`,
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
    exclusively: (gateway, epoch, work) =>
      queue.run(gateway, () =>
        locked(pool, gateway, async (session) => work(await readEntry(session, gateway, epoch))),
      ),
    [Symbol.asyncDispose]: () => pool.end(),
  };
}

async function locked<T>(pool: Pool, gateway: string, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await pool.connect();
  // A session that the server ends also fails the query under way, which is where it is told.
  session.on("error", ignore);
  let isWhole = false;
  try {
    await session.query("SELECT pg_advisory_lock($1, hashtext($2))", [MIGRATION_LOCK, gateway]);
    const result = await work(session);
    await session.query("SELECT pg_advisory_unlock($1, hashtext($2))", [MIGRATION_LOCK, gateway]);
    isWhole = true;
    return result;
  } finally {
    // Whatever went wrong, the lock goes with the session.
    session.off("error", ignore);
    session.release(!isWhole);
  }
}

async function readEntry(session: Session, gateway: string, epoch: number): Promise<GatewayEntry> {
  const rows = async (text: string, values: readonly unknown[]): Promise<readonly unknown[]> =>
    (await session.query(text, [...values])).rows;
  const place = [gateway, epoch];
  const read = "SELECT last_seq, hash, exceptions FROM vigie_epoch WHERE gateway=$1 AND epoch=$2";
  let standing = standingIn(await rows(read, place), epoch);
  const others = "SELECT count(*) AS count FROM vigie_epoch WHERE gateway=$1 AND epoch<>$2";
  const hasOtherEpoch = standing === undefined && countIn(await rows(others, place)) > 0;
  return {
    get head() {
      return standing?.head;
    },
    get exceptions() {
      return standing?.exceptions ?? [];
    },
    hasOtherEpoch,
    async known(ids) {
      const query = "SELECT id FROM vigie_record WHERE gateway=$1 AND id = ANY($2::bytea[])";
      return new Set(idsIn(await rows(query, [gateway, ids.map(buffer)])).map(idText));
    },
    async segmentAt(firstSeq) {
      const query = "SELECT hash FROM vigie_segment WHERE gateway=$1 AND epoch=$2 AND first_seq=$3";
      return hashIn(await rows(query, [...place, firstSeq]));
    },
    async keepAhead(ids) {
      await keepIds(session, gateway, ids);
    },
    async keep(change) {
      await session.query("BEGIN");
      await write(session, gateway, epoch, standing?.head.lastSeq ?? 0, change);
      await session.query("COMMIT");
      standing = { head: change.head, exceptions: change.exceptions };
    },
  };
}

/** @param expected where the chain stood when the lock was taken: a session that lost its lock unnoticed writes nothing. */
async function write(
  session: Session,
  gateway: string,
  epoch: number,
  expected: number,
  { head, firstSeq, ids, exceptions }: EntryChange,
): Promise<void> {
  const { rowCount } = await session.query(
    `INSERT INTO vigie_epoch AS held VALUES($1,$2,$3,$4,$5) ON CONFLICT(gateway, epoch) DO UPDATE
       SET last_seq=excluded.last_seq, hash=excluded.hash, exceptions=excluded.exceptions WHERE held.last_seq=$6`,
    [gateway, epoch, head.lastSeq, buffer(head.hash), JSON.stringify(exceptions), expected],
  );
  if (rowCount !== 1) throw errors.RECEIVER_OVERTAKEN();
  if (firstSeq !== undefined) {
    const segment = [gateway, epoch, firstSeq, buffer(head.hash)];
    await session.query("INSERT INTO vigie_segment VALUES($1,$2,$3,$4)", segment);
  }
  await keepIds(session, gateway, ids);
}

async function keepIds(session: Session, gateway: string, ids: readonly RecordId[]): Promise<void> {
  if (ids.length === 0) return;
  const records = "INSERT INTO vigie_record SELECT $1, unnest($2::bytea[]) ON CONFLICT DO NOTHING";
  await session.query(records, [gateway, ids.map(buffer)]);
}

async function migrate(pool: Pool): Promise<void> {
  const session = await pool.connect();
  try {
    await session.query("SELECT pg_advisory_lock($1)", [MIGRATION_LOCK]);
    await session.query("CREATE TABLE IF NOT EXISTS vigie_receiver(version int NOT NULL)");
    const version = countIn(
      (
        await session.query(
          "SELECT max(version) AS count FROM vigie_receiver WHERE version IS NOT NULL HAVING max(version) IS NOT NULL",
        )
      ).rows,
    );
    if (version > migrations.length)
      throw errors.RECEIVER_STATE_NEWER({ found: say(`version ${version}`, `version ${version}`) });
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
