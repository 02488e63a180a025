/** Reads segments back, with their bodies out of their boxes. */
import { type Sentence, say } from "../errors/sentence.ts";
import { kindOf } from "../seal/record.ts";
import { MAX_RECORDS } from "../seal/segment.ts";
import { isSame, isTombstone } from "./checks.ts";
import type { JournalState } from "./identity.ts";
import type { StoredRecord, StoredSegment } from "./port.ts";
import { blob, blobOrNull, integer } from "./row.ts";
import type { Row, Sql } from "./sqlite.ts";
import { dayOf } from "./vault.ts";

/** Told of a record that is not as it was written; it travels withheld, and the others with it. */
export type Damaged = (seq: number, because: Sentence) => void;

/** Whole segments from the one that holds `fromSeq` on, until `maxRecords` records are reached; at least one if there is one. */
export async function readSegments(
  sql: Sql,
  state: JournalState,
  range: { readonly fromSeq: number; readonly maxRecords: number },
  damaged: Damaged,
): Promise<readonly StoredSegment[]> {
  const { fromSeq, maxRecords } = range;
  // The one behind the last is read too: it tells where the last one ends, whatever has become of a row's own `last_seq`.
  const rows = await sql.all(
    "SELECT first_seq, last_seq, cose FROM segment WHERE first_seq > ? - ? ORDER BY first_seq LIMIT ?",
    [fromSeq, MAX_RECORDS, MAX_RECORDS + maxRecords + 1],
  );
  const chosen: Placed[] = [];
  let records = 0;
  for (const [index, row] of rows.entries()) {
    const placed = place(row, rows[index + 1]);
    if (placed.lastSeq < fromSeq) continue;
    const size = placed.lastSeq - placed.firstSeq + 1;
    if (chosen.length > 0 && records + size > maxRecords) break;
    chosen.push(placed);
    records += size;
  }
  const [first, last] = [chosen[0], chosen.at(-1)];
  if (first === undefined || last === undefined) return [];
  const bodies = await sql.all(
    `SELECT record.seq AS seq, kind, idem, box FROM record LEFT JOIN body ON body.seq = record.seq
     WHERE record.seq BETWEEN ? AND ? ORDER BY record.seq`,
    [first.firstSeq, last.lastSeq],
  );
  const bySeq = new Map(bodies.map((row) => [integer(row, "seq"), row]));
  return chosen.map(({ firstSeq, lastSeq, segment }) => {
    const records: StoredRecord[] = [];
    for (let seq = firstSeq; seq <= lastSeq; seq += 1) records.push(recordOf(bySeq.get(seq), seq, state, damaged));
    return { epoch: state.epoch, firstSeq, lastSeq, segment, records };
  });
}

interface Placed {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly segment: Uint8Array;
}

function place(row: Row, next: Row | undefined): Placed {
  const firstSeq = integer(row, "first_seq");
  const end = next === undefined ? integer(row, "last_seq") : integer(next, "first_seq") - 1;
  const lastSeq = Math.min(Math.max(end, firstSeq), firstSeq + MAX_RECORDS - 1);
  return { firstSeq, lastSeq, segment: blob(row, "cose") };
}

function recordOf(row: Row | undefined, seq: number, { vault }: JournalState, damaged: Damaged): StoredRecord {
  const withheld = { seq, withheld: true } as const;
  const box = row === undefined ? null : blobOrNull(row, "box");
  if (row === undefined || box === null) {
    damaged(seq, say("un enregistrement ou un corps qui n'est pas là", "a record or body that is not there"));
    return withheld;
  }
  if (isTombstone(vault, seq, box)) return withheld;
  const kind = kindOf(integer(row, "kind"));
  const idem = blob(row, "idem");
  const contents = vault.openContents(box);
  // The id's keyed hash stands in the row: a box moved to another row is found out.
  if (contents === undefined || kind === undefined || !isSame(vault.idem(contents.id, dayOf(idem)), idem)) {
    damaged(
      seq,
      say("un corps qui ne s'ouvre pas, ou celui d'un autre", "a body that does not open, or is another record's"),
    );
    return withheld;
  }
  const { id, salt, body, source } = contents;
  return { seq, kind, id, salt, body, ...(source !== null && { source }) };
}
