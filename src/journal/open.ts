/** Opens a journal, or begins one; and what is done with a file that is damaged: a copy is set aside, and it is said. */
import { join } from "node:path";
import { isVigieError, type VigieError } from "../errors/error.ts";
import { type Sentence, say, verbatim } from "../errors/sentence.ts";
import { errors } from "./errors.ts";
import { makePrivate, setAside, settled, syncFolder } from "./files.ts";
import { begin } from "./identity.ts";
import { SqliteJournal } from "./journal.ts";
import { DEFAULT_MAX_BYTES, type JournalOptions } from "./options.ts";
import type { Journal } from "./port.ts";
import { asJournalError, diskSays } from "./refusal.ts";
import { salvageUnderWay } from "./salvage.ts";
import { prepare } from "./schema.ts";
import { DEFAULT_BALLAST_BYTES, Space } from "./space.ts";
import { type Database, openDatabase } from "./sqlite.ts";
import { lostCommits } from "./wal.ts";

export type { JournalOptions } from "./options.ts";

/**
 * Opens the journal of a folder, or begins one.
 * @throws JOURNAL_LOCKED, JOURNAL_OPEN, JOURNAL_NEWER, JOURNAL_NOT_OURS, JOURNAL_FOREIGN, JOURNAL_KEY_WRONG,
 * JOURNAL_SIGNING_KEY_CHANGED: nothing was changed. JOURNAL_DAMAGED: a copy was set aside first, and `where` names it.
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const file = join(options.folder, "journal.db");
  let database: Database;
  try {
    if ((await salvageUnderWay(options.folder)) !== undefined)
      throw errors.JOURNAL_SALVAGING({ where: verbatim(options.folder) });
    await makePrivate(file);
    // Before SQLite sees the log: it would drop what it cannot read, and the next commit would use those numbers again.
    const lost = await settled(`${file}-wal`, lostCommits);
    if (lost !== undefined) throw await damaged(errors.JOURNAL_DAMAGED({ found: lost }), file);
    database = await openDatabase(file);
  } catch (cause) {
    throw isVigieError(cause) ? cause : errors.JOURNAL_OPEN({ where: verbatim(file), found: diskSays(cause), cause });
  }
  try {
    const { version } = await prepare(database, { maxBytes: options.maxBytes ?? DEFAULT_MAX_BYTES });
    // The log is there, and nothing new is in it. SQLite makes its name durable too, but keeps a failure to itself.
    await syncFolder(options.folder);
    const state = await begin(database, version, options);
    const space = await Space.open(database, options.folder, options.ballastBytes ?? DEFAULT_BALLAST_BYTES);
    const journal = new SqliteJournal(database, state, space, options);
    await journal.finish();
    return journal;
  } catch (error) {
    const refused = asJournalError(error, file);
    const told = isVigieError(refused, "JOURNAL_DAMAGED") ? await damaged(refused, file) : refused;
    // Behind the copy: closing writes what is left in the log into the file.
    await database.close();
    throw told;
  }
}

/** Sets a copy aside, and says where. A copy that cannot be made does not hide the damage. */
async function damaged({ detail, cause }: VigieError, file: string): Promise<VigieError> {
  const reason = detail.found ?? diskSays(cause);
  const found = detail.where === undefined || detail.where.en === file ? reason : within(detail.where, reason);
  try {
    return errors.JOURNAL_DAMAGED({ where: verbatim(await setAside(file)), found, cause });
  } catch (copying) {
    const because = diskSays(copying);
    const alone = say(
      `${found.fr} ; et aucune copie n'a pu être faite : ${because.fr}`,
      `${found.en}; and no copy could be made: ${because.en}`,
    );
    return errors.JOURNAL_DAMAGED({ where: verbatim(file), found: alone, cause });
  }
}

const within = (where: Sentence, what: Sentence) => say(`${where.fr} : ${what.fr}`, `${where.en}: ${what.en}`);
