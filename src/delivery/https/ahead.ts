/**
 * What does not wait for a backlog: alarms, and fresh measures as far as the order of their devices allows. Each goes in its own
 * segment, with nothing else of it shown, to an address of its own; it goes again in its turn, and is known there by its id.
 */
import type { Observe } from "../../events.ts";
import type { JournalReader, StoredSegment, StoredWholeRecord } from "../../journal/port.ts";
import { encodeMessage } from "../../seal/message.ts";
import { isWithheld, RecordKind } from "../../seal/record.ts";
import type { HttpLine } from "../http/line.ts";
import { httpStatus } from "../http/status.ts";
import { BACKLOG, Overtaking } from "../overtaking.ts";
import { alarmWaits } from "../trouble.ts";
import { withholding } from "../withhold.ts";
import type { BatchBounds } from "./batch.ts";
import { aheadOf, COSE } from "./media.ts";

/** Fresh measures that go ahead between two POSTs of the backlog: 80 a second at 100 ms, and the backlog drains. */
const FRESH_POSTS = 8;

export interface AheadParts {
  readonly destination: string;
  /** Where the segments go. */
  readonly url: string;
  readonly line: HttpLine;
  readonly journal: JournalReader;
  /** Where the platform stands: sending goes on behind that record. */
  readonly standsAt: () => number;
  readonly bounds: () => Pick<BatchBounds, "encoding" | "withhold">;
  readonly observe: Observe;
}

export class AheadPosts {
  readonly #parts: AheadParts;
  readonly #overtaking: Overtaking;
  #alarmsSentThrough = 0;
  /** The platform does not take fresh measures here: until the next attempt they wait for their turn. */
  #isClosed = false;

  constructor(parts: AheadParts) {
    this.#parts = parts;
    this.#overtaking = new Overtaking(parts.journal);
  }

  newAttempt(): void {
    this.#isClosed = false;
    this.#overtaking.reconnected();
  }

  /** What the platform holds ahead is not known any more. */
  forget(): void {
    this.#overtaking.forget();
    this.#alarmsSentThrough = 0;
  }

  /** @throws what came in the way of the connection. What the platform does not take goes in its turn. */
  async send(stop: AbortSignal): Promise<void> {
    const { journal, standsAt } = this.#parts;
    if (journal.lastSeq <= standsAt() + BACKLOG) {
      this.#overtaking.forget();
      return;
    }
    await this.#sendAlarms(stop);
    if (!this.#isClosed) await this.#sendFresh(stop);
  }

  async #sendAlarms(stop: AbortSignal): Promise<void> {
    const { journal, standsAt, bounds } = this.#parts;
    const { lastSeq } = journal;
    if (lastSeq <= this.#alarmsSentThrough) return;
    for (const seq of await journal.alarms(Math.max(standsAt(), this.#alarmsSentThrough) + 1)) {
      const [segment] = seq > this.#alarmsSentThrough ? await journal.segments(seq, 1) : [];
      if (segment === undefined) continue;
      await this.#show(segment, (record) => record.kind === RecordKind.alarm && !bounds().withhold(record), stop);
      this.#alarmsSentThrough = segment.lastSeq;
    }
    this.#alarmsSentThrough = Math.max(this.#alarmsSentThrough, lastSeq);
  }

  async #sendFresh(stop: AbortSignal): Promise<void> {
    const { journal, standsAt, bounds } = this.#parts;
    await this.#overtaking.look(standsAt());
    for (let posts = 0; posts < FRESH_POSTS; posts += 1) {
      const next = this.#overtaking.next(standsAt(), standsAt() + 1);
      const [segment] = next === undefined ? [] : await journal.segments(next, 1);
      if (segment === undefined) return;
      const shown = this.#overtaking.take(segment, (record) => !bounds().withhold(record));
      if (shown.size === 0) continue;
      this.#isClosed = !(await this.#show(segment, ({ seq }) => shown.has(seq), stop));
      if (this.#isClosed) return;
      this.#overtaking.settled(shown);
    }
  }

  /** @returns whether the platform took it; there may be nothing to take. */
  async #show(
    segment: StoredSegment,
    shows: (record: StoredWholeRecord) => boolean,
    stop: AbortSignal,
  ): Promise<boolean> {
    if (!segment.records.some((record) => !isWithheld(record) && shows(record))) return true;
    const { destination, url, line, bounds, observe } = this.#parts;
    const message = withholding(segment, (record) => !shows(record));
    const body = encodeMessage(message, bounds().encoding);
    const headers = { "content-type": COSE };
    const { status } = await line.exchange(
      { method: "POST", url: aheadOf(url), headers, body, isRepeatable: true },
      stop,
    );
    if (status <= 299) return true;
    observe({ type: "fault", error: alarmWaits(destination, httpStatus(status)) });
    return false;
  }
}
