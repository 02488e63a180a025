/**
 * Checkpoints of our own. SQLite's automatic one runs within somebody's commit, and keeps to itself what the disk refuses it.
 * Ours comes behind the commit that made the log long, when its callers have their answer, and before the next change; and
 * one that fails lets no change pass any more: after a failed fsync nobody knows what is on the disk.
 */
import { type Database, sqliteCode } from "./sqlite.ts";
import { LogGauge } from "./wal.ts";

/** Keeps the log, and what a full disk needs to recover, small. */
const LOG_BYTES = 1024 ** 2;

/** @param log the path of the log, which is there. @param failed told once. */
export function withCheckpoints(database: Database, log: string, failed: (error: unknown) => void): Database {
  const gauge = new LogGauge(log);
  let last: Promise<unknown> = Promise.resolve();
  let failure: { readonly error: unknown } | undefined;

  /** In the order of asking, with the checkpoint of the one before in between. */
  function change<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = last.then(() => {
      if (failure !== undefined) throw failure.error;
      return work();
    });
    last = result.then(checkpoint, () => undefined);
    return result;
  }

  async function checkpoint(): Promise<void> {
    try {
      if (await gauge.isLongerThan(LOG_BYTES)) await database.all("PRAGMA wal_checkpoint(PASSIVE)");
    } catch (error) {
      // A full disk: the log holds all, and who changes something next is told, and frees room.
      if (sqliteCode(error) === "SQLITE_FULL") return;
      failure = { error };
      failed(error);
    }
  }

  return {
    all: (text, parameters) => database.all(text, parameters),
    run: (text, parameters) => change(() => database.run(text, parameters)),
    transaction: (work) => change(() => database.transaction(work)),
    async close() {
      await last;
      await gauge.close();
      await database.close();
    },
  };
}
