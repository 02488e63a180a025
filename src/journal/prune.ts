/**
 * Prunes whole segments from the beginning of the chain, behind a checkpoint: an audit record, sealed in the chain like any
 * other, that says how far and names the hash which the first remaining segment follows. What remains verifies from there.
 */
import { say } from "../errors/sentence.ts";
import { chainStatement, checkpointBody } from "../seal/checkpoint.ts";
import { isWithheld, RecordKind } from "../seal/record.ts";
import { hashOf } from "../seal/segment.ts";
import { prunedCheck } from "./checks.ts";
import { auditOf } from "./erasure.ts";
import type { JournalState } from "./identity.ts";
import type { StoredSegment } from "./port.ts";
import { type Damaged, readSegments } from "./reader.ts";
import { blob, integer, text } from "./row.ts";
import type { Sql } from "./sqlite.ts";
import type { Store } from "./store.ts";
import { CHECK_BYTES } from "./vault.ts";

/** Where the sequence number of the newest checkpoint is kept. */
export const CHECKPOINT = "checkpoint";

/** @param bound every destination has been past it for long enough. @returns how far the chain is pruned now. */
export async function prune(store: Store, bound: number): Promise<number> {
  const { database, state } = store;
  const pruned = await prunedThrough(database, state.lastSeq);
  const last = await lastWhole(database, await beforeLiveBodies(database, bound));
  if (last === undefined || last.through <= pruned) return pruned;

  const { through, hash } = last;
  const rotations = state.rotations.map(({ statement }) => statement);
  const about = `checkpoint ${state.epoch} ${through}`;
  const { seq } = await store.append({ ...auditOf(about, {}), body: checkpointBody(through, hash, rotations) });
  await database.run(
    `INSERT INTO meta(key, value) VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value`,
    [CHECKPOINT, Buffer.from(String(seq))],
  );
  while (await database.transaction((sql) => dropFirst(sql, store, through))) {
    // One segment, at most 256 records, between two appends.
    store.goOn();
  }
  await database.all("PRAGMA wal_checkpoint(TRUNCATE)");
  return through;
}

/** The segment of the newest checkpoint: what somebody who begins after the prune has to see first. */
export async function checkpointSegment(
  sql: Sql,
  state: JournalState,
  damaged: Damaged,
): Promise<StoredSegment | undefined> {
  const [row] = await sql.all("SELECT CAST(value AS TEXT) AS seq FROM meta WHERE key = ?", [CHECKPOINT]);
  if (row === undefined) return undefined;
  const fromSeq = Number(text(row, "seq"));
  const [segment] = await readSegments(sql, state, { fromSeq, maxRecords: 1 }, damaged);
  const records = segment?.records ?? [];
  const isCheckpoint = records.some(
    (record) => !isWithheld(record) && chainStatement(record.body)?.type === "checkpoint",
  );
  if (!isCheckpoint)
    damaged(
      fromSeq,
      say("le dernier point de contrôle n'est pas à sa place", "the newest checkpoint is not where it was said to be"),
    );
  return isCheckpoint ? segment : undefined;
}

async function prunedThrough(sql: Sql, lastSeq: number): Promise<number> {
  const [first] = await sql.all("SELECT first_seq FROM segment ORDER BY first_seq LIMIT 1");
  return first === undefined ? lastSeq : integer(first, "first_seq") - 1;
}

/** A body that is still to be had keeps its segment, and all behind it: an open quarantine, for instance. */
async function beforeLiveBodies(sql: Sql, bound: number): Promise<number> {
  const [live] = await sql.all(
    `SELECT record.seq AS seq FROM record JOIN body ON body.seq = record.seq
     WHERE record.seq <= ? AND kind <> ? AND length(box) > ? ORDER BY record.seq LIMIT 1`,
    [bound, RecordKind.audit, CHECK_BYTES],
  );
  return live === undefined ? bound : Math.min(bound, integer(live, "seq") - 1);
}

/** The last segment that ends at or before the bound. */
async function lastWhole(sql: Sql, bound: number) {
  const rows = await sql.all(
    "SELECT last_seq, cose FROM segment WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 2",
    [bound],
  );
  const row = rows.find((candidate) => integer(candidate, "last_seq") <= bound);
  return row && { through: integer(row, "last_seq"), hash: hashOf(blob(row, "cose")) };
}

/** @returns false where nothing is left to drop. */
async function dropFirst(sql: Sql, { state }: Store, through: number): Promise<boolean> {
  const [first] = await sql.all("SELECT first_seq, last_seq FROM segment ORDER BY first_seq LIMIT 1");
  if (first === undefined || integer(first, "last_seq") > through) return false;
  const end = integer(first, "last_seq");
  const rows = await sql.all("SELECT idem, seq FROM record WHERE seq <= ?", [end]);
  const kept = rows.flatMap((row) => {
    const [idem, seq] = [blob(row, "idem"), integer(row, "seq")];
    return [idem, seq, prunedCheck(state.vault, idem, seq)];
  });
  if (rows.length > 0) {
    await sql.run(`INSERT INTO pruned(idem, seq, row_check) VALUES ${rows.map(() => "(?,?,?)").join(",")}`, kept);
  }
  await sql.run("DELETE FROM body WHERE seq <= ?", [end]);
  await sql.run("DELETE FROM record WHERE seq <= ?", [end]);
  await sql.run("DELETE FROM segment WHERE first_seq = ?", [integer(first, "first_seq")]);
  return true;
}
