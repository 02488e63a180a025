/** Records by what the index knows of them, with their bodies out of their boxes. */
import { say } from "../errors/sentence.ts";
import { RecordKind } from "../seal/record.ts";
import { isSame, isTombstone } from "./checks.ts";
import { errors } from "./errors.ts";
import type { KeptRecord, Measured, RecordQuery, SeqRange } from "./port.ts";
import { blob, integer } from "./row.ts";
import type { Sql, SqlValue } from "./sqlite.ts";
import { dayOf, type Vault } from "./vault.ts";

/**
 * In the order of the journal. The index has no columns sorted by device: this reads the (small) rows of all records, and
 * is for what a person asks for, not for every reading.
 */
export async function findRecords(sql: Sql, vault: Vault, query: RecordQuery): Promise<readonly KeptRecord[]> {
  const { kind, device, person, afterSeq = 0, limit } = query;
  const conditions = ["record.seq > ?", "kind = ?"];
  const values: SqlValue[] = [afterSeq, kind];
  if (device !== undefined) {
    conditions.push("device = ?");
    values.push(vault.pseudonym("device", device));
  }
  if (person !== undefined) {
    conditions.push("person = ?");
    values.push(vault.pseudonym("person", person));
  }
  const rows = await sql.all(
    `SELECT record.seq AS seq, idem, box FROM record JOIN body ON body.seq = record.seq
     WHERE ${conditions.join(" AND ")} ORDER BY record.seq LIMIT ?`,
    [...values, limit],
  );
  return rows.flatMap((row) => {
    const seq = integer(row, "seq");
    if (isTombstone(vault, seq, blob(row, "box"))) return [];
    const contents = vault.openContents(blob(row, "box"));
    const idem = blob(row, "idem");
    // The id's keyed hash stands in the row: a box moved to another row is found out.
    if (contents === undefined || !isSame(vault.idem(contents.id, dayOf(idem)), idem)) {
      throw errors.JOURNAL_DAMAGED({
        where: say(`enregistrement ${seq}`, `record ${seq}`),
        found: say("un corps qui ne s'ouvre pas", "a body that does not open"),
      });
    }
    const { id, body, source } = contents;
    return [{ seq, id, body, ...(source === null ? {} : { source }) }];
  });
}

/** Sequence numbers of the alarms from there on. Their bodies stay closed: one that is damaged hides no other. */
export async function findAlarms(sql: Sql, fromSeq: number): Promise<readonly number[]> {
  const query = "SELECT seq FROM record WHERE kind = ? AND seq >= ? ORDER BY seq";
  return (await sql.all(query, [RecordKind.alarm, fromSeq])).map((row) => integer(row, "seq"));
}

/** Reads the (small) rows of the range, and gives no more than it is asked for. A measure of no known device is left out. */
export async function findMeasured(sql: Sql, range: SeqRange, which: "each" | "last"): Promise<readonly Measured[]> {
  const [columns, group] = which === "each" ? ["seq, device", ""] : ["max(seq) AS seq, device", "GROUP BY device"];
  const query = `SELECT ${columns} FROM record WHERE seq > ? AND seq <= ? AND kind = ? AND device IS NOT NULL ${group} ORDER BY seq`;
  const rows = await sql.all(query, [range.after, range.through, RecordKind.measure]);
  return rows.map((row) => ({ seq: integer(row, "seq"), device: Buffer.from(blob(row, "device")).toString("hex") }));
}
