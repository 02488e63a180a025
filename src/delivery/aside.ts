/**
 * What one destination does not get in the ordinary course: the records that it refused for good, and those that are too
 * large for it. Their digests travel, the rest passes, and somebody at the box may have them shown once more.
 */
import type { JournalReader, StoredSegment } from "../journal/port.ts";
import type { RefusedRecord } from "../seal/receipt.ts";
import { RecordKind } from "../seal/record.ts";
import type { Because, DeadLetters } from "./dead-letters.ts";
import { isSuperseded } from "./fhir/versions.ts";
import { recordAt } from "./record-at.ts";
import type { Withhold } from "./withhold.ts";

export interface AsideParts {
  readonly destination: string;
  readonly journal: Pick<JournalReader, "segments" | "lastSeq">;
  readonly deadLetters: DeadLetters;
}

export class Aside {
  readonly #parts: AsideParts;
  /** What is no measure gets no letter. */
  readonly #unlettered = new Set<number>();
  /** Taken after all; receipts that were on their way may still call it refused. */
  readonly #taken = new Set<number>();

  constructor(parts: AsideParts) {
    this.#parts = parts;
  }

  has(seq: number): boolean {
    const { destination, deadLetters } = this.#parts;
    return this.#unlettered.has(seq) || deadLetters.has(destination, seq);
  }

  /** Resolves when it is on disk: only then may the cursor pass. */
  async put(seq: number, because: Because): Promise<void> {
    const { destination, journal, deadLetters } = this.#parts;
    const { kind } = (await recordAt(seq, journal)) ?? {};
    if (kind !== RecordKind.measure) this.#unlettered.add(seq);
    await deadLetters.put({ destination, seq, ...(kind !== undefined && { kind }) }, because);
  }

  /** What a receipt says is refused is put aside, once. @returns whether any of it was news. */
  async heed(exceptions: readonly RefusedRecord[]): Promise<boolean> {
    const news = exceptions.filter(({ seq }) => !this.has(seq) && !this.#taken.has(seq));
    for (const { seq, reason } of news) await this.put(seq, { code: "refused", words: reason });
    return news.length > 0;
  }

  /** Records up to there that somebody wants shown once more, in order. */
  wanted(through: number): readonly number[] {
    const { destination, deadLetters } = this.#parts;
    return deadLetters.wanted(destination).filter((seq) => seq <= through);
  }

  /**
   * The segment that it is to be shown in.
   * @returns undefined where there is nothing to show any more, which its letter then says; or where the measure was
   * corrected since: what came before the correction never goes again, and the letter is closed.
   */
  async onceMore(seq: number, withhold: Withhold): Promise<StoredSegment | undefined> {
    const { destination, journal, deadLetters } = this.#parts;
    const record = await recordAt(seq, journal);
    if (record === undefined || withhold(record)) {
      const because = { code: record === undefined ? "erased" : "withheld", words: "" };
      await deadLetters.put({ destination, seq, kind: RecordKind.measure }, because);
      return undefined;
    }
    if (await isSuperseded(record, journal.lastSeq, journal)) {
      await deadLetters.superseded(destination, seq);
      return undefined;
    }
    return (await journal.segments(seq, 1))[0];
  }

  /** What the destination answered to it. */
  async judged(seq: number, refusal: Because | undefined): Promise<void> {
    const { destination, deadLetters } = this.#parts;
    if (refusal !== undefined) return this.put(seq, refusal);
    this.#taken.add(seq);
    await deadLetters.taken(destination, seq);
  }
}
