/** How far each destination has come. */
import { cursorCheck, isSame } from "./checks.ts";
import { blob, integer, text } from "./row.ts";
import type { Sql } from "./sqlite.ts";
import type { Vault } from "./vault.ts";

export interface Cursor {
  readonly destination: string;
  readonly through: number;
}

/** @returns the cursors, and the destinations whose cursor is not as it was written. */
export async function readCursors(
  sql: Sql,
  vault: Vault,
): Promise<{ readonly sound: readonly Cursor[]; readonly damaged: readonly string[] }> {
  const sound: Cursor[] = [];
  const damaged: string[] = [];
  for (const row of await sql.all("SELECT destination, through, row_check FROM cursor ORDER BY destination")) {
    const [destination, through] = [text(row, "destination"), integer(row, "through")];
    const isSound = through >= 0 && isSame(blob(row, "row_check"), cursorCheck(vault, destination, through));
    if (isSound) sound.push({ destination, through });
    else damaged.push(destination);
  }
  return { sound, damaged };
}

/** Forward only. A cursor that is damaged begins anew: what was delivered is delivered again, which harms nobody. */
export async function moveCursor(sql: Sql, vault: Vault, { destination, through }: Cursor): Promise<void> {
  const { sound } = await readCursors(sql, vault);
  const before = sound.find((cursor) => cursor.destination === destination)?.through ?? 0;
  if (through < before) return;
  await sql.run(
    `INSERT INTO cursor(destination, through, row_check) VALUES (?, ?, ?)
     ON CONFLICT(destination) DO UPDATE SET through = excluded.through, row_check = excluded.row_check`,
    [destination, through, cursorCheck(vault, destination, through)],
  );
}
