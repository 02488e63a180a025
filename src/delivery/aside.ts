/** Where a record goes that a destination refuses for good: into the journal's dead letters, so that the rest passes. */
import type { Observe } from "../events.ts";
import type { DeadLetters, JournalWriter } from "../journal/port.ts";
import { digest } from "../measure/identity.ts";
import { toJson } from "../measure/json.ts";
import type { Clock } from "../measure/time.ts";
import { RecordKind } from "../seal/record.ts";
import { errors } from "./errors.ts";

/** Why a record was refused. */
export interface Because {
  /** For programs, events and logs: an HTTP status, or a word of ours. Never health data. */
  readonly code: string;
  /** The destination's own words, as they came. */
  readonly words: string;
}

export interface AsideParts {
  readonly destination: string;
  readonly journal: DeadLetters & JournalWriter & { readonly epoch: number };
  readonly clock: Clock;
  readonly observe: Observe;
}

/** A diagnosis is some sentences; a stack trace is not for the technician. */
const MAX_WORDS = 1_000;

export class Aside {
  readonly #parts: AsideParts;

  constructor(parts: AsideParts) {
    this.#parts = parts;
  }

  /** Resolves when the letter and, for a measure, the event that tells of it are on disk: only then may the cursor pass. */
  async put({ seq, kind }: { readonly seq: number; readonly kind?: RecordKind }, because: Because): Promise<void> {
    const { destination, journal, clock, observe } = this.#parts;
    const { code } = because;
    const at = Math.max(0, clock.now().wall);
    await journal.putAside({ destination, seq, code, words: legible(because.words), at, again: false });
    // A refused event raises none: the next one would be refused as well, without end.
    if (kind === RecordKind.measure) {
      await journal.append({
        kind: RecordKind.event,
        id: digest(["refused", destination, journal.epoch, seq]),
        body: Buffer.from(toJson({ type: "record-refused", destination, seq, because: code })),
      });
    }
    observe({
      type: "fault",
      error: errors.DELIVERY_RECORD_REFUSED({ where: destination, found: `record ${seq}: ${code}` }),
    });
  }

  /** The records that somebody wants sent once more, in order. */
  async wanted(): Promise<readonly number[]> {
    const letters = await this.#parts.journal.deadLetters(this.#parts.destination);
    return letters.filter(({ again }) => again).map(({ seq }) => seq);
  }

  /** It was taken after all. */
  async taken(seq: number): Promise<void> {
    await this.#parts.journal.dropLetter(this.#parts.destination, seq);
  }

  /** What lies here already. */
  async known(): Promise<ReadonlySet<number>> {
    return new Set((await this.#parts.journal.deadLetters(this.#parts.destination)).map(({ seq }) => seq));
  }
}

/** One line that a terminal can show: no control characters, which could make it show something else, and an end. */
export function legible(words: string): string {
  const line = words
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]+/gu, " ")
    .replace(/ {2,}/g, " ")
    .trim();
  return line.length <= MAX_WORDS ? line : `${line.slice(0, MAX_WORDS)}…`;
}
