/**
 * Where the platform stands, as far as it proved it. That is where the cursor is; but a platform that lost its state (a disk
 * that was restored from a backup) says in its receipts that it has less. Then sending starts over from there, as far back as
 * the journal goes, while the cursor on disk stays: what retention may erase was receipted once.
 *
 * A receipt that goes less far than another proves nothing by itself: it may be late, or replayed by somebody. So it has to be
 * said again, the same, about what was sent again since, with no word of anything farther in between. And as a thief of old
 * receipts could manage even that, now and then, sending starts over once an hour at most, and more seldom where the platform
 * turned out to have everything.
 */
import type { VigieError } from "../errors/error.ts";
import { say, verbatim } from "../errors/sentence.ts";
import type { JournalReader } from "../journal/port.ts";
import type { Receipt } from "../seal/receipt.ts";
import { hashOf, takeApart } from "../seal/segment.ts";
import type { Cursor } from "./cursor.ts";
import { errors } from "./errors.ts";
import type { Timers } from "./timers.ts";

const HOUR_MS = 60 * 60_000;
const LONGEST_REST_MS = 24 * HOUR_MS;

/** What to make of a receipt that goes less far than what is known. */
export type Behind =
  /** To be asked again. */
  | "doubtful"
  /** Said again: it lost what it had. */
  | "lost"
  /** Said again, and too soon after the last time. */
  | "resting";

export class Position {
  readonly #cursor: Cursor;
  readonly #timers: Timers;
  /** Where it stands while it is behind the cursor. */
  #rewoundTo: number | undefined;
  #doubt: { readonly through: number; readonly round: number } | undefined;
  #restMs = HOUR_MS;
  #endRest: (() => void) | undefined;

  constructor(cursor: Cursor, timers: Timers) {
    this.#cursor = cursor;
    this.#timers = timers;
  }

  /** Sending goes on behind that record. */
  get standsAt(): number {
    return this.#rewoundTo ?? this.#cursor.confirmed;
  }

  /** It proved that it has everything up to there. @returns whether it had seemed to have less. */
  advanced(through: number): boolean {
    const { confirmed } = this.#cursor;
    if (this.#rewoundTo !== undefined) {
      // It takes what was sent again piece by piece: it had lost that indeed.
      if (through < confirmed) this.#restMs = HOUR_MS;
      this.#rewoundTo = through < confirmed ? through : undefined;
    }
    if (through > confirmed) this.#cursor.confirm(through);
    return this.trusted();
  }

  /** It says that it stands where it is known to. @returns whether it had seemed to have less. */
  trusted(): boolean {
    const wasDoubted = this.#doubt !== undefined;
    this.#doubt = undefined;
    return wasDoubted;
  }

  /** It says that it has less. @param round counts how often what is out was sent. */
  behind(through: number, round: number): Behind {
    const doubt = this.#doubt;
    if (doubt?.through !== through) this.#doubt = { through, round };
    if (doubt?.through !== through || round <= doubt.round) return "doubtful";
    return this.#endRest === undefined ? "lost" : "resting";
  }

  /**
   * Sending starts over from where a receipt says that the platform stands, where the journal can go on from there. That is
   * told, as often as it may be.
   * @returns what is to be told, and whether sending starts over.
   */
  async startOver(
    journal: Pick<JournalReader, "segments" | "checkpoint">,
    receipt: Receipt,
    where: string,
  ): Promise<StartOver> {
    const [has, had] = [receipt.through, this.#cursor.confirmed];
    const found = say(`elle a ${has}, et avait accusé ${had}`, `it has ${has}, and had receipted ${had}`);
    const goesOn = await goesOnFrom(journal, receipt);
    if (goesOn) this.#rewoundTo = receipt.through;
    this.#doubt = undefined;
    this.#endRest = this.#timers.after(this.#restMs, () => {
      this.#endRest = undefined;
    });
    this.#restMs = Math.min(this.#restMs * 2, LONGEST_REST_MS);
    const lost = goesOn ? errors.DELIVERY_PLATFORM_LOST_STATE : errors.DELIVERY_PLATFORM_TOO_FAR_BEHIND;
    return { startsOver: goesOn, error: lost({ where: verbatim(where), found }) };
  }

  [Symbol.dispose](): void {
    this.#endRest?.();
  }
}

export interface StartOver {
  readonly startsOver: boolean;
  readonly error: VigieError;
}

/**
 * Whether the journal has what comes behind that receipt, and the segment before is the one that it names. To a platform that
 * has nothing of it, the journal has what comes behind its prune, with the checkpoint first.
 */
async function goesOnFrom(
  journal: Pick<JournalReader, "segments" | "checkpoint">,
  { through, head }: Receipt,
): Promise<boolean> {
  const [next] = await journal.segments(through + 1, 1);
  if (through === 0) return next?.firstSeq === 1 || (await journal.checkpoint()) !== undefined;
  if (next?.firstSeq !== through + 1) return false;
  const hash = await hashAt(journal, through);
  return hash !== undefined && Buffer.from(hash).equals(head);
}

/**
 * The hash that a receipt for all through that record has to name; undefined where no segment of the journal ends there. Of the
 * last one that was pruned, the first one kept has it.
 */
export async function hashAt(
  journal: Pick<JournalReader, "segments">,
  through: number,
): Promise<Uint8Array | undefined> {
  const [segment] = await journal.segments(through, 1);
  if (segment?.lastSeq === through) return hashOf(segment.segment);
  if (segment?.firstSeq !== through + 1) return undefined;
  return takeApart(segment.segment)?.payload.previous ?? undefined;
}
