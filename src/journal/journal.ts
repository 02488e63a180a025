/**
 * The append-only, chained, signed sequence of segments, in one SQLite file. `append()` resolves when the record's segment
 * is on disk; a segment is one transaction, one COSE_Sign1 and later one message.
 */
import { join } from "node:path";
import { isVigieError, type VigieError } from "../errors/error.ts";
import { kidText, type SigningKey } from "../seal/key.ts";
import type { Verification } from "../seal/verifier.ts";
import { withCheckpoints } from "./checkpoints.ts";
import { Committer } from "./committer.ts";
import { type Cursor, moveCursor, readCursors } from "./cursors.ts";
import { type Entry, entryOf } from "./entry.ts";
import { discard, erasePerson, eraseRange, finishErasure } from "./erasure.ts";
import { errors } from "./errors.ts";
import { readFacts } from "./facts.ts";
import { makePrivate, setAside, settled, syncFolder } from "./files.ts";
import { findAlarms, findMeasured, findRecords } from "./find.ts";
import { begin, type JournalState } from "./identity.ts";
import { Mutex } from "./mutex.ts";
import { DEFAULT_MAX_BYTES, type JournalOptions } from "./options.ts";
import type {
  Appended,
  Draft,
  Fact,
  Journal,
  JournalStatus,
  KeptRecord,
  Measured,
  RecordQuery,
  Retained,
  RetentionPolicy,
  SeqRange,
  StoredFact,
  StoredSegment,
} from "./port.ts";
import { checkpointSegment } from "./prune.ts";
import { readSegments } from "./reader.ts";
import { asJournalError, inJournal, isOfTheDisk } from "./refusal.ts";
import { retain } from "./retention.ts";
import { adopt, rotateBoxKey, rotationEntry } from "./rotate.ts";
import { integer } from "./row.ts";
import { prepare } from "./schema.ts";
import { DEFAULT_BALLAST_BYTES, Space } from "./space.ts";
import { type Database, openDatabase, sqliteCode } from "./sqlite.ts";
import type { Store } from "./store.ts";
import { verifyJournal } from "./verify.ts";
import { lostCommits } from "./wal.ts";
import { writeSegment } from "./writer.ts";

export type { JournalOptions } from "./options.ts";

const DAY_MS = 86_400_000;

/**
 * Opens the journal of a folder, or begins one.
 * @throws JOURNAL_LOCKED, JOURNAL_OPEN, JOURNAL_NEWER, JOURNAL_NOT_OURS, JOURNAL_FOREIGN, JOURNAL_KEY_WRONG,
 * JOURNAL_SIGNING_KEY_CHANGED: nothing was changed. JOURNAL_DAMAGED: a copy was set aside first, and `where` names it.
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const file = join(options.folder, "journal.db");
  let database: Database;
  try {
    await makePrivate(file);
    // Before SQLite sees the log: it would drop what it cannot read, and the next commit would use those numbers again.
    const lost = await settled(`${file}-wal`, lostCommits);
    if (lost !== undefined) throw await damaged(errors.JOURNAL_DAMAGED({ found: lost }), file);
    database = await openDatabase(file);
  } catch (cause) {
    throw isVigieError(cause) ? cause : errors.JOURNAL_OPEN({ where: file, cause });
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
  const reason = detail.found ?? (cause instanceof Error ? cause.message : "");
  const found = detail.where === undefined || detail.where === file ? reason : `${detail.where}: ${reason}`;
  try {
    return errors.JOURNAL_DAMAGED({ where: await setAside(file), found, cause });
  } catch (copying) {
    const because = copying instanceof Error ? copying.message : String(copying);
    return errors.JOURNAL_DAMAGED({ where: file, found: `${found}; and no copy could be made (${because})`, cause });
  }
}

class SqliteJournal implements Journal {
  readonly #database: Database;
  readonly #options: JournalOptions;
  readonly #committer: Committer;
  readonly #listeners = new Set<(lastSeq: number) => void>();
  readonly #state: JournalState;
  readonly #store: Store;
  readonly #upkeeping = new Mutex();
  readonly #space: Space;
  /** Cursors that a full disk did not take. */
  readonly #unwritten = new Map<string, number>();
  #isFull = false;
  /** The disk refused in a way that leaves open what is on it: nothing more is taken. */
  #broken: Error | undefined;
  #closed = false;

  constructor(database: Database, state: JournalState, space: Space, options: JournalOptions) {
    this.#database = withCheckpoints(database, join(options.folder, "journal.db-wal"), (error) => this.#refused(error));
    this.#space = space;
    this.#state = state;
    this.#options = options;
    this.#committer = new Committer((entries) => this.#commit(entries));
    this.#store = {
      database: this.#database,
      state,
      append: async (draft) => this.#append(draft),
      settled: () => this.#committer.settled(),
      damaged: (seq, because) => this.#damaged(seq, because),
      goOn: () => this.#goOn(),
    };
  }

  get epoch(): number {
    return this.#state.epoch;
  }

  get lastSeq(): number {
    return this.#state.lastSeq;
  }

  async append(draft: Draft, facts?: readonly Fact[]): Promise<Appended> {
    this.#goOn();
    return this.#append(draft, facts);
  }

  #append(draft: Draft, facts?: readonly Fact[]): Promise<Appended> {
    const today = Math.floor(this.#options.clock.now().wall / DAY_MS);
    return this.#committer.append(entryOf(draft, this.#state.vault, today, facts));
  }

  facts(shelf: string): Promise<readonly StoredFact[]> {
    return this.#do(() => readFacts(this.#database, this.#state.vault, shelf));
  }

  find(query: RecordQuery): Promise<readonly KeptRecord[]> {
    return this.#do(() => findRecords(this.#database, this.#state.vault, query));
  }

  async segments(fromSeq: number, maxRecords: number): Promise<readonly StoredSegment[]> {
    const range = { fromSeq, maxRecords };
    return this.#do(() => readSegments(this.#database, this.#state, range, this.#store.damaged));
  }

  async alarms(fromSeq: number): Promise<readonly number[]> {
    return this.#do(() => findAlarms(this.#database, fromSeq));
  }

  async measured(range: SeqRange, which: "each" | "last"): Promise<readonly Measured[]> {
    return this.#do(() => findMeasured(this.#database, range, which));
  }

  async cursor(destination: string): Promise<number> {
    const cursors = await this.#cursors();
    return cursors.find((cursor) => cursor.destination === destination)?.through ?? 0;
  }

  async advance(destination: string, through: number): Promise<void> {
    if (through > this.lastSeq) throw new RangeError(`${through} is beyond the journal's end, ${this.lastSeq}`);
    try {
      await this.#move({ destination, through });
    } catch (error) {
      // What a platform has receipted is not forgotten: retention keeps it, where it has made room.
      if (isVigieError(error, "JOURNAL_FULL")) this.#unwritten.set(destination, through);
      throw error;
    }
  }

  onCommit(listener: (lastSeq: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async status(): Promise<JournalStatus> {
    const [counts] = await this.#do(() => this.#database.all("SELECT count(*) AS segments FROM segment"));
    const [size] = await this.#do(() =>
      this.#database.all("SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size"),
    );
    const cursors = await this.#cursors();
    return {
      gateway: this.#state.gateway,
      epoch: this.epoch,
      lastSeq: this.lastSeq,
      segments: counts === undefined ? 0 : integer(counts, "segments"),
      bytes: size === undefined ? 0 : integer(size, "bytes"),
      cursors: Object.fromEntries(cursors.map(({ destination, through }) => [destination, through])),
      isMovingToBoxKey: this.#state.vault.isRotating,
    };
  }

  verify(): Promise<Verification> {
    return this.#do(() => verifyJournal(this.#database, this.#state, this.#options.folder));
  }

  async retain(policy: RetentionPolicy): Promise<Retained> {
    for (const [destination, through] of this.#unwritten) await this.#move({ destination, through });
    return this.#upkeep(async () => {
      const isPressed = this.#isFull || (await this.#space.isLow());
      const retained = await retain(this.#store, policy, isPressed ? () => this.#space.isRelieved() : undefined);
      await finishErasure(this.#store);
      return retained;
    });
  }

  erasePerson(reference: string, reason: string): Promise<number> {
    return this.#upkeep(() => erasePerson(this.#store, reference, reason));
  }

  eraseRange(reference: string, range: SeqRange): Promise<number> {
    return this.#upkeep(() => eraseRange(this.#store, reference, range));
  }

  discard(seq: number, reason: string): Promise<void> {
    return this.#upkeep(() => discard(this.#store, seq, reason));
  }

  rotateBoxKey(boxKey: Uint8Array): Promise<void> {
    return this.#upkeep(() => rotateBoxKey(this.#store, boxKey));
  }

  rotateSigningKey(key: SigningKey): Promise<void> {
    return this.#upkeep(async () => {
      if (kidText(key.kid) === kidText(this.#state.signingKey.kid)) return;
      await this.#committer.append(rotationEntry(this.#state, key));
    });
  }

  checkpoint(): Promise<StoredSegment | undefined> {
    return this.#do(() => checkpointSegment(this.#database, this.#state, this.#store.damaged));
  }

  /** Goes on with an erasure that a cut ended; on a full disk, where retention has made room. */
  async finish(): Promise<void> {
    try {
      await this.#upkeep(() => finishErasure(this.#store));
    } catch (error) {
      if (!isVigieError(error, "JOURNAL_FULL")) throw error;
      this.#fullNow(error);
    }
  }

  /** Waits for what was appended, then closes. Later appends are refused. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#upkeeping.run(() => this.#committer.idle());
    await this.#database.close();
  }

  async #commit(entries: readonly Entry[]): Promise<readonly Appended[]> {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      return await this.#write(entries);
    } catch (error) {
      if (sqliteCode(error) === "SQLITE_FULL" && (await this.#hasRoomAgain())) return this.#commit(entries);
      const refused = this.#refused(error);
      if (isVigieError(refused, "JOURNAL_FULL")) this.#fullNow(refused);
      // A file that does not take a record as it should is no place for the next one.
      else if (sqliteCode(error) !== undefined || isVigieError(refused, "JOURNAL_DAMAGED")) this.#stop(refused);
      throw refused;
    }
  }

  async #write(entries: readonly Entry[]): Promise<readonly Appended[]> {
    const { clock } = this.#options;
    const { appended, head } = await this.#database.transaction((sql) =>
      writeSegment(sql, this.#state, clock, entries),
    );
    if (head === undefined) return appended;
    this.#state.lastSeq = head.lastSeq;
    this.#state.previous = head.previous;
    const next = entries[0]?.next;
    if (next !== undefined) adopt(this.#state, next.key, next.statement);
    if (this.#isFull) this.#options.onRelieved?.();
    this.#isFull = false;
    for (const listener of this.#listeners) listener(head.lastSeq);
    return appended;
  }

  /** The disk took no more: the reserve is given back for what frees room, and taken again where there is room. */
  async #hasRoomAgain(): Promise<boolean> {
    try {
      if (await this.#space.recover()) return true;
      await this.#space.release();
    } catch (error) {
      const refused = this.#refused(error);
      if (!isVigieError(refused, "JOURNAL_FULL")) throw refused;
    }
    return false;
  }

  #fullNow(refused: Error): void {
    if (!this.#isFull) this.#options.onFull?.(refused);
    this.#isFull = true;
  }

  async #cursors(): Promise<readonly Cursor[]> {
    const { sound, damaged } = await this.#do(() => readCursors(this.#database, this.#state.vault));
    for (const destination of damaged) this.#damaged(undefined, `the cursor of ${destination} begins anew`);
    return sound;
  }

  #damaged(seq: number | undefined, because: string): void {
    this.#options.onDamage?.(seq, because);
  }

  #goOn(): void {
    if (this.#closed) throw errors.JOURNAL_CLOSED();
  }

  /** What works on the file in many steps: one such work at a time, with appends in between. */
  async #upkeep<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#goOn();
    return this.#upkeeping.run(() => this.#freeing(work));
  }

  async #move(cursor: Cursor): Promise<void> {
    await this.#freeing(() => this.#database.transaction((sql) => moveCursor(sql, this.#state.vault, cursor)));
    this.#unwritten.delete(cursor.destination);
  }

  /** What is refused as full is tried again with the reserve: all that is done this way frees room, or needs next to none. */
  async #freeing<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await this.#change(work);
    } catch (error) {
      if (!isVigieError(error, "JOURNAL_FULL") || !(await this.#change(() => this.#space.release()))) throw error;
      return this.#change(work);
    }
  }

  async #change<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      return await work();
    } catch (error) {
      throw this.#refused(error);
    }
  }

  /** Says what a change was refused with in our words, and stops the journal where that leaves open what is on the disk. */
  #refused(error: unknown): Error {
    const refused = asJournalError(error, this.#options.folder);
    if (isOfTheDisk(refused)) this.#stop(refused);
    return refused;
  }

  /** Nothing more is taken: it could use a sequence number twice. */
  #stop(refused: Error): void {
    if (this.#broken === undefined) this.#options.onStopped?.(refused);
    this.#broken ??= refused;
  }

  /** Says what SQLite refuses in our words. */
  #do<Result>(work: () => Promise<Result>): Promise<Result> {
    return inJournal(this.#options.folder, work);
  }
}
