/** Records that a destination refused for good, in the destination's own words; those may hold health data, so they lie in boxes. */
import { asUint, encode, tryDecode, uint } from "../seal/cbor.ts";
import { errors } from "./errors.ts";
import type { DeadLetter } from "./port.ts";
import { blob, integer, text } from "./row.ts";
import type { Row, Sql } from "./sqlite.ts";
import type { Vault } from "./vault.ts";

export const createDeadLetters = `CREATE TABLE dead_letter(destination TEXT NOT NULL, seq INTEGER NOT NULL,
  again INTEGER NOT NULL, box BLOB NOT NULL, PRIMARY KEY(destination, seq)) STRICT, WITHOUT ROWID`;

/** A code, and words of at most some kilobytes. */
const MAX_LETTER = 64 * 1024;

export async function putLetter(sql: Sql, vault: Vault, letter: DeadLetter): Promise<void> {
  const { destination, seq, again, code, words, at } = letter;
  // Destination and number are inside: a box that was moved to another row is found out.
  const box = vault.seal(encode([destination, uint(seq), code, words, uint(at)]));
  await sql.run(
    `INSERT INTO dead_letter(destination, seq, again, box) VALUES (?, ?, ?, ?)
     ON CONFLICT(destination, seq) DO UPDATE SET again = excluded.again, box = excluded.box`,
    [destination, seq, again ? 1 : 0, box],
  );
}

export async function readLetters(sql: Sql, vault: Vault, destination?: string): Promise<readonly DeadLetter[]> {
  const rows =
    destination === undefined
      ? await sql.all("SELECT destination, seq, again, box FROM dead_letter ORDER BY destination, seq")
      : await sql.all("SELECT destination, seq, again, box FROM dead_letter WHERE destination = ? ORDER BY seq", [
          destination,
        ]);
  return rows.map((row) => letterOf(row, vault));
}

/** @returns how many there were. */
export async function markAgain(sql: Sql, destination: string, seqs: readonly number[]): Promise<number> {
  if (seqs.length === 0) return 0;
  const places = seqs.map(() => "?").join(",");
  const { changes } = await sql.run(`UPDATE dead_letter SET again = 1 WHERE destination = ? AND seq IN (${places})`, [
    destination,
    ...seqs,
  ]);
  return changes;
}

export async function dropLetter(sql: Sql, destination: string, seq: number): Promise<void> {
  await sql.run("DELETE FROM dead_letter WHERE destination = ? AND seq = ?", [destination, seq]);
}

function letterOf(row: Row, vault: Vault): DeadLetter {
  const [destination, seq] = [text(row, "destination"), integer(row, "seq")];
  const plain = vault.open(blob(row, "box"));
  const items = plain && tryDecode(plain, { maxBytes: MAX_LETTER, maxDepth: 2, tags: [] });
  const [of, number, code, words, atItem]: unknown[] = Array.isArray(items) ? items : [];
  const at = asUint(atItem);
  const isInPlace = of === destination && asUint(number) === seq;
  if (!isInPlace || at === undefined || typeof code !== "string" || typeof words !== "string") {
    throw errors.JOURNAL_DAMAGED({ where: `dead letter ${seq}`, found: "a box that does not open" });
  }
  return { destination, seq, again: integer(row, "again") === 1, code, words, at };
}
