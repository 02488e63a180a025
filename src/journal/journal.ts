/**
 * The append-only, chained, signed sequence of segments, in one SQLite file. `append()` resolves when the record's segment
 * is on disk; a segment is one transaction, one COSE_Sign1 and later one message.
 */
import { join } from "node:path";
import { isVigieError } from "../errors/error.ts";
import { type Sentence, say } from "../errors/sentence.ts";
import { kidText, type SigningKey } from "../seal/key.ts";
import { hashOf } from "../seal/segment.ts";
import type { Verification } from "../seal/verifier.ts";
import { withCheckpoints } from "./checkpoints.ts";
import { Committer } from "./committer.ts";
import { type Cursor, moveCursor, readCursors } from "./cursors.ts";
import { DiskTrouble } from "./disk-trouble.ts";
import { type Entry, entryOf } from "./entry.ts";
import { discard, erasePerson, eraseRange, finishErasure } from "./erasure.ts";
import { errors } from "./errors.ts";
import { readFacts } from "./facts.ts";
import { findAlarms, findMeasured, findRecords } from "./find.ts";
import type { JournalState } from "./identity.ts";
import { Mutex } from "./mutex.ts";
import type { JournalOptions } from "./options.ts";
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
import { Recent } from "./recent.ts";
import { inJournal } from "./refusal.ts";
import { retain } from "./retention.ts";
import { adopt, rotateBoxKey, rotationEntry } from "./rotate.ts";
import { integer } from "./row.ts";
import type { Space } from "./space.ts";
import type { Database } from "./sqlite.ts";
import type { Store } from "./store.ts";
import { verifyJournal } from "./verify.ts";
import { writeSegment } from "./writer.ts";

const DAY_MS = 86_400_000;

export class SqliteJournal implements Journal {
  readonly #database: Database;
  readonly #options: JournalOptions;
  readonly #committer: Committer;
  readonly #listeners = new Set<(lastSeq: number) => void>();
  readonly #state: JournalState;
  readonly #store: Store;
  readonly #upkeeping = new Mutex();
  readonly #space: Space;
  readonly #disk: DiskTrouble;
  readonly #recent = new Recent();
  /** Cursors that a full disk did not take. */
  readonly #unwritten = new Map<string, number>();
  #closed = false;

  constructor(database: Database, state: JournalState, space: Space, options: JournalOptions) {
    this.#disk = new DiskTrouble(space, options);
    const log = join(options.folder, "journal.db-wal");
    this.#database = withCheckpoints(database, log, (error) => this.#disk.refused(error));
    this.#space = space;
    this.#state = state;
    this.#options = options;
    this.#committer = new Committer((entries, cursors) => {
      const work = () => this.#write(entries, cursors);
      return entries.length > 0 ? this.#disk.append(work) : this.#disk.freeing(work);
    });
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
    return this.#committer.append(() => entryOf(draft, this.#state.vault, today, facts));
  }

  facts(shelf: string): Promise<readonly StoredFact[]> {
    return this.#do(() => readFacts(this.#database, this.#state.vault, shelf));
  }

  find(query: RecordQuery): Promise<readonly KeptRecord[]> {
    return this.#do(() => findRecords(this.#database, this.#state.vault, query));
  }

  async segments(fromSeq: number, maxRecords: number): Promise<readonly StoredSegment[]> {
    const recent = this.#recent.segments(fromSeq, maxRecords);
    if (recent !== undefined) return recent;
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
    const cursor = { destination, through };
    try {
      await this.#committer.move(cursor);
      this.#unwritten.delete(destination);
    } catch (error) {
      if (!isVigieError(error, "JOURNAL_FULL")) throw error;
      // What a platform has receipted is not forgotten: retention keeps it, where it has made room.
      this.#unwritten.set(destination, through);
      // The segment that it rode with needs more room than a cursor alone, which may have the reserve.
      await this.#move(cursor);
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
      publicKey: Buffer.from(this.#state.signingKey.publicKey).toString("hex"),
      epoch: this.epoch,
      lastSeq: this.lastSeq,
      segments: counts === undefined ? 0 : integer(counts, "segments"),
      bytes: size === undefined ? 0 : integer(size, "bytes"),
      cursors: Object.fromEntries(cursors.map(({ destination, through }) => [destination, through])),
      isMovingToBoxKey: this.#state.vault.isRotating,
      isFull: this.#disk.isFull,
    };
  }

  verify(): Promise<Verification> {
    return this.#do(() => verifyJournal(this.#database, this.#state, this.#options.folder));
  }

  async retain(policy: RetentionPolicy): Promise<Retained> {
    for (const [destination, through] of this.#unwritten) await this.#move({ destination, through });
    return this.#upkeep(async () => {
      const isPressed = this.#disk.isFull || (await this.#space.isLow());
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
      const entry = rotationEntry(this.#state, key);
      await this.#committer.append(() => entry, true);
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
      this.#disk.full(error);
    }
  }

  /** Waits for what was appended, then closes. Later appends are refused. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#upkeeping.run(() => this.#committer.idle());
    await this.#database.close();
  }

  async #write(entries: readonly Entry[], cursors: readonly Cursor[]): Promise<readonly Appended[]> {
    const { clock } = this.#options;
    const { appended, segment } = await this.#database.transaction(async (sql) => {
      for (const cursor of cursors) await moveCursor(sql, this.#state.vault, cursor);
      return writeSegment(sql, this.#state, clock, entries);
    });
    if (segment === undefined) return appended;
    this.#state.lastSeq = segment.lastSeq;
    this.#state.previous = hashOf(segment.segment);
    // Without listeners nobody delivers.
    if (this.#listeners.size > 0) this.#recent.add(segment);
    else this.#recent.forget();
    const next = entries[0]?.next;
    if (next !== undefined) adopt(this.#state, next.key, next.statement);
    this.#disk.relieved();
    for (const listener of this.#listeners) listener(segment.lastSeq);
    return appended;
  }

  async #cursors(): Promise<readonly Cursor[]> {
    const { sound, damaged } = await this.#do(() => readCursors(this.#database, this.#state.vault));
    for (const destination of damaged) {
      const because = say(`le curseur de ${destination} repart du début`, `the cursor of ${destination} begins anew`);
      this.#damaged(undefined, because);
    }
    return sound;
  }

  #damaged(seq: number | undefined, because: Sentence): void {
    this.#options.onDamage?.(seq, because);
  }

  #goOn(): void {
    if (this.#closed) throw errors.JOURNAL_CLOSED();
  }

  /** What works on the file in many steps: one such work at a time, with appends in between. */
  async #upkeep<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#goOn();
    return this.#upkeeping.run(async () => {
      this.#recent.pause();
      try {
        return await this.#disk.freeing(work);
      } finally {
        this.#recent.resume();
      }
    });
  }

  async #move(cursor: Cursor): Promise<void> {
    await this.#disk.freeing(() => this.#database.transaction((sql) => moveCursor(sql, this.#state.vault, cursor)));
    this.#unwritten.delete(cursor.destination);
  }

  /** Says what SQLite refuses in our words. */
  #do<Result>(work: () => Promise<Result>): Promise<Result> {
    return inJournal(this.#options.folder, work);
  }
}
