/**
 * What does not wait for its turn: alarms, fresh measures while a backlog drains, and what was put aside and somebody wants
 * shown once more. Each goes in its own segment, with nothing else of it shown, on a topic of its own. It moves nothing: all
 * but the last go again in their turn, which is what the platform receipts, and are known there by their ids.
 */
import { isVigieError, type VigieError } from "../../errors/error.ts";
import { bytes, type Sentence } from "../../errors/sentence.ts";
import type { StoredSegment, StoredWholeRecord } from "../../journal/port.ts";
import { encodeMessage } from "../../seal/message.ts";
import { isWithheld, RecordKind } from "../../seal/record.ts";
import type { Because } from "../dead-letters.ts";
import { errors } from "../errors.ts";
import { alarmWaits, reasonCode } from "../trouble.ts";
import { withholding } from "../withhold.ts";
import type { ConversationParts } from "./conversation.ts";
import { type Publisher, packetBytes } from "./publisher.ts";
import { INVALID_CONTENT, TOO_LARGE } from "./reason.ts";

export class AheadLane {
  readonly #parts: ConversationParts;
  readonly #publisher: Publisher;
  readonly #failed: (reason: VigieError) => void;
  /** Alarms that do not wait for their turn, and how far they were looked for. */
  #alarms: number[] = [];
  #alarmsLookedForThrough = 0;
  /** The broker does not take fresh measures here: over this connection they wait for their turn. */
  #isClosed = false;
  /** What is shown once more, until the platform says what became of it. */
  #again: { readonly seq: number; readonly giveUp: () => void } | undefined;

  /** @param failed told where the connection ended, or the disk did not take something. */
  constructor(parts: ConversationParts, publisher: Publisher, failed: (reason: VigieError) => void) {
    this.#parts = parts;
    this.#publisher = publisher;
    this.#failed = failed;
  }

  /** Nothing more is waited for. */
  stop(): void {
    this.#again?.giveUp();
  }

  /** The platform said what became of what it was shown. */
  judged(seq: number): void {
    if (this.#again?.seq !== seq) return;
    this.#again.giveUp();
    this.#again = undefined;
    this.#parts.changed.raise();
  }

  /** Alarms of what is still to be sent go ahead of it. @param nextSeq where that begins */
  async sendAlarms(nextSeq: number): Promise<void> {
    const { journal, withhold } = this.#parts;
    const { lastSeq } = journal;
    if (this.#alarmsLookedForThrough < lastSeq) {
      const from = Math.max(this.#alarmsLookedForThrough + 1, nextSeq);
      this.#alarmsLookedForThrough = lastSeq;
      const found = await journal.alarms(from);
      this.#alarms.push(...found.filter((seq) => seq <= lastSeq));
    }
    while (this.#alarms[0] !== undefined && this.#publisher.hasRoom) {
      const [segment] = await journal.segments(this.#alarms[0], 1);
      if (segment === undefined) return;
      this.#alarms = this.#alarms.filter((seq) => seq > segment.lastSeq);
      // Refused here, they go in their turn all the same.
      this.#show(
        segment,
        (record) => record.kind === RecordKind.alarm && !withhold(record),
        (found) => this.#waits(found),
      );
    }
  }

  /**
   * Fresh measures go ahead of the backlog as far as the order of their devices allows.
   * @param nextSeq, as sendAlarms(). @param most so many messages at most. @returns how many went
   */
  async sendFresh(nextSeq: number, most: number): Promise<number> {
    const { overtaking, journal, standsAt, aside, withhold } = this.#parts;
    let sent = 0;
    if (this.#isClosed) return sent;
    await overtaking.look(standsAt());
    while (sent < most && this.#publisher.hasRoom) {
      const next = overtaking.next(standsAt(), nextSeq);
      const [segment] = next === undefined ? [] : await journal.segments(next, 1);
      if (segment === undefined) break;
      const shown = overtaking.take(segment, (record) => !aside.has(record.seq) && !withhold(record));
      if (shown.size === 0) continue;
      sent += 1;
      this.#show(
        segment,
        ({ seq }) => shown.has(seq),
        (found) => {
          this.#isClosed = true;
          this.#waits(found);
        },
      );
    }
    return sent;
  }

  /**
   * What was put aside goes once more where somebody wants it to, one at a time. The platform answers by saying whether it
   * holds this very record. A receipt could not tell: it says the same as before.
   */
  async sendAgain(): Promise<void> {
    const { aside, withhold, standsAt, timers, receiptTimeoutMs } = this.#parts;
    const [seq] = aside.wanted(standsAt());
    if (this.#again !== undefined || seq === undefined || !this.#publisher.hasRoom) return;
    const segment = await aside.onceMore(seq, withhold);
    if (segment === undefined) return this.#parts.changed.raise();
    this.#again = { seq, giveUp: timers.after(receiptTimeoutMs, () => this.judged(seq)) };
    const shows = (record: StoredWholeRecord): boolean => record.seq === seq;
    this.#show(segment, shows, (found, because) => {
      if (because === undefined) this.#waits(found);
      else this.#putBack(seq, because);
    });
  }

  /** The broker does not take it: nobody has to wait for what the platform says. */
  #putBack(seq: number, because: Because): void {
    this.#parts.aside.judged(seq, because).then(
      () => this.judged(seq),
      (cause: unknown) => this.#failed(isVigieError(cause) ? cause : errors.DELIVERY_FAILED({ cause })),
    );
  }

  /** @param refused told where it does not go; with `because` where it never will. */
  #show(
    segment: StoredSegment,
    shows: (record: StoredWholeRecord) => boolean,
    refused: (found: Sentence, because?: Because) => void,
  ): void {
    if (!segment.records.some((record) => !isWithheld(record) && shows(record))) return;
    const { alarmsTopic: topic, encoding } = this.#parts;
    const payload = encodeMessage(
      withholding(segment, (record) => !shows(record)),
      encoding(),
    );
    const size = packetBytes(topic, payload);
    const tooBig = () => refused(bytes(size), { code: "too-big", words: bytes(size).en });
    if (size > this.#publisher.maximumPacketSize) {
      tooBig();
      return;
    }
    this.#publisher.publish(topic, payload).then(
      (code) => {
        if (code === TOO_LARGE) tooBig();
        else if (code === INVALID_CONTENT) refused(reasonCode(code), { code: "invalid", words: reasonCode(code).en });
        else if (code !== 0) refused(reasonCode(code));
        this.#parts.changed.raise();
      },
      (error: VigieError) => this.#failed(error),
    );
  }

  /** The broker is to be asked why. */
  #waits(found: Sentence): void {
    const { destination, observe } = this.#parts;
    observe({ type: "fault", error: alarmWaits(destination, found) });
  }
}
