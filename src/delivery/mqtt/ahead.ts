/**
 * What does not wait for its turn: alarms, and what was put aside and somebody wants shown once more. Each goes in its own
 * segment, with nothing else of it shown, on a topic of its own. It moves nothing: an alarm goes again in its turn, which is
 * what the platform receipts, and is known there by its id.
 */
import type { VigieError } from "../../errors/error.ts";
import type { StoredSegment, StoredWholeRecord } from "../../journal/port.ts";
import { encodeMessage } from "../../seal/message.ts";
import { RecordKind } from "../../seal/record.ts";
import { errors } from "../errors.ts";
import { withholding } from "../withhold.ts";
import type { ConversationParts } from "./conversation.ts";
import { type Publisher, packetBytes } from "./publisher.ts";
import { hexCode } from "./reason.ts";

/** Told by the lane to the conversation whose it is. */
export interface AheadEvents {
  changed(): void;
  failed(reason: VigieError): void;
}

export class AheadLane {
  readonly #parts: ConversationParts;
  readonly #publisher: Publisher;
  readonly #events: AheadEvents;
  /** Alarms that do not wait for their turn, and how far they were looked for. */
  #alarms: number[] = [];
  #alarmsLookedForThrough = 0;
  /** What is shown once more, until the platform says what became of it. */
  #again: { readonly seq: number; readonly giveUp: () => void } | undefined;

  constructor(parts: ConversationParts, publisher: Publisher, events: AheadEvents) {
    this.#parts = parts;
    this.#publisher = publisher;
    this.#events = events;
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
    this.#events.changed();
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
      this.#show(segment, (record) => record.kind === RecordKind.alarm && !withhold(record));
    }
  }

  /**
   * What was put aside goes once more where somebody wants it to, one at a time. The platform answers by saying whether it
   * holds this very record. A receipt could not tell: it says the same as before.
   */
  async sendAgain(): Promise<void> {
    const { aside, withhold, confirmed, timers, receiptTimeoutMs } = this.#parts;
    const [seq] = aside.wanted(confirmed());
    if (this.#again !== undefined || seq === undefined || !this.#publisher.hasRoom) return;
    const segment = await aside.onceMore(seq, withhold);
    if (segment === undefined) return this.#events.changed();
    this.#again = { seq, giveUp: timers.after(receiptTimeoutMs, () => this.judged(seq)) };
    this.#show(segment, (record) => record.seq === seq);
  }

  #show(segment: StoredSegment, shows: (record: StoredWholeRecord) => boolean): void {
    const { alarmsTopic: topic, encoding } = this.#parts;
    const payload = encodeMessage(
      withholding(segment, (record) => !shows(record)),
      encoding(),
    );
    const bytes = packetBytes(topic, payload);
    if (bytes > this.#publisher.maximumPacketSize) this.#waits(`${bytes} bytes`);
    else this.#publish(topic, payload);
  }

  #publish(topic: string, payload: Uint8Array): void {
    this.#publisher.publish(topic, payload).then(
      (code) => {
        if (code !== 0) this.#waits(hexCode(code));
        this.#events.changed();
      },
      (error: VigieError) => this.#events.failed(error),
    );
  }

  /** Refused here, it goes in its turn all the same; or again, where that is what was asked for. */
  #waits(found: string): void {
    const { destination, observe } = this.#parts;
    observe({ type: "fault", error: errors.DELIVERY_ALARM_WAITS({ where: destination, found }) });
  }
}
