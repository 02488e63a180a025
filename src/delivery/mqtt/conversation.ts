/**
 * One MQTT connection's worth of sending: keeps the window full, and ends when the connection does, when the broker
 * refuses, or when it goes on taking segments of which the platform never says that it has them.
 */
import type { VigieError } from "../../errors/error.ts";
import { say } from "../../errors/sentence.ts";
import type { Observe } from "../../events.ts";
import type { JournalReader } from "../../journal/port.ts";
import type { Encoding } from "../../seal/encoding.ts";
import { hashOf } from "../../seal/segment.ts";
import type { Aside } from "../aside.ts";
import { errors } from "../errors.ts";
import type { Outstanding, WindowLimits } from "../outstanding.ts";
import { BACKLOG, type Overtaking } from "../overtaking.ts";
import { type Portion, pack, wholeOf } from "../portion.ts";
import type { Ending } from "../retry.ts";
import type { Signal } from "../signal.ts";
import type { Timers } from "../timers.ts";
import { troubleOfReason } from "../trouble.ts";
import type { Withhold } from "../withhold.ts";
import { AheadLane } from "./ahead.ts";
import { Misfits, type Sent } from "./misfits.ts";
import type { MqttSession } from "./port.ts";
import { Publisher, packetBytes } from "./publisher.ts";
import { INVALID_CONTENT, TOO_LARGE } from "./reason.ts";
import { ReceiptWatch } from "./receipt-watch.ts";

/** Records read from the journal at once: one full segment, or as many single ones. */
const READ_RECORDS = 256;
/** Half a full segment: some 10 ms of packing. Then whoever waits has a turn: a device for its answer, an alarm to be seen. */
const PACKED_AT_ONCE = 16 * 1024;
/** Fresh measures between two segments of the backlog, which drains even where one message at a time is on its way. */
const FRESH_IN_A_ROW = 8;
/** A connection that stood this long was none of those that break as soon as they are made. */
const STOOD_MS = 60_000;

export interface ConversationParts {
  readonly destination: string;
  readonly topic: string;
  readonly alarmsTopic: string;
  readonly journal: JournalReader;
  readonly outstanding: Outstanding;
  /** Something was committed, or is wanted once more, or happened here. */
  readonly changed: Signal;
  readonly aside: Aside;
  readonly overtaking: Overtaking;
  /** Where the platform stands: sending goes on behind that record. */
  readonly standsAt: () => number;
  readonly window: () => WindowLimits;
  /** What the broker turned out to take at most, where it had not said so: kept from one connection to the next. */
  readonly learned: { maximumPacketSize: number };
  readonly receiptTimeoutMs: number;
  readonly withhold: Withhold;
  readonly encoding: () => Encoding;
  readonly timers: Timers;
  readonly observe: Observe;
}

export class Conversation {
  readonly #parts: ConversationParts;
  readonly #publisher: Publisher;
  readonly #misfits: Misfits;
  readonly #ahead: AheadLane;
  readonly #receipts: ReceiptWatch;
  /** Read from the journal or cut smaller, not yet sent: at most what one read gives. */
  #ready: Portion[] = [];
  #nextSeq: number;
  /** Counts the starts from the cursor: what an older one still had to do is done again anyway. */
  #round = 0;
  /** Since something went in its turn. */
  #freshInARow = 0;
  /** Since others had their turn. */
  #packedBytes = 0;
  readonly #onTheWay = new Set<Sent>();
  #ended: VigieError | undefined;
  #stood = false;

  constructor(parts: ConversationParts, session: MqttSession) {
    this.#parts = parts;
    this.#publisher = new Publisher(session);
    this.#ahead = new AheadLane(parts, this.#publisher, (reason) => this.end(reason));
    const { maximumPacketSize } = session.limits;
    this.#misfits = new Misfits(
      { ...parts, maximumPacketSize },
      {
        instead: (round, ...portions) => this.#sendNext(round, portions),
        failed: (reason) => this.end(reason),
      },
    );
    const seconds = parts.receiptTimeoutMs / 1_000;
    const silence = say(`aucun depuis ${seconds} s`, `none for ${seconds} s`);
    this.#receipts = new ReceiptWatch(parts, {
      gap: () => this.resend(),
      silence: () => this.end(errors.DELIVERY_NO_RECEIPT({ found: silence })),
    });
    this.#nextSeq = parts.standsAt() + 1;
    parts.outstanding.restart();
    parts.overtaking.reconnected();
  }

  /** Sends until something ends it. */
  async run(): Promise<Ending> {
    const { changed, timers, outstanding } = this.#parts;
    const cancelStood = timers.after(STOOD_MS, () => {
      this.#stood ||= !outstanding.awaitsReceipt;
    });
    try {
      let reason = this.#ended;
      while (reason === undefined) {
        if (!(await this.#sendSome())) await changed.wait();
        reason = this.#ended;
      }
      await this.#misfits.settled();
      return { reason, stood: this.#stood };
    } finally {
      cancelStood();
      this.#receipts.stop();
      this.#ahead.stop();
    }
  }

  /** The platform said what became of what it was shown apart from its turn. */
  judged(seq: number): void {
    this.#ahead.judged(seq);
    this.#parts.changed.raise();
  }

  /** The connection is over. A broker that ends it because a packet was too large does not say which: the largest was. */
  closed(reason: VigieError): void {
    const [largest] = [...this.#onTheWay].sort((a, b) => b.size - a.size);
    if (reason.code === "DELIVERY_TOO_BIG" && largest !== undefined) this.#misfits.tooLarge(largest);
    this.end(reason);
  }

  /** Ends it, for this reason. The first one counts. */
  end(reason: VigieError): void {
    this.#ended ??= reason;
    this.#parts.changed.raise();
  }

  /** A receipt moved the cursor: there is room, and whatever was missing has come. */
  progressed(): void {
    this.#stood = true;
    // It may have come farther than what is being sent: by a former connection, for instance.
    const through = this.#parts.standsAt();
    this.#ready = this.#ready.filter(({ segment }) => segment.lastSeq > through);
    this.#nextSeq = Math.max(this.#nextSeq, through + 1);
    this.#receipts.progressed();
    this.#parts.changed.raise();
  }

  /** The platform said again how far it is, while it should have more: unless that comes soon, send from there. */
  repeated(): void {
    this.#receipts.repeated();
  }

  /** Sends from the cursor on, again. */
  resend(): void {
    this.#parts.outstanding.restart();
    this.#round += 1;
    this.#ready = [];
    this.#nextSeq = this.#parts.standsAt() + 1;
    this.#parts.changed.raise();
  }

  /** @returns false where there is nothing to send, or no room for it. */
  async #sendSome(): Promise<boolean> {
    const { journal, overtaking, standsAt } = this.#parts;
    const unsent = this.#ready[0]?.segment.firstSeq ?? this.#nextSeq;
    const isBacklog = journal.lastSeq > standsAt() + BACKLOG;
    if (isBacklog || !this.#hasRoom()) await this.#ahead.sendAlarms(unsent);
    const freshAtMost = this.#windowHasRoom() ? FRESH_IN_A_ROW - this.#freshInARow : Number.POSITIVE_INFINITY;
    if (isBacklog) this.#freshInARow += await this.#ahead.sendFresh(unsent, freshAtMost);
    else overtaking.forget();
    await this.#ahead.sendAgain();
    if (!this.#hasRoom()) return false;
    if (this.#ready.length === 0) return this.#readSome();
    while (this.#hasRoom() && this.#packedBytes < PACKED_AT_ONCE) {
      const next = this.#ready.shift();
      if (next === undefined) return true;
      this.#send(next);
    }
    if (this.#packedBytes >= PACKED_AT_ONCE) await new Promise((resolve) => setImmediate(resolve));
    this.#packedBytes = 0;
    return true;
  }

  #hasRoom(): boolean {
    return !this.#misfits.isPuttingAside && this.#publisher.hasRoom && this.#windowHasRoom();
  }

  #windowHasRoom(): boolean {
    const { window, outstanding } = this.#parts;
    const [next] = this.#ready;
    // What is begun is not left in the middle: the window counts segments.
    const isBegun = next !== undefined && outstanding.has(next.segment.lastSeq);
    return isBegun || outstanding.hasRoom(window());
  }

  async #readSome(): Promise<boolean> {
    const { journal } = this.#parts;
    if (this.#nextSeq > journal.lastSeq) return false;
    const from = this.#nextSeq;
    const read = await journal.segments(from, READ_RECORDS);
    // A resend may have begun meanwhile.
    if (from !== this.#nextSeq) return true;
    this.#ready.push(...read.map(wholeOf));
    this.#nextSeq = (read.at(-1)?.lastSeq ?? from - 1) + 1;
    return read.length > 0;
  }

  #send(portion: Portion): void {
    const { topic, withhold, aside, encoding } = this.#parts;
    const packed = pack(portion, (record) => aside.has(record.seq) || withhold(record), encoding());
    this.#packedBytes += packed.bytes.length;
    const sent: Sent = { ...packed, size: packetBytes(topic, packed.bytes), round: this.#round };
    if (this.#misfits.fits(sent)) this.#publish(sent);
    else this.#misfits.cut(sent);
  }

  #publish(sent: Sent): void {
    this.#freshInARow = 0;
    const { topic, outstanding } = this.#parts;
    const { portion, bytes } = sent;
    const { firstSeq, lastSeq, segment } = portion.segment;
    outstanding.sent({ firstSeq, lastSeq, hash: hashOf(segment), bytes: bytes.length });
    this.#onTheWay.add(sent);
    this.#publisher.publish(topic, bytes).then(
      (code) => {
        this.#onTheWay.delete(sent);
        this.#answered(sent, code);
      },
      (error: VigieError) => this.end(error),
    );
  }

  #answered(sent: Sent, code: number): void {
    if (code === TOO_LARGE) this.#misfits.tooLarge(sent);
    else if (code === INVALID_CONTENT && sent.shown.length > 0) this.#misfits.unwanted(sent);
    else if (code !== 0) this.end(troubleOfReason(code));
    else if (!this.#misfits.proves(sent) && sent.portion.isLast) this.#delivered(sent);
    this.#parts.changed.raise();
  }

  #delivered({ portion }: Sent): void {
    const { outstanding, observe, destination } = this.#parts;
    const { firstSeq, lastSeq } = portion.segment;
    outstanding.acknowledged(lastSeq);
    observe({ type: "delivered", destination, firstSeq, lastSeq });
    this.#receipts.expect();
  }

  /** These go before what is ready. Where sending started over meanwhile, they go again anyway. */
  #sendNext(round: number, portions: readonly Portion[]): void {
    if (round === this.#round) this.#ready.unshift(...portions);
    this.#parts.changed.raise();
  }
}
