/**
 * Verified records as rows of one table of PostgreSQL, the body as JSONB, for the platform to read and to index as it likes.
 * A handover is one statement, and so one transaction; a repeat changes nothing.
 */
import { systemSays } from "../../errors/system.ts";
import { errors } from "../errors.ts";
import { idText } from "../id.ts";
import type { HandedRecord, Handover, Refusal, Sink } from "../port.ts";
import { openPool, type Pool, type PostgresPlace, sqlState } from "../postgres.ts";
import { jsonText, NO_JSON } from "./json.ts";
import { kindNames } from "./kinds.ts";

/** As docs/receiver.md describes it: columns may be added, and none goes or changes its meaning. */
const TABLE = `CREATE TABLE vigie_received(
  id bytea PRIMARY KEY,
  gateway text NOT NULL,
  epoch bigint NOT NULL,
  seq bigint NOT NULL,
  kind text NOT NULL,
  body jsonb NOT NULL,
  sealed_at timestamptz NOT NULL,
  clock_trusted boolean NOT NULL,
  clock_offset_ms bigint,
  received_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX vigie_received_place ON vigie_received(gateway, epoch, seq)`;
/** Two receivers that start together make it once: any constant that is nobody else's, "VIGS". */
const TABLE_LOCK = 0x56494753;
const INSERT = `INSERT INTO vigie_received(gateway, epoch, sealed_at, clock_trusted, seq, id, kind, body)
  SELECT $1, $2, to_timestamp($3::float8 / 1000), $4, seq, id, kind, body::jsonb
  FROM unnest($5::bigint[], $6::bytea[], $7::text[], $8::text[]) AS handed(seq, id, kind, body)
  ON CONFLICT (id) DO NOTHING`;
const REDATE = `UPDATE vigie_received SET clock_offset_ms=$1
  WHERE gateway=$2 AND epoch=$3 AND seq BETWEEN $4 AND $5 AND NOT clock_trusted`;
/** SQLSTATE class 22, data exception: JSON that JSONB cannot hold (a NUL in a text, half a surrogate pair). */
const DATA_EXCEPTION = /^22/;
const SESSIONS = 4;

type Row = Pick<HandedRecord, "seq" | "id"> & { readonly kind: string; readonly body: string };

/** Makes the table where it is not there. @throws RECEIVER_SINK_OPEN */
export async function postgresSink(place: PostgresPlace): Promise<Sink & AsyncDisposable> {
  const pool = openPool(place, SESSIONS);
  try {
    await makeTable(pool);
  } catch (cause) {
    await pool.end();
    throw errors.RECEIVER_SINK_OPEN({ found: systemSays(cause), cause });
  }
  return {
    hand: (handover) => insert(pool, handover),
    async redate({ gateway, ranges }) {
      for (const { epoch, firstSeq, lastSeq, offsetMs } of ranges) {
        await pool.query(REDATE, [offsetMs, gateway, epoch, firstSeq, lastSeq]);
      }
    },
    [Symbol.asyncDispose]: () => pool.end(),
  };
}

async function makeTable(pool: Pool): Promise<void> {
  const session = await pool.connect();
  try {
    await session.query("SELECT pg_advisory_lock($1)", [TABLE_LOCK]);
    const { rows } = await session.query("SELECT to_regclass('vigie_received') IS NULL AS missing");
    // Asked first, because a user who may only insert may not say CREATE either, IF NOT EXISTS or not.
    if (rows[0]?.missing === true) await session.query(TABLE);
  } finally {
    session.release(true);
  }
}

async function insert(pool: Pool, handover: Handover): Promise<readonly Refusal[]> {
  const refusals: Refusal[] = [];
  const rows: Row[] = [];
  for (const { seq, id, kind, body } of handover.records) {
    const text = jsonText(body);
    if (text === undefined) refusals.push({ seq, reason: NO_JSON });
    else rows.push({ seq, id, kind: kindNames[kind], body: text });
  }
  return [...refusals, ...(await insertRows(pool, handover, rows))];
}

/** One row that JSONB cannot hold fails them all: then each half by itself, until it is found. */
async function insertRows(pool: Pool, handover: Handover, rows: readonly Row[]): Promise<readonly Refusal[]> {
  const [first] = rows;
  if (first === undefined) return [];
  const { gateway, epoch, sealed } = handover;
  try {
    await pool.query(INSERT, [
      gateway,
      epoch,
      sealed.atMs,
      sealed.isTrusted,
      rows.map(({ seq }) => seq),
      rows.map(({ id }) => `\\x${idText(id)}`),
      rows.map(({ kind }) => kind),
      rows.map(({ body }) => body),
    ]);
    return [];
  } catch (error) {
    const state = sqlState(error) ?? "";
    if (!DATA_EXCEPTION.test(state)) throw error;
    if (rows.length === 1) return [{ seq: first.seq, reason: `JSONB cannot hold the body (${state})` }];
    const middle = Math.ceil(rows.length / 2);
    return [
      ...(await insertRows(pool, handover, rows.slice(0, middle))),
      ...(await insertRows(pool, handover, rows.slice(middle))),
    ];
  }
}
