/** Reads columns of a row as the type that the STRICT schema promises; anything else is damage. */
import { errors } from "./errors.ts";
import type { Row } from "./sqlite.ts";

export function integer(row: Row, column: string): number {
  const value = row[column];
  if (typeof value === "number") return value;
  throw errors.JOURNAL_DAMAGED({ where: column, found: typeof value, expected: "an integer" });
}

export function blob(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (value instanceof Uint8Array) return value;
  throw errors.JOURNAL_DAMAGED({ where: column, found: typeof value, expected: "bytes" });
}

export function blobOrNull(row: Row, column: string): Uint8Array | null {
  return row[column] === null ? null : blob(row, column);
}

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === "string") return value;
  throw errors.JOURNAL_DAMAGED({ where: column, found: typeof value, expected: "text" });
}
