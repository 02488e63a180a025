/**
 * One MQTT connection's worth of sending: keeps the window full, and ends when the connection does, when the broker
 * refuses, or when it goes on taking segments of which the platform never says that it has them.
 */
import type { VigieError } from "../../errors/error.ts";
import { bytes, say } from "../../errors/sentence.ts";
import type { Observe } from "../../events.ts";
import type { JournalReader, StoredSegment } from "../../journal/port.ts";
import type { Encoding } from "../../seal/encoding.ts";
import { encodeMessage } from "../../seal/message.ts";
import { RecordKind } from "../../seal/record.ts";
import { hashOf } from "../../seal/segment.ts";
import type { Aside } from "../aside.ts";
import { errors } from "../errors.ts";
import type { Outstanding, WindowLimits } from "../outstanding.ts";
import type { Ending } from "../retry.ts";
import { Signal } from "../signal.ts";
import type { Timers } from "../timers.ts";
import { alarmWaits, reasonCode, troubleOfReason } from "../trouble.ts";
import { type Withhold, withholding } from "../withhold.ts";
import type { MqttSession } from "./port.ts";

/** Records read from the journal at once: one full segment, or as many single ones. */
const READ_RECORDS = 256;
/** A platform that repeats itself may only be busy with what is on its way. Two round trips of a bad link, then we resend. */
const GAP_MS = 2_000;
/** A connection that stood this long was none of those that break as soon as they are made. */
const STOOD_MS = 60_000;
/** Fixed header, lengths, packet id and empty properties of a PUBLISH (MQTT 5 §3.3) take 12 bytes at most. */
const PUBLISH_OVERHEAD = 12;

export interface ConversationParts {
  readonly destination: string;
  readonly topic: string;
  readonly alarmsTopic: string;
  readonly journal: JournalReader;
  readonly outstanding: Outstanding;
  readonly aside: Aside;
  readonly confirmed: () => number;
  readonly window: () => WindowLimits;
  readonly receiptTimeoutMs: number;
  readonly withhold: Withhold;
  readonly encoding: () => Encoding;
  readonly timers: Timers;
  readonly observe: Observe;
}

export class Conversation {
  readonly #parts: ConversationParts;
  readonly #session: MqttSession;
  readonly #changed = new Signal();
  /** Read from the journal, not yet sent: at most what one read gives. */
  #ready: StoredSegment[] = [];
  #nextSeq: number;
  /** Alarms that do not wait for their turn, and how far they were looked for. */
  #alarms: number[] = [];
  #alarmsLookedForThrough = 0;
  /** What is shown once more, until the platform says what became of it. */
  #again: { readonly seq: number; readonly giveUp: () => void } | undefined;
  #unacknowledged = 0;
  #ended: VigieError | undefined;
  #stood = false;
  #cancelReceiptTimer: (() => void) | undefined;
  #cancelGapTimer: (() => void) | undefined;

  constructor(parts: ConversationParts, session: MqttSession) {
    this.#parts = parts;
    this.#session = session;
    this.#nextSeq = parts.confirmed() + 1;
    parts.outstanding.restart();
  }

  /** Sends until something ends it. */
  async run(): Promise<Ending> {
    const { journal, timers, outstanding } = this.#parts;
    const stopListening = journal.onCommit(() => this.#changed.raise());
    const cancelStood = timers.after(STOOD_MS, () => {
      this.#stood ||= !outstanding.awaitsReceipt;
    });
    try {
      let reason = this.#ended;
      while (reason === undefined) {
        if (!(await this.#sendSome())) await this.#changed.wait();
        reason = this.#ended;
      }
      return { reason, stood: this.#stood };
    } finally {
      stopListening();
      cancelStood();
      this.#cancelReceiptTimer?.();
      this.#cancelGapTimer?.();
      this.#again?.giveUp();
    }
  }

  /** There is something else to send, perhaps. */
  lookAgain(): void {
    this.#changed.raise();
  }

  /** The platform said what became of what it was shown once more. */
  judged(seq: number): void {
    if (this.#again?.seq !== seq) return;
    this.#again.giveUp();
    this.#again = undefined;
    this.#changed.raise();
  }

  /** Ends it, for this reason. The first one counts. */
  end(reason: VigieError): void {
    this.#ended ??= reason;
    this.#changed.raise();
  }

  /** A receipt moved the cursor: there is room, and whatever was missing has come. */
  progressed(): void {
    this.#stood = true;
    this.#cancelGapTimer?.();
    this.#cancelGapTimer = undefined;
    this.#cancelReceiptTimer?.();
    this.#cancelReceiptTimer = undefined;
    this.#expectReceipt();
    this.#changed.raise();
  }

  /** The platform said again how far it is, while it should have more: unless that comes soon, send from there. */
  repeated(): void {
    if (!this.#parts.outstanding.awaitsReceipt) return;
    // It stays armed until there is progress: one resend per gap, the receipt timer sees to the rest.
    this.#cancelGapTimer ??= this.#parts.timers.after(GAP_MS, () => this.resend());
  }

  /** Sends from the cursor on, again. */
  resend(): void {
    this.#parts.outstanding.restart();
    this.#ready = [];
    this.#nextSeq = this.#parts.confirmed() + 1;
    this.#changed.raise();
  }

  /** @returns false where there is nothing to send, or no room for it. */
  async #sendSome(): Promise<boolean> {
    await this.#sendAlarms();
    await this.#sendAgain();
    if (!this.#hasRoom()) return false;
    if (this.#ready.length === 0) return this.#readSome();
    for (let next = this.#ready.shift(); next !== undefined; next = this.#hasRoom() ? this.#ready.shift() : undefined) {
      this.#send(next);
    }
    return true;
  }

  #hasRoom(): boolean {
    const { window, outstanding } = this.#parts;
    return this.#unacknowledged < this.#session.limits.receiveMaximum && outstanding.hasRoom(window());
  }

  /**
   * Alarms go ahead of a backlog: each in its own segment, with nothing else of that segment shown. They go again in their
   * turn, which is what the platform receipts; it knows them by their id.
   */
  async #sendAlarms(): Promise<void> {
    const { journal } = this.#parts;
    // With no more waiting than the next read brings, their turn is now.
    if (this.#hasRoom() && journal.lastSeq < this.#nextSeq + READ_RECORDS) return;
    const { lastSeq } = journal;
    if (this.#alarmsLookedForThrough < lastSeq) {
      const from = Math.max(this.#alarmsLookedForThrough + 1, this.#nextSeq);
      this.#alarmsLookedForThrough = lastSeq;
      const found = await journal.alarms(from);
      this.#alarms.push(...found.filter((seq) => seq <= lastSeq));
    }
    while (this.#alarms[0] !== undefined && this.#unacknowledged < this.#session.limits.receiveMaximum) {
      const [segment] = await journal.segments(this.#alarms[0], 1);
      if (segment === undefined) return;
      this.#alarms = this.#alarms.filter((seq) => seq > segment.lastSeq);
      this.#sendAhead(segment);
    }
  }

  #sendAhead(segment: StoredSegment): void {
    const { alarmsTopic, withhold, encoding, destination, observe } = this.#parts;
    const alone = withholding(segment, (record) => record.kind !== RecordKind.alarm || withhold(record));
    const payload = encodeMessage(alone, encoding());
    if (payload.length + Buffer.byteLength(alarmsTopic) + PUBLISH_OVERHEAD > this.#session.limits.maximumPacketSize)
      return;
    this.#unacknowledged += 1;
    this.#session.publish(alarmsTopic, payload).then(
      (code) => {
        this.#unacknowledged -= 1;
        // Refused here, it goes in its turn all the same.
        if (code !== 0) observe({ type: "fault", error: alarmWaits(destination, reasonCode(code)) });
        this.#changed.raise();
      },
      (error: VigieError) => this.end(error),
    );
  }

  /**
   * What was put aside goes once more where somebody wants it to: one at a time, by the way of the alarms, which the platform
   * answers by saying whether it holds this very record. A receipt could not tell: it says the same as before.
   */
  async #sendAgain(): Promise<void> {
    const { aside, alarmsTopic, withhold, encoding, confirmed, timers, receiptTimeoutMs, destination, observe } =
      this.#parts;
    const [seq] = aside.wanted(confirmed());
    if (this.#again !== undefined || seq === undefined) return;
    if (this.#unacknowledged >= this.#session.limits.receiveMaximum) return;
    const message = await aside.onceMore(seq, withhold);
    if (message === undefined) return this.#changed.raise();
    const payload = encodeMessage(message, encoding());
    const giveUp = timers.after(receiptTimeoutMs, () => this.judged(seq));
    this.#again = { seq, giveUp };
    this.#unacknowledged += 1;
    this.#session.publish(alarmsTopic, payload).then(
      (code) => {
        this.#unacknowledged -= 1;
        if (code !== 0) observe({ type: "fault", error: alarmWaits(destination, reasonCode(code)) });
        this.#changed.raise();
      },
      (error: VigieError) => this.end(error),
    );
  }

  async #readSome(): Promise<boolean> {
    const { journal } = this.#parts;
    if (this.#nextSeq > journal.lastSeq) return false;
    const from = this.#nextSeq;
    const read = await journal.segments(from, READ_RECORDS);
    // A resend may have begun meanwhile.
    if (from === this.#nextSeq) this.#ready = [...read];
    return read.length > 0;
  }

  #send(segment: StoredSegment): void {
    const { topic, outstanding, withhold, aside, encoding } = this.#parts;
    const message = withholding(segment, (record) => aside.has(record.seq) || withhold(record));
    const payload = encodeMessage(message, encoding());
    const { firstSeq, lastSeq } = segment;
    const packetBytes = payload.length + Buffer.byteLength(topic) + PUBLISH_OVERHEAD;
    const { maximumPacketSize } = this.#session.limits;
    if (packetBytes > maximumPacketSize) {
      const most = say(`${maximumPacketSize} au plus`, `at most ${maximumPacketSize}`);
      this.end(errors.DELIVERY_TOO_BIG({ found: bytes(packetBytes), expected: most }));
      return;
    }
    outstanding.sent({ firstSeq, lastSeq, hash: hashOf(segment.segment), bytes: payload.length });
    this.#nextSeq = lastSeq + 1;
    this.#unacknowledged += 1;
    this.#session.publish(topic, payload).then(
      (code) => this.#answered(segment, code),
      (error: VigieError) => this.end(error),
    );
  }

  #answered({ firstSeq, lastSeq }: StoredSegment, code: number): void {
    this.#unacknowledged -= 1;
    if (code !== 0) {
      this.end(troubleOfReason(code));
      return;
    }
    this.#parts.outstanding.acknowledged(lastSeq);
    this.#parts.observe({ type: "delivered", destination: this.#parts.destination, firstSeq, lastSeq });
    this.#expectReceipt();
    this.#changed.raise();
  }

  #expectReceipt(): void {
    const { outstanding, timers, receiptTimeoutMs } = this.#parts;
    if (!outstanding.awaitsReceipt) return;
    const seconds = receiptTimeoutMs / 1_000;
    this.#cancelReceiptTimer ??= timers.after(receiptTimeoutMs, () =>
      this.end(errors.DELIVERY_NO_RECEIPT({ found: say(`aucun depuis ${seconds} s`, `none for ${seconds} s`) })),
    );
  }
}
