/** Records by what the index knows of them, with their bodies out of their boxes. */
import { errors } from "./errors.ts";
import type { KeptRecord, RecordQuery } from "./port.ts";
import { blob, integer } from "./row.ts";
import type { Sql, SqlValue } from "./sqlite.ts";
import { CHECK_BYTES, type Vault } from "./vault.ts";

/**
 * In the order of the journal. The index has no columns sorted by device: this reads the (small) rows of all records, and
 * is for what a person asks for, not for every reading.
 */
export async function findRecords(sql: Sql, vault: Vault, query: RecordQuery): Promise<readonly KeptRecord[]> {
  const { kind, device, person, afterSeq = 0, limit } = query;
  const conditions = ["record.seq > ?", "kind = ?", "length(box) > ?"];
  const values: SqlValue[] = [afterSeq, kind, CHECK_BYTES];
  if (device !== undefined) {
    conditions.push("device = ?");
    values.push(vault.pseudonym("device", device));
  }
  if (person !== undefined) {
    conditions.push("person = ?");
    values.push(vault.pseudonym("person", person));
  }
  const rows = await sql.all(
    `SELECT record.seq AS seq, box FROM record JOIN body ON body.seq = record.seq
     WHERE ${conditions.join(" AND ")} ORDER BY record.seq LIMIT ?`,
    [...values, limit],
  );
  return rows.map((row) => {
    const seq = integer(row, "seq");
    const contents = vault.openContents(blob(row, "box"));
    if (contents === undefined) {
      throw errors.JOURNAL_DAMAGED({ where: `record ${seq}`, found: "a body that does not open" });
    }
    const { id, body, source } = contents;
    return { seq, id, body, ...(source === null ? {} : { source }) };
  });
}
