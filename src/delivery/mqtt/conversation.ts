/**
 * One MQTT connection's worth of sending: keeps the window full, and ends when the connection does, when the broker
 * refuses, or when it goes on taking segments of which the platform never says that it has them.
 */
import { isVigieError, type VigieError } from "../../errors/error.ts";
import { bytes, say } from "../../errors/sentence.ts";
import type { Observe } from "../../events.ts";
import type { JournalReader } from "../../journal/port.ts";
import type { Encoding } from "../../seal/encoding.ts";
import { hashOf } from "../../seal/segment.ts";
import type { Aside } from "../aside.ts";
import type { Because } from "../dead-letters.ts";
import { errors } from "../errors.ts";
import type { Outstanding, WindowLimits } from "../outstanding.ts";
import { BACKLOG, type Overtaking } from "../overtaking.ts";
import { halves, noneOf, type Packed, type Portion, pack, wholeOf } from "../portion.ts";
import type { Ending } from "../retry.ts";
import type { Signal } from "../signal.ts";
import type { Timers } from "../timers.ts";
import { reasonCode, troubleOfReason } from "../trouble.ts";
import type { Withhold } from "../withhold.ts";
import { AheadLane } from "./ahead.ts";
import type { MqttSession } from "./port.ts";
import { Publisher, packetBytes } from "./publisher.ts";
import { INVALID_CONTENT, TOO_LARGE } from "./reason.ts";
import { ReceiptWatch } from "./receipt-watch.ts";

/** Records read from the journal at once: one full segment, or as many single ones. */
const READ_RECORDS = 256;
/** Half a full segment: some 10 ms of packing. Then whoever waits has a turn: a device for its answer, an alarm to be seen. */
const PACKED_AT_ONCE = 16 * 1024;
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

/** A message on its way to the broker. */
interface Sent extends Packed {
  /** Of the whole packet. */
  readonly size: number;
}

export class Conversation {
  readonly #parts: ConversationParts;
  readonly #publisher: Publisher;
  readonly #ahead: AheadLane;
  readonly #receipts: ReceiptWatch;
  /** Read from the journal or cut smaller, not yet sent: at most what one read gives. */
  #ready: Portion[] = [];
  #nextSeq: number;
  /** Counts the starts from the cursor: what an older one still had to do is done again anyway. */
  #round = 0;
  /** Since others had their turn. */
  #packedBytes = 0;
  readonly #onTheWay = new Set<Sent>();
  /** Records that are being put aside: what follows, and the end of the connection, waits for the disk. */
  readonly #puttingAside = new Set<Promise<void>>();
  /** Digests that are sent alone, to see whether it is the body that the broker does not take. */
  readonly #probes = new Map<Portion, Sent>();
  #ended: VigieError | undefined;
  #stood = false;

  constructor(parts: ConversationParts, session: MqttSession) {
    this.#parts = parts;
    this.#publisher = new Publisher(session);
    this.#ahead = new AheadLane(parts, this.#publisher, (reason) => this.end(reason));
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
      await Promise.all(this.#puttingAside);
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
    if (reason.code === "DELIVERY_TOO_BIG" && largest !== undefined) this.#learn(largest);
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
    this.#probes.clear();
    this.#nextSeq = this.#parts.standsAt() + 1;
    this.#parts.changed.raise();
  }

  /** @returns false where there is nothing to send, or no room for it. */
  async #sendSome(): Promise<boolean> {
    const { journal, overtaking, standsAt } = this.#parts;
    const unsent = this.#ready[0]?.segment.firstSeq ?? this.#nextSeq;
    const isBacklog = journal.lastSeq > standsAt() + BACKLOG;
    if (isBacklog || !this.#hasRoom()) await this.#ahead.sendAlarms(unsent);
    if (isBacklog) await this.#ahead.sendFresh(unsent);
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
    if (this.#puttingAside.size > 0) return false;
    const { window, outstanding } = this.#parts;
    const [next] = this.#ready;
    // What is begun is not left in the middle: the window counts segments.
    const isBegun = next !== undefined && outstanding.has(next.segment.lastSeq);
    return this.#publisher.hasRoom && (isBegun || outstanding.hasRoom(window()));
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
    const { topic, withhold, aside, encoding, learned } = this.#parts;
    const packed = pack(portion, (record) => aside.has(record.seq) || withhold(record), encoding());
    this.#packedBytes += packed.bytes.length;
    const sent: Sent = { ...packed, size: packetBytes(topic, packed.bytes) };
    // What was only learned is no proof against one body alone.
    const isBeyondLearned = packed.shown.length > 1 && sent.size > learned.maximumPacketSize;
    if (sent.size > this.#publisher.maximumPacketSize || isBeyondLearned) this.#cut(sent);
    else this.#publish(sent);
  }

  #publish(sent: Sent): void {
    const { topic, outstanding } = this.#parts;
    const { portion, bytes } = sent;
    const { firstSeq, lastSeq, segment } = portion.segment;
    outstanding.sent({ firstSeq, lastSeq, hash: hashOf(segment), bytes: bytes.length });
    this.#onTheWay.add(sent);
    const round = this.#round;
    this.#publisher.publish(topic, bytes).then(
      (code) => {
        this.#onTheWay.delete(sent);
        this.#answered(sent, code, round);
      },
      (error: VigieError) => this.end(error),
    );
  }

  #answered(sent: Sent, code: number, round: number): void {
    const { portion, shown } = sent;
    const isCurrent = round === this.#round;
    if (code === TOO_LARGE) {
      this.#learn(sent);
      if (isCurrent && shown.length > 1) this.#ready.unshift(portion);
    } else if (code === INVALID_CONTENT && shown.length > 0) {
      if (isCurrent) this.#isolate(sent);
    } else if (code !== 0) {
      this.end(troubleOfReason(code));
    } else {
      this.#taken(sent);
    }
    this.#parts.changed.raise();
  }

  #taken({ portion }: Sent): void {
    const { outstanding, observe, destination } = this.#parts;
    const accused = this.#probes.get(portion);
    this.#probes.delete(portion);
    if (accused?.shown[0] !== undefined) {
      this.#putAside(accused.portion, accused.shown[0].seq, { code: "invalid", words: reasonCode(INVALID_CONTENT).en });
    } else if (portion.isLast) {
      const { firstSeq, lastSeq } = portion.segment;
      outstanding.acknowledged(lastSeq);
      observe({ type: "delivered", destination, firstSeq, lastSeq });
      this.#receipts.expect();
    }
  }

  /**
   * Looks for the body that the broker does not take, by halves. One that is refused alone is put aside only where its segment
   * passes without it: a broker that takes no segment at all has nothing against this record.
   */
  #isolate(sent: Sent): void {
    if (sent.shown.length > 1) {
      this.#ready.unshift(...halves(sent));
      return;
    }
    const probe = noneOf(sent.portion);
    this.#probes.set(probe, sent);
    this.#ready.unshift(probe);
  }

  /** The broker turned out not to take a packet of this size. */
  #learn(sent: Sent): void {
    if (sent.shown.length > 1) this.#parts.learned.maximumPacketSize = Math.floor(sent.size / 2);
    else this.#cut(sent);
  }

  /** Smaller, where it can be: else the body stays here, and its digest travels. */
  #cut(sent: Sent): void {
    const { portion, shown, size } = sent;
    const { maximumPacketSize } = this.#publisher;
    const [only, another] = shown;
    if (another !== undefined) {
      this.#ready.unshift(...halves(sent));
    } else if (only !== undefined) {
      const most = Number.isFinite(maximumPacketSize) ? `, at most ${maximumPacketSize}` : "";
      this.#putAside(portion, only.seq, { code: "too-big", words: `${size} bytes${most}` });
    } else {
      // Not even the digests fit: there is nothing to be left out.
      const most = say(`${maximumPacketSize} au plus`, `at most ${maximumPacketSize}`);
      this.end(errors.DELIVERY_TOO_BIG({ found: bytes(size), expected: most }));
    }
  }

  /** The rest of the segment passes, once the disk has the letter. */
  #putAside(portion: Portion, seq: number, because: Because): void {
    const round = this.#round;
    const put = async (): Promise<void> => {
      try {
        await this.#parts.aside.put(seq, because);
        // Where other portions follow, they bring the digest.
        if (portion.isLast && round === this.#round) this.#ready.unshift(noneOf(portion));
      } catch (error) {
        this.end(isVigieError(error) ? error : errors.DELIVERY_FAILED({ cause: error }));
      }
      this.#puttingAside.delete(putting);
      this.#parts.changed.raise();
    };
    const putting = put();
    this.#puttingAside.add(putting);
  }
}
