/** Rows of a file in which SQLite cannot read every page: those around the pages that it cannot. */
import { isVigieError } from "../errors/error.ts";
import { blob, integer, text } from "./row.ts";
import { type Row, type Sql, sqliteCode } from "./sqlite.ts";

/** What can be read; undefined where the file does not let it, or has not what it should. */
export async function readable<Result>(read: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await read();
  } catch (error) {
    if (sqliteCode(error) === undefined && !isVigieError(error, "JOURNAL_DAMAGED")) throw error;
    return undefined;
  }
}

/**
 * The rows of a range. What cannot be read at once is read in halves, down to a single row.
 * @param query with two places, for the first and the last number of the range.
 */
export async function rowsAround(sql: Sql, query: string, from: number, through: number): Promise<readonly Row[]> {
  const rows = await readable(() => sql.all(query, [from, through]));
  if (rows !== undefined || from === through) return rows ?? [];
  const middle = Math.floor((from + through) / 2);
  return [...(await rowsAround(sql, query, from, middle)), ...(await rowsAround(sql, query, middle + 1, through))];
}

/** The greatest number that any of the tables knows of: where one cannot be read to its end, another may. */
export async function lastNumber(sql: Sql): Promise<number> {
  const queries = [
    "SELECT max(first_seq) AS last FROM segment",
    "SELECT max(seq) AS last FROM record",
    "SELECT max(seq) AS last FROM body",
    "SELECT max(through) AS last FROM cursor",
  ];
  let last = 0;
  for (const query of queries) {
    const row = (await readable(() => sql.all(query)))?.[0];
    if (row !== undefined && row["last"] !== null) last = Math.max(last, integer(row, "last"));
  }
  return last;
}

/** The last record that the chain had given up behind a checkpoint; 0 for none. */
export async function lastPruned(sql: Sql): Promise<number> {
  const row = (await readable(() => sql.all("SELECT max(seq) AS last FROM pruned")))?.[0];
  return row === undefined || row["last"] === null ? 0 : integer(row, "last");
}

/** All facts that can be read, from both ends: a page in between that cannot hides itself alone. */
export async function factRows(sql: Sql): Promise<{ readonly rows: readonly Row[]; readonly isWhole: boolean }> {
  const forward = await walk(sql, { than: ">", order: "ASC", at: ["", new Uint8Array()] });
  if (forward.isWhole) return forward;
  const backward = await walk(sql, { than: "<", order: "DESC", at: ["\u{10ffff}", new Uint8Array()] });
  return { rows: [...forward.rows, ...backward.rows], isWhole: false };
}

interface Walk {
  readonly than: "<" | ">";
  readonly order: "ASC" | "DESC";
  readonly at: readonly [shelf: string, name: Uint8Array];
}

async function walk(sql: Sql, { than, order, at }: Walk) {
  const query = `SELECT shelf, name, box FROM fact WHERE (shelf, name) ${than} (?, ?)
    ORDER BY shelf ${order}, name ${order} LIMIT ?`;
  const rows: Row[] = [];
  for (let place = at; ; ) {
    const next =
      (await readable(() => sql.all(query, [...place, 64]))) ?? (await readable(() => sql.all(query, [...place, 1])));
    const last = next?.at(-1);
    if (next === undefined || last === undefined) return { rows, isWhole: next !== undefined };
    rows.push(...next);
    place = [text(last, "shelf"), blob(last, "name")];
  }
}
