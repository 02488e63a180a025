/**
 * Looks after an open journal: what has been delivered for long enough goes at its hour, and at once while the journal is
 * full; and what befalls the file is told. A journal that was full says so in itself, once it can.
 */
import { randomBytes } from "node:crypto";
import { isVigieError, VigieError } from "../errors/error.ts";
import { type Sentence, say } from "../errors/sentence.ts";
import { type Clock, type Instant, type Milliseconds, ms } from "../measure/time.ts";
import { RecordKind } from "../seal/record.ts";
import type { Timers } from "./anchor.ts";
import { errors } from "./errors.ts";
import type { JournalOptions } from "./options.ts";
import type { Journal, RetentionPolicy } from "./port.ts";

export interface CaretakerParts {
  readonly policy: Omit<RetentionPolicy, "now">;
  readonly clock: Clock;
  readonly timers: Timers;
  /** What else has its days, and is done first. */
  readonly first?: () => Promise<void>;
  /** What befell the journal: that it is full, damaged, stopped, or could not be looked after. */
  readonly told: (error: VigieError) => void;
  /** The journal takes readings again, after so many milliseconds of refusing them. */
  readonly relieved?: (fullFor: Milliseconds) => void;
}

type Cared = Pick<Journal, "append" | "retain">;

const MINUTE_MS = 60_000;
/** After a start the radio and the platform come first; and a box that is restarted often is still looked after. */
const FIRST_MS = 5 * MINUTE_MS;
/** Retention counts in days. */
const NEXT_MS = 24 * 60 * MINUTE_MS;
/** While full: a receipt sets it off too; this is for what others free on the disk, and for a receipt that it did not take. */
const NEXT_WHEN_FULL_MS = 10 * MINUTE_MS;

export class Caretaker {
  /** To be given to openJournal(). */
  readonly hooks: Pick<JournalOptions, "onFull" | "onRelieved" | "onStopped" | "onDamage"> = {
    onFull: (refused) => this.#full(refused),
    onRelieved: () => this.#relieved(),
    onStopped: (refused) => this.#stopped(refused),
    onDamage: (seq, because) => this.#damaged(seq, because),
  };
  /** Resolves where the journal takes nothing more: the process ends, and a fresh one finds out what is on the disk. */
  readonly failed: Promise<VigieError>;
  readonly #parts: CaretakerParts;
  readonly #damages = new Set<string>();
  #fail: (error: VigieError) => void = () => undefined;
  #journal: Cared | undefined;
  #fullSince: Instant | undefined;
  #isRetaining = false;
  #isAskedAgain = false;
  #cancel: () => void = () => undefined;

  constructor(parts: CaretakerParts) {
    this.#parts = parts;
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
  }

  /** @returns a function that ends it. What is being erased then goes on until the journal is closed. */
  keep(journal: Cared): () => void {
    this.#journal = journal;
    this.#in(this.#fullSince === undefined ? FIRST_MS : 0);
    return () => {
      this.#journal = undefined;
      this.#cancel();
    };
  }

  /** A destination has confirmed more: where the journal is full, that makes room. */
  receipted(): void {
    if (this.#fullSince !== undefined) void this.#retain();
  }

  #in(ms: number): void {
    this.#cancel();
    this.#cancel = this.#parts.timers.after(ms, () => void this.#retain());
  }

  async #retain(): Promise<void> {
    const { policy, clock, first } = this.#parts;
    const journal = this.#journal;
    if (this.#isRetaining) this.#isAskedAgain = true;
    if (journal === undefined || this.#isRetaining) return;
    this.#isRetaining = true;
    this.#isAskedAgain = false;
    const retain = () => journal.retain({ ...policy, now: clock.now() });
    for (const work of first === undefined ? [retain] : [first, retain]) {
      try {
        await work();
      } catch (error) {
        // Closed meanwhile, or full, which was told when it began.
        if (!isVigieError(error, "JOURNAL_CLOSED") && !isVigieError(error, "JOURNAL_FULL")) this.#tell(error);
      }
    }
    this.#isRetaining = false;
    if (this.#journal === undefined) return;
    const whenFull = this.#isAskedAgain ? 0 : NEXT_WHEN_FULL_MS;
    this.#in(this.#fullSince === undefined ? NEXT_MS : whenFull);
  }

  #full(refused: Error): void {
    this.#fullSince = this.#parts.clock.now();
    this.#tell(refused);
    if (this.#journal !== undefined) void this.#retain();
  }

  #relieved(): void {
    const since = this.#fullSince;
    this.#fullSince = undefined;
    if (since === undefined) return;
    const now = this.#parts.clock.now();
    this.#parts.relieved?.(ms(now.monotonic - since.monotonic));
    if (this.#journal === undefined) return;
    const body = { type: "journal-full", since: iso(since), until: iso(now) };
    this.#journal
      .append({ kind: RecordKind.event, id: randomBytes(16), body: Buffer.from(JSON.stringify(body)) })
      .catch((error: unknown) => this.#tell(error));
  }

  #stopped(refused: Error): void {
    this.#fail(this.#tell(refused));
  }

  /** Each once: delivery comes by a damaged record again and again. */
  #damaged(seq: number | undefined, because: Sentence): void {
    const { fr, en } = because;
    const found = seq === undefined ? because : say(`enregistrement ${seq} : ${fr}`, `record ${seq}: ${en}`);
    if (this.#damages.has(found.en)) return;
    this.#damages.add(found.en);
    this.#tell(errors.JOURNAL_DAMAGED({ found }));
  }

  #tell(error: unknown): VigieError {
    const told = error instanceof VigieError ? error : errors.JOURNAL_WRITE_FAILED({ cause: error });
    this.#parts.told(told);
    return told;
  }
}

const iso = ({ wall }: Instant): string => new Date(wall).toISOString();
