/**
 * The append-only, chained, signed sequence of segments, in one SQLite file. `append()` resolves when the record's segment
 * is on disk; a segment is one transaction, one COSE_Sign1 and later one message.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../measure/time.ts";
import type { SigningKey } from "../seal/key.ts";
import { hashOf, sealSegment } from "../seal/segment.ts";
import { Committer } from "./committer.ts";
import { dropLetter, markAgain, putLetter, readLetters } from "./dead-letters.ts";
import { type Entry, entryOf } from "./entry.ts";
import { errors } from "./errors.ts";
import { begin, type JournalState } from "./identity.ts";
import type { Appended, DeadLetter, Draft, Journal, JournalStatus, StoredSegment } from "./port.ts";
import { readSegments } from "./reader.ts";
import { blob, integer, text } from "./row.ts";
import { prepare } from "./schema.ts";
import { type Database, openDatabase, type Sql, type SqlValue, sqliteCode } from "./sqlite.ts";

export interface JournalOptions {
  /** The folder that holds `journal.db`; made with mode 0700 where it is missing. */
  readonly folder: string;
  /** Whose journal it is. */
  readonly gateway: string;
  /** 32 bytes: encrypts the bodies. */
  readonly boxKey: Uint8Array;
  readonly signingKey: SigningKey;
  readonly clock: Clock;
  /** The most that the file may grow to, bytes. @default 2 GiB */
  readonly maxBytes?: number;
}

const DEFAULT_MAX_BYTES = 2 * 1024 ** 3;
const DAY_MS = 86_400_000;

/**
 * Opens the journal of a folder, or begins one.
 * @throws JOURNAL_LOCKED, JOURNAL_OPEN, JOURNAL_NEWER, JOURNAL_NOT_OURS, JOURNAL_FOREIGN, JOURNAL_KEY_WRONG,
 * JOURNAL_SIGNING_KEY_CHANGED, JOURNAL_DAMAGED; in each case nothing was changed.
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const file = join(options.folder, "journal.db");
  let database: Database;
  try {
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    database = await openDatabase(file);
  } catch (cause) {
    throw errors.JOURNAL_OPEN({ where: file, cause });
  }
  try {
    await prepare(database, { maxBytes: options.maxBytes ?? DEFAULT_MAX_BYTES });
    const state = await begin(database, options);
    return new SqliteJournal(database, state, options);
  } catch (error) {
    await database.close();
    throw asJournalError(error, file);
  }
}

class SqliteJournal implements Journal {
  readonly #database: Database;
  readonly #options: JournalOptions;
  readonly #committer: Committer;
  readonly #listeners = new Set<(lastSeq: number) => void>();
  readonly #state: JournalState;
  /** The disk refused in a way that leaves open what is on it: nothing more is taken. */
  #broken: Error | undefined;
  #closed = false;

  constructor(database: Database, state: JournalState, options: JournalOptions) {
    this.#database = database;
    this.#state = state;
    this.#options = options;
    this.#committer = new Committer((entries) => this.#commit(entries));
  }

  get epoch(): number {
    return this.#state.epoch;
  }

  get lastSeq(): number {
    return this.#state.lastSeq;
  }

  append(draft: Draft): Promise<Appended> {
    if (this.#closed) return Promise.reject(errors.JOURNAL_CLOSED());
    const today = Math.floor(this.#options.clock.now().wall / DAY_MS);
    return this.#committer.append(entryOf(draft, this.#state.vault, today));
  }

  async segments(fromSeq: number, maxRecords: number): Promise<readonly StoredSegment[]> {
    return readSegments(this.#database, this.#state, fromSeq, maxRecords);
  }

  async cursor(destination: string): Promise<number> {
    const [row] = await this.#database.all("SELECT through FROM cursor WHERE destination = ?", [destination]);
    return row === undefined ? 0 : integer(row, "through");
  }

  async advance(destination: string, through: number): Promise<void> {
    if (through > this.lastSeq) throw new RangeError(`${through} is beyond the journal's end, ${this.lastSeq}`);
    await this.#database.run(
      `INSERT INTO cursor(destination, through) VALUES (?, ?)
       ON CONFLICT(destination) DO UPDATE SET through = max(through, excluded.through)`,
      [destination, through],
    );
  }

  async putAside(letter: DeadLetter): Promise<void> {
    await putLetter(this.#database, this.#state.vault, letter);
  }

  async deadLetters(destination?: string): Promise<readonly DeadLetter[]> {
    return readLetters(this.#database, this.#state.vault, destination);
  }

  async sendAgain(destination: string, seqs: readonly number[]): Promise<number> {
    return markAgain(this.#database, destination, seqs);
  }

  async dropLetter(destination: string, seq: number): Promise<void> {
    await dropLetter(this.#database, destination, seq);
  }

  onCommit(listener: (lastSeq: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async status(): Promise<JournalStatus> {
    const [counts] = await this.#database.all("SELECT count(*) AS segments FROM segment");
    const [size] = await this.#database.all(
      "SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size",
    );
    const cursors = await this.#database.all("SELECT destination, through FROM cursor ORDER BY destination");
    return {
      gateway: this.#state.gateway,
      epoch: this.epoch,
      lastSeq: this.lastSeq,
      segments: counts === undefined ? 0 : integer(counts, "segments"),
      bytes: size === undefined ? 0 : integer(size, "bytes"),
      cursors: Object.fromEntries(cursors.map((row) => [text(row, "destination"), integer(row, "through")])),
    };
  }

  /** Waits for what was appended, then closes. Later appends are refused. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#committer.idle();
    await this.#database.close();
  }

  async #commit(entries: readonly Entry[]): Promise<readonly Appended[]> {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      const { appended, head } = await this.#database.transaction((sql) => this.#write(sql, entries));
      if (head !== undefined) {
        this.#state.lastSeq = head.lastSeq;
        this.#state.previous = head.previous;
        for (const listener of this.#listeners) listener(head.lastSeq);
      }
      return appended;
    } catch (error) {
      const wrapped = asJournalError(error, this.#options.folder);
      // After any other refusal of the disk nobody knows what is on it: taking more could use a sequence number twice.
      if (sqliteCode(error) !== undefined && sqliteCode(error) !== "SQLITE_FULL") this.#broken = wrapped;
      throw wrapped;
    }
  }

  async #write(sql: Sql, entries: readonly Entry[]) {
    const { lastSeq } = this.#state;
    const known = await knownSeqs(sql, entries);
    const fresh: Entry[] = [];
    const appended = entries.map((entry): Appended => {
      const key = keyOf(entry.idem);
      const seq = known.get(key);
      if (seq !== undefined) return { seq, duplicate: true };
      fresh.push(entry);
      known.set(key, lastSeq + fresh.length);
      return { seq: lastSeq + fresh.length, duplicate: false };
    });
    if (fresh.length === 0) return { appended, head: undefined };

    const firstSeq = lastSeq + 1;
    const head = lastSeq + fresh.length;
    const cose = this.#seal(fresh, firstSeq);
    await sql.run("INSERT INTO segment(first_seq, last_seq, cose) VALUES (?, ?, ?)", [firstSeq, head, cose]);
    await insert(
      sql,
      "record(seq, kind, day, idem, device, person)",
      fresh.map(({ kind, day, idem, device, person }, index) => [firstSeq + index, kind, day, idem, device, person]),
    );
    await insert(
      sql,
      "body(seq, box)",
      fresh.map(({ box }, index) => [firstSeq + index, box]),
    );
    return { appended, head: { lastSeq: head, previous: hashOf(cose) } };
  }

  #seal(entries: readonly Entry[], firstSeq: number): Uint8Array {
    const now = this.#options.clock.now();
    return sealSegment(
      {
        gateway: this.#state.gateway,
        epoch: this.#state.epoch,
        firstSeq,
        previous: this.#state.previous,
        sealedAtMs: Math.max(0, now.wall),
        clock: { bootId: Buffer.from(now.bootId, "hex"), monotonicMs: now.monotonic, synchronised: now.synchronised },
        digests: entries.map(({ digest }) => digest),
      },
      this.#options.signingKey,
    );
  }
}

/** The sequence numbers of those that the journal has already. */
async function knownSeqs(sql: Sql, entries: readonly Entry[]): Promise<Map<string, number>> {
  const rows = await sql.all(
    `SELECT idem, seq FROM record WHERE idem IN (${entries.map(() => "?").join(",")})`,
    entries.map(({ idem }) => idem),
  );
  return new Map(rows.map((row) => [keyOf(blob(row, "idem")), integer(row, "seq")]));
}

function keyOf(idem: Uint8Array): string {
  return Buffer.from(idem).toString("latin1");
}

async function insert(sql: Sql, into: string, rows: readonly (readonly SqlValue[])[]): Promise<void> {
  const places = rows.map((row) => `(${row.map(() => "?").join(",")})`).join(",");
  await sql.run(`INSERT INTO ${into} VALUES ${places}`, rows.flat());
}

function asJournalError(error: unknown, where: string): Error {
  switch (sqliteCode(error)) {
    case undefined:
      return error instanceof Error ? error : new Error(String(error));
    case "SQLITE_BUSY":
    case "SQLITE_LOCKED":
      return errors.JOURNAL_LOCKED({ where, cause: error });
    case "SQLITE_FULL":
      return errors.JOURNAL_FULL({ where, cause: error });
    case "SQLITE_NOTADB":
      return errors.JOURNAL_NOT_OURS({ where, cause: error });
    case "SQLITE_CORRUPT":
      return errors.JOURNAL_DAMAGED({ where, cause: error });
    case "SQLITE_CANTOPEN":
    case "SQLITE_PERM":
    case "SQLITE_AUTH":
      return errors.JOURNAL_OPEN({ where, cause: error });
    default:
      return errors.JOURNAL_WRITE_FAILED({ where, cause: error });
  }
}
