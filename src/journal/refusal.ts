/** What SQLite or the file system refused, in the words of the house. */
import { isVigieError } from "../errors/error.ts";
import { errors } from "./errors.ts";
import { hasCode } from "./files.ts";
import { sqliteCode } from "./sqlite.ts";

/** @param where the file or folder that it is about. */
export function asJournalError(error: unknown, where: string): Error {
  switch (sqliteCode(error)) {
    case undefined:
      return asFileError(error, where);
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
      return errors.JOURNAL_DAMAGED({ where, cause: error });
    case "SQLITE_CANTOPEN":
    case "SQLITE_PERM":
    case "SQLITE_AUTH":
      return errors.JOURNAL_OPEN({ where, cause: error });
    default:
      return errors.JOURNAL_WRITE_FAILED({ where, cause: error });
  }
}

function asFileError(error: unknown, where: string): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  if (hasCode(error, "ENOSPC") || hasCode(error, "EDQUOT")) return errors.JOURNAL_FULL({ where, cause: error });
  return "syscall" in error ? errors.JOURNAL_WRITE_FAILED({ where, cause: error }) : error;
}

/** Whether a refusal leaves open what is on the disk now. Not damage: what is there can be read, and told of. */
export const isOfTheDisk = (refused: unknown): boolean =>
  isVigieError(refused, "JOURNAL_WRITE_FAILED") || isVigieError(refused, "JOURNAL_OPEN");

/** Runs work on the file, and says in our words what is refused. */
export async function inJournal<Result>(where: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw asJournalError(error, where);
  }
}
