/** Reads segments back, with their bodies out of their boxes. */
import { RecordKind } from "../seal/record.ts";
import { errors } from "./errors.ts";
import type { JournalState } from "./identity.ts";
import type { StoredRecord, StoredSegment } from "./port.ts";
import { blob, blobOrNull, integer } from "./row.ts";
import type { Row, Sql } from "./sqlite.ts";

/** Whole segments from the one that holds `fromSeq` on, until `maxRecords` records are reached; at least one if there is one. */
export async function readSegments(
  sql: Sql,
  state: JournalState,
  fromSeq: number,
  maxRecords: number,
): Promise<readonly StoredSegment[]> {
  const rows = await sql.all(
    "SELECT first_seq, last_seq, cose FROM segment WHERE first_seq > ? - 256 AND last_seq >= ? ORDER BY first_seq LIMIT ?",
    [fromSeq, fromSeq, maxRecords],
  );
  const chosen: Row[] = [];
  let records = 0;
  for (const row of rows) {
    const size = integer(row, "last_seq") - integer(row, "first_seq") + 1;
    if (chosen.length > 0 && records + size > maxRecords) break;
    chosen.push(row);
    records += size;
  }
  const [first, last] = [chosen[0], chosen.at(-1)];
  if (first === undefined || last === undefined) return [];
  const bodies = await sql.all(
    `SELECT record.seq AS seq, kind, idem, box FROM record LEFT JOIN body ON body.seq = record.seq
     WHERE record.seq BETWEEN ? AND ? ORDER BY record.seq`,
    [integer(first, "first_seq"), integer(last, "last_seq")],
  );
  const bySeq = new Map(bodies.map((row) => [integer(row, "seq"), row]));
  return chosen.map((row) => {
    const [firstSeq, lastSeq] = [integer(row, "first_seq"), integer(row, "last_seq")];
    const records: StoredRecord[] = [];
    for (let seq = firstSeq; seq <= lastSeq; seq += 1) records.push(recordOf(bySeq.get(seq), seq, state));
    return { epoch: state.epoch, firstSeq, lastSeq, segment: blob(row, "cose"), records };
  });
}

const kinds: readonly RecordKind[] = Object.values(RecordKind);

function recordOf(row: Row | undefined, seq: number, { vault }: JournalState): StoredRecord {
  const box = row === undefined ? null : blobOrNull(row, "box");
  if (row === undefined || box === null) return { seq, withheld: true };
  const kind = kinds.find((known) => known === integer(row, "kind"));
  const contents = vault.openContents(box, blob(row, "idem"));
  if (kind === undefined || contents === undefined) {
    throw errors.JOURNAL_DAMAGED({ where: `record ${seq}`, found: "a body that does not open" });
  }
  const { id, salt, body, source } = contents;
  return { seq, kind, id, salt, body, ...(source !== null && { source }) };
}
