/** Reads columns of a row as the type that the STRICT schema promises; anything else is damage. */
import type { VigieError } from "../errors/error.ts";
import { type Sentence, say, verbatim } from "../errors/sentence.ts";
import { errors } from "./errors.ts";
import type { Row } from "./sqlite.ts";

export function integer(row: Row, column: string): number {
  const value = row[column];
  if (typeof value === "number") return value;
  throw notA(say("un nombre entier", "an integer"), column, value);
}

export function blob(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (value instanceof Uint8Array) return value;
  throw notA(say("des octets", "bytes"), column, value);
}

export function blobOrNull(row: Row, column: string): Uint8Array | null {
  return row[column] === null ? null : blob(row, column);
}

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === "string") return value;
  throw notA(say("un texte", "text"), column, value);
}

function notA(expected: Sentence, column: string, value: unknown): VigieError {
  const type: string = typeof value;
  return errors.JOURNAL_DAMAGED({ where: verbatim(column), found: verbatim(type), expected });
}
