/**
 * Where a record goes that a destination refuses for good: beside the journal, encrypted, with the destination's own
 * words, so that the rest passes. Somebody at the box reads them, has the cause mended, and has the record sent again.
 */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { verbatim } from "../errors/sentence.ts";
import type { Observe } from "../events.ts";
import {
  type Draft,
  type Fact,
  type JournalFacts,
  type JournalReader,
  type JournalWriter,
  REFUSALS,
} from "../journal/port.ts";
import { toJson } from "../measure/json.ts";
import type { Clock } from "../measure/time.ts";
import { isWithheld, RecordKind } from "../seal/record.ts";
import { recordRefused } from "./trouble.ts";

/** Why a record was refused. */
export interface Because {
  /** For programs, events and logs: an HTTP status, or a word of ours. Never health data. */
  readonly code: string;
  /** The destination's own words, as they came. They may repeat the measure. */
  readonly words: string;
}

export const letterShape = z.strictObject({
  destination: z.string(),
  seq: z.int(),
  code: z.string(),
  words: z.string(),
  /** When, milliseconds since 1970. */
  at: z.int(),
  /** Somebody wants it sent once more. */
  again: z.boolean(),
});
export type DeadLetter = z.output<typeof letterShape>;

export interface DeadLettersParts {
  readonly journal: JournalWriter & JournalFacts & Pick<JournalReader, "segments">;
  readonly clock: Clock;
  readonly observe: Observe;
}

/** A diagnosis is some sentences; a stack trace is not for the technician. */
const MAX_WORDS = 1_000;

/** The dead letters of all destinations, in memory as they are on disk. */
export class DeadLetters {
  readonly #parts: DeadLettersParts;
  readonly #letters: Map<string, DeadLetter>;
  readonly #listeners = new Set<() => void>();

  private constructor(parts: DeadLettersParts, letters: readonly DeadLetter[]) {
    this.#parts = parts;
    this.#letters = new Map(letters.map((letter) => [keyOf(letter), letter]));
  }

  /** @throws JOURNAL_DAMAGED */
  static async open(parts: DeadLettersParts): Promise<DeadLetters> {
    const facts = await parts.journal.facts(REFUSALS);
    return new DeadLetters(
      parts,
      facts.map(({ value }) => letterShape.parse(JSON.parse(value))),
    );
  }

  /** By destination and sequence number. */
  list(destination?: string): readonly DeadLetter[] {
    return [...this.#letters.values()]
      .filter((letter) => destination === undefined || letter.destination === destination)
      .sort((a, b) => (a.destination === b.destination ? a.seq - b.seq : a.destination < b.destination ? -1 : 1));
  }

  has(destination: string, seq: number): boolean {
    return this.#letters.has(keyOf({ destination, seq }));
  }

  /**
   * Resolves when the letter and the event that tells of it are on disk: only then may the cursor pass. What is no measure
   * is only said: its letter would raise an event, which would be refused as well, without end.
   */
  async put(
    { destination, seq, kind }: { readonly destination: string; readonly seq: number; readonly kind?: RecordKind },
    because: Because,
  ): Promise<void> {
    const { clock, observe } = this.#parts;
    const { code } = because;
    if (kind === RecordKind.measure) {
      const at = Math.max(0, clock.now().wall);
      // An answer to a record that was erased meanwhile may still repeat it.
      const words = (await this.#isErased(seq)) ? "" : legible(because.words);
      const letter = { destination, seq, code, words, at, again: false };
      await this.#write(event({ type: "record-refused", destination, seq, because: code }), [letter]);
    }
    observe({ type: "fault", error: recordRefused(destination, seq, verbatim(code)) });
  }

  /**
   * Has records sent once more. @param audit tells who asked for it; on disk with the marks.
   * @returns how many of them there were.
   */
  async sendAgain(destination: string, seqs: readonly number[], audit: Draft): Promise<number> {
    const letters = this.list(destination).filter(({ seq }) => seqs.includes(seq));
    if (letters.length === 0) return 0;
    await this.#write(
      audit,
      letters.map((letter) => ({ ...letter, again: true })),
    );
    for (const listener of this.#listeners) listener();
    return letters.length;
  }

  /** The records of a destination that somebody wants sent once more, in order. */
  wanted(destination: string): readonly number[] {
    return this.list(destination)
      .filter(({ again }) => again)
      .map(({ seq }) => seq);
  }

  /** Calls back when there is something to send once more. @returns what stops it. */
  onWanted(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** It was taken after all. */
  taken(destination: string, seq: number): Promise<void> {
    return this.#takeOff(destination, seq, "record-taken");
  }

  /** A newer version of it was taken: this one must not go any more. */
  superseded(destination: string, seq: number): Promise<void> {
    return this.#takeOff(destination, seq, "record-superseded");
  }

  async #takeOff(destination: string, seq: number, type: string): Promise<void> {
    const { journal } = this.#parts;
    const key = keyOf({ destination, seq });
    await journal.append(event({ type, destination, seq }), [{ shelf: REFUSALS, key }]);
    this.#letters.delete(key);
  }

  /** Forgets the letters that are not on disk any more: they went with a person who was erased. */
  async forgetErased(): Promise<void> {
    const before = [...this.#letters.keys()];
    const kept = new Set((await this.#parts.journal.facts(REFUSALS)).map(({ key }) => key));
    for (const key of before) if (!kept.has(key)) this.#letters.delete(key);
  }

  async #isErased(seq: number): Promise<boolean> {
    const [segment] = await this.#parts.journal.segments(seq, 1);
    const record = segment?.records.find((one) => one.seq === seq);
    return record === undefined || isWithheld(record);
  }

  async #write(draft: Draft, letters: readonly DeadLetter[]): Promise<void> {
    const facts = letters.map(
      (letter): Fact => ({ shelf: REFUSALS, key: keyOf(letter), value: JSON.stringify(letter) }),
    );
    await this.#parts.journal.append(draft, facts);
    for (const letter of letters) this.#letters.set(keyOf(letter), letter);
  }
}

const keyOf = ({ destination, seq }: Pick<DeadLetter, "destination" | "seq">): string => `${destination}/${seq}`;

/** It travels to every platform: no word of the destination's in it. */
function event(body: Readonly<Record<string, string | number>>): Draft {
  return { kind: RecordKind.event, id: new Uint8Array(randomBytes(16)), body: Buffer.from(toJson(body)) };
}

/** One line that a terminal can show: no control characters, which could make it show something else, and an end. */
export function legible(words: string): string {
  const line = words
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]+/gu, " ")
    .replace(/ {2,}/g, " ")
    .trim();
  return line.length <= MAX_WORDS ? line : `${line.slice(0, MAX_WORDS)}…`;
}
