/** What SQLite or the file system refused, in the words of the house. */
import { isVigieError } from "../errors/error.ts";
import { quoted, type Sentence, verbatim } from "../errors/sentence.ts";
import { systemSays } from "../errors/system.ts";
import { errors } from "./errors.ts";
import { hasCode } from "./files.ts";
import { sqliteCode } from "./sqlite.ts";

/** @param file or folder that it is about. */
export function asJournalError(error: unknown, file: string): Error {
  const where = verbatim(file);
  const found = diskSays(error);
  switch (sqliteCode(error)) {
    case undefined:
      return asFileError(error, file);
    case "SQLITE_BUSY":
    case "SQLITE_LOCKED":
      return errors.JOURNAL_LOCKED({ where, cause: error });
    case "SQLITE_FULL":
      return errors.JOURNAL_FULL({ where, cause: error });
    case "SQLITE_NOTADB":
      return errors.JOURNAL_NOT_OURS({ where, cause: error });
    // Our statements are right for the schema we made: where they do not fit, the file's schema or index is not as written.
    case "SQLITE_CORRUPT":
    case "SQLITE_ERROR":
    case "SQLITE_CONSTRAINT":
    case "SQLITE_MISMATCH":
    case "SQLITE_SCHEMA":
      return errors.JOURNAL_DAMAGED({ where, found, cause: error });
    case "SQLITE_CANTOPEN":
    case "SQLITE_PERM":
    case "SQLITE_AUTH":
      return errors.JOURNAL_OPEN({ where, found, cause: error });
    default:
      return errors.JOURNAL_WRITE_FAILED({ where, found, cause: error });
  }
}

/** Why the disk, or SQLite in its own words, refused. These repeat no value: our statements carry them apart. */
export function diskSays(error: unknown): Sentence {
  return error instanceof Error && sqliteCode(error) !== undefined ? quoted(error.message) : systemSays(error);
}

function asFileError(error: unknown, file: string): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  if (hasCode(error, "ENOSPC") || hasCode(error, "EDQUOT"))
    return errors.JOURNAL_FULL({ where: verbatim(file), cause: error });
  if (!("syscall" in error)) return error;
  return errors.JOURNAL_WRITE_FAILED({ where: verbatim(file), found: systemSays(error), cause: error });
}

/** Whether a refusal leaves open what is on the disk now. Not damage: what is there can be read, and told of. */
export const isOfTheDisk = (refused: unknown): boolean =>
  isVigieError(refused, "JOURNAL_WRITE_FAILED") || isVigieError(refused, "JOURNAL_OPEN");

/** Runs work on the file, and says in our words what is refused. */
export async function inJournal<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw asJournalError(error, file);
  }
}
