/** One segment into the file: what is new of the entries, sealed, with its index rows and its boxes. */
import type { Clock } from "../measure/time.ts";
import { sealSegment } from "../seal/segment.ts";
import { rowsCheck } from "./checks.ts";
import type { Entry } from "./entry.ts";
import { writeFacts } from "./facts.ts";
import type { JournalState } from "./identity.ts";
import type { Appended, StoredSegment } from "./port.ts";
import { blob, integer } from "./row.ts";
import type { Sql, SqlValue } from "./sqlite.ts";

export interface Written {
  readonly appended: readonly Appended[];
  /** What is new; undefined where nothing was. */
  readonly segment: StoredSegment | undefined;
}

/** @param entries 0 to MAX_RECORDS. Nothing in `state` is changed: it is the caller's to do, once this is committed. */
export async function writeSegment(
  sql: Sql,
  state: JournalState,
  clock: Clock,
  entries: readonly Entry[],
): Promise<Written> {
  if (entries.length === 0) return { appended: [], segment: undefined };
  const { lastSeq } = state;
  const known = await knownSeqs(sql, entries);
  const fresh: Entry[] = [];
  const appended = entries.map((entry): Appended => {
    const key = keyOf(entry.idem);
    const seq = known.get(key);
    if (seq !== undefined) return { seq, duplicate: true };
    fresh.push(entry);
    known.set(key, lastSeq + fresh.length);
    return { seq: lastSeq + fresh.length, duplicate: false };
  });
  if (fresh.length === 0) return { appended, segment: undefined };

  const firstSeq = lastSeq + 1;
  const head = lastSeq + fresh.length;
  const cose = seal(state, clock, fresh);
  const rows = fresh.map(({ record, day, idem, device, person }, at) => {
    return { seq: firstSeq + at, kind: record.kind, day, idem, device, person };
  });
  await sql.run("INSERT INTO segment(first_seq, last_seq, cose, rows_check) VALUES (?, ?, ?, ?)", [
    firstSeq,
    head,
    cose,
    rowsCheck(state.vault, rows),
  ]);
  await insert(
    sql,
    "record(seq, kind, day, idem, device, person)",
    rows.map(({ seq, kind, day, idem, device, person }) => [seq, kind, day, idem, device, person]),
  );
  await insert(
    sql,
    "body(seq, box)",
    fresh.map(({ box }, at) => [firstSeq + at, box]),
  );
  for (const { facts } of fresh) await writeFacts(sql, facts);
  const next = fresh[0]?.next;
  if (next !== undefined) {
    const statement = JSON.stringify(next.statement);
    await sql.run("INSERT INTO rotation(seq, statement) VALUES (?, ?)", [firstSeq, statement]);
  }
  const records = fresh.map(({ record }, at) => ({ seq: firstSeq + at, ...record }));
  return { appended, segment: { epoch: state.epoch, firstSeq, lastSeq: head, segment: cose, records } };
}

function seal(state: JournalState, clock: Clock, entries: readonly Entry[]): Uint8Array {
  const now = clock.now();
  return sealSegment(
    {
      gateway: state.gateway,
      epoch: state.epoch,
      firstSeq: state.lastSeq + 1,
      previous: state.previous,
      sealedAtMs: Math.max(0, now.wall),
      clock: { bootId: Buffer.from(now.bootId, "hex"), monotonicMs: now.monotonic, synchronised: now.synchronised },
      digests: entries.map(({ digest }) => digest),
    },
    state.signingKey,
  );
}

/** The sequence numbers of those that the journal has, or has had and pruned. */
async function knownSeqs(sql: Sql, entries: readonly Entry[]): Promise<Map<string, number>> {
  const places = entries.map(() => "?").join(",");
  const idems = entries.map(({ idem }) => idem);
  const rows = await sql.all(
    `SELECT idem, seq FROM record WHERE idem IN (${places}) UNION ALL SELECT idem, seq FROM pruned WHERE idem IN (${places})`,
    [...idems, ...idems],
  );
  return new Map(rows.map((row) => [keyOf(blob(row, "idem")), integer(row, "seq")]));
}

function keyOf(idem: Uint8Array): string {
  return Buffer.from(idem).toString("latin1");
}

async function insert(sql: Sql, into: string, rows: readonly (readonly SqlValue[])[]): Promise<void> {
  const places = rows.map((row) => `(${row.map(() => "?").join(",")})`).join(",");
  await sql.run(`INSERT INTO ${into} VALUES ${places}`, rows.flat());
}
