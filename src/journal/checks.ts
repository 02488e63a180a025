/**
 * Keyed checks over what the chain does not sign. SQLite notices one flipped bit in sixty by itself; with these, every
 * column of every row is under a signature, a box or a check.
 */
import { uint } from "../seal/cbor.ts";
import { blob, blobOrNull, integer, text } from "./row.ts";
import type { Row, Sql } from "./sqlite.ts";
import { CHECK_BYTES, type Vault } from "./vault.ts";

/** A row of the record index. */
export interface IndexRow {
  readonly seq: number;
  readonly kind: number;
  readonly day: number;
  readonly idem: Uint8Array;
  readonly device: Uint8Array | null;
  readonly person: Uint8Array | null;
}

export const RECORD_COLUMNS = "seq, kind, day, idem, device, person";

export function indexRow(row: Row): IndexRow {
  return {
    seq: integer(row, "seq"),
    kind: integer(row, "kind"),
    day: integer(row, "day"),
    idem: blob(row, "idem"),
    device: blobOrNull(row, "device"),
    person: blobOrNull(row, "person"),
  };
}

/** Over the index rows of one segment, in order. */
export function rowsCheck(vault: Vault, rows: readonly IndexRow[]): Uint8Array {
  return vault.check(
    "record",
    rows.map(({ seq, kind, day, idem, device, person }) => [uint(seq), kind, day, idem, device, person]),
  );
}

export const cursorCheck = (vault: Vault, destination: string, through: number): Uint8Array =>
  vault.check("cursor", [destination, uint(through)]);

export const passedCheck = (vault: Vault, day: number, through: number): Uint8Array =>
  vault.check("passed", [day, uint(through)]);

export const prunedCheck = (vault: Vault, idem: Uint8Array, seq: number): Uint8Array =>
  vault.check("pruned", [idem, uint(seq)]);

/** What stands in the place of a box that was erased. A body that is missing without it was lost, not erased. */
export const tombstone = (vault: Vault, seq: number): Uint8Array => vault.check("erased", [uint(seq)]);

export const isTombstone = (vault: Vault, seq: number, box: Uint8Array): boolean =>
  box.length === CHECK_BYTES && isSame(box, tombstone(vault, seq));

export const isSame = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** Adds the checks to a file of version 1, which had none. Ranges keep memory bounded, however long the journal is. */
export async function addChecks(sql: Sql, openVault: () => Promise<Vault>): Promise<void> {
  const cursors = await sql.all("SELECT destination, through FROM cursor");
  let at = 0;
  for (;;) {
    const segments = await sql.all(
      "SELECT first_seq, last_seq FROM segment WHERE first_seq > ? ORDER BY first_seq LIMIT 256",
      [at],
    );
    if (segments.length === 0) break;
    const vault = await openVault();
    for (const segment of segments) {
      const range = [integer(segment, "first_seq"), integer(segment, "last_seq")];
      const rows = await sql.all(`SELECT ${RECORD_COLUMNS} FROM record WHERE seq BETWEEN ? AND ? ORDER BY seq`, range);
      await sql.run("UPDATE segment SET rows_check = ? WHERE first_seq = ?", [
        rowsCheck(vault, rows.map(indexRow)),
        integer(segment, "first_seq"),
      ]);
      at = integer(segment, "first_seq");
    }
  }
  for (const row of cursors) {
    const [destination, through] = [text(row, "destination"), integer(row, "through")];
    const check = cursorCheck(await openVault(), destination, through);
    await sql.run("UPDATE cursor SET row_check = ? WHERE destination = ?", [check, destination]);
  }
}
