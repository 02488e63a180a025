import type { JournalState } from "./identity.ts";
import type { JournalWriter } from "./port.ts";
import type { Damaged } from "./reader.ts";
import type { Database } from "./sqlite.ts";

/** What the parts of the journal work on: the file, where its chain stands, and the way into it. */
export interface Store extends JournalWriter {
  readonly database: Database;
  readonly state: JournalState;
  /** Resolves when all that was appended until now is durable, or refused. */
  settled(): Promise<void>;
  /** Told of what is found not to be as it was written. */
  readonly damaged: Damaged;
  /** Asked between the steps of a long work. @throws JOURNAL_CLOSED once the journal is being closed: a cut harms nothing. */
  goOn(): void;
}
