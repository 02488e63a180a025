/** A coordination platform that takes the feed by HTTPS: segments are POSTed, and each POST is answered by a signed receipt. */
import { isVigieError, type VigieError } from "../../errors/error.ts";
import { say, verbatim } from "../../errors/sentence.ts";
import type { Observe } from "../../events.ts";
import type { JournalReader, StoredSegment } from "../../journal/port.ts";
import { bestOf, Encoding } from "../../seal/encoding.ts";
import type { KeyRing } from "../../seal/key.ts";
import type { Receipt } from "../../seal/receipt.ts";
import { Aside } from "../aside.ts";
import type { DeadLetters } from "../dead-letters.ts";
import type { Destination, DestinationStatus } from "../destination.ts";
import { errors } from "../errors.ts";
import { type HttpLine, openHttpLine } from "../http/line.ts";
import { retryAfterMs, troubleOfStatus } from "../http/status.ts";
import { judgeReceipt, type ReceiptFault, type ReceiptVerdict, receiptFaults } from "../judge.ts";
import { Life } from "../life.ts";
import type { TlsMaterial } from "../mqtt/port.ts";
import { type Portion, pack } from "../portion.ts";
import { hashAt, Position } from "../position.ts";
import { checkpointBefore } from "../prune.ts";
import type { Ending } from "../retry.ts";
import { systemTimers, type Timers } from "../timers.ts";
import { closedByUs } from "../trouble.ts";
import { nothingMore, type Withhold } from "../withhold.ts";
import { AheadPosts } from "./ahead.ts";
import { type Batch, type BatchBounds, firstBatch } from "./batch.ts";
import { COSE } from "./media.ts";

export interface HttpsDestinationConfig {
  /** `https://…`, or `http://` to this machine itself. */
  readonly url: string;
  readonly tls?: TlsMaterial;
  /** This gateway's id, as receipts name it. */
  readonly gateway: string;
  /** The keys that the platform signs receipts with, pinned. Several while it changes them. */
  readonly platformKeys: KeyRing;
  /** Of one POST. */
  readonly maxPostBytes?: number;
  /** How long one POST and its answer may take. */
  readonly timeoutMs?: number;
  /** After the loss of a connection that stood, the next attempt comes anywhere within this. */
  readonly spreadMs?: number;
}

export interface HttpsDestinationParts {
  readonly name: string;
  readonly journal: JournalReader;
  readonly deadLetters: DeadLetters;
  readonly config: HttpsDestinationConfig;
  readonly observe: Observe;
  readonly withhold?: Withhold;
  readonly timers?: Timers;
  /** In [0, 1). */
  readonly random?: () => number;
}

/** Records read from the journal at once: one full segment, or as many single ones. */
const READ_RECORDS = 256;
/** Some 2 000 measures of a flood, deflated. A backlog of single readings fits 256 into one POST: 2 560 a second at 100 ms. */
const MAX_POST_BYTES = 1024 * 1024;

/** Starts delivering, from the cursor in the journal on, until it is disposed of. */
export async function openHttpsDestination(parts: HttpsDestinationParts): Promise<Destination> {
  const destination = new HttpsDestination(parts, await Life.open(parts));
  destination.start();
  return destination;
}

class HttpsDestination implements Destination {
  readonly name: string;
  readonly #parts: HttpsDestinationParts;
  readonly #life: Life;
  readonly #line: HttpLine;
  readonly #position: Position;
  readonly #aside: Aside;
  readonly #ahead: AheadPosts;
  readonly #ignored: Partial<Record<ReceiptFault, number>> = {};
  /** What the platform is taken to read until it says otherwise. */
  #encoding: Encoding = Encoding.deflate1;
  /** Shrinks where the platform says that a POST was too large. */
  #maxPostBytes: number;
  #attempts = 0;

  constructor(parts: HttpsDestinationParts, life: Life) {
    const { name, config, timers = systemTimers } = parts;
    this.name = name;
    this.#parts = parts;
    this.#life = life;
    this.#position = new Position(life.cursor, timers);
    this.#aside = new Aside({ ...parts, destination: name });
    this.#maxPostBytes = config.maxPostBytes ?? MAX_POST_BYTES;
    this.#line = openHttpLine({ ...config, timers });
    this.#ahead = new AheadPosts({
      ...parts,
      destination: name,
      url: config.url,
      line: this.#line,
      standsAt: () => this.#position.standsAt,
      bounds: () => this.#bounds(),
    });
  }

  start(): void {
    this.#life.begin((stop) => this.#attempt(stop));
  }

  status(): DestinationStatus {
    return { ...this.#life.status(), ignoredReceipts: { ...this.#ignored } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#life.end();
    this.#position[Symbol.dispose]();
    this.#line[Symbol.dispose]();
  }

  async #attempt(stop: AbortSignal): Promise<Ending> {
    this.#attempts += 1;
    this.#ahead.newAttempt();
    // Another receiver may take this one: what every released one reads, until a receipt says more.
    this.#encoding = Encoding.deflate1;
    let stood = false;
    try {
      while (!stop.aborted) {
        for (const seq of this.#aside.wanted(this.#position.standsAt)) await this.#sendAgain(seq, stop);
        await this.#ahead.send(stop);
        const segments = await this.#next();
        if (segments.length === 0) {
          await this.#life.changed.wait();
          continue;
        }
        const checkpoint = await checkpointBefore(this.#parts.journal, this.#position.standsAt + 1, segments);
        if (checkpoint !== undefined) {
          await this.#beginBehindPrune(checkpoint, stop);
          continue;
        }
        for (const batch of firstBatch(segments, this.#bounds())) {
          if (!(await this.#deliver(batch, stop))) break;
          stood = true;
        }
      }
      return { reason: closedByUs(), stood };
    } catch (error) {
      if (error instanceof Later) return { reason: error.reason, stood, ...error.when };
      return { reason: isVigieError(error) ? error : errors.DELIVERY_FAILED({ cause: error }), stood };
    }
  }

  async #next(): Promise<readonly StoredSegment[]> {
    const { journal } = this.#parts;
    const from = this.#position.standsAt + 1;
    return from > journal.lastSeq ? [] : journal.segments(from, READ_RECORDS);
  }

  #bounds(): BatchBounds {
    const { withhold = nothingMore } = this.#parts;
    return {
      encoding: this.#encoding,
      maxBytes: this.#maxPostBytes,
      withhold: (record) => this.#aside.has(record.seq) || withhold(record),
    };
  }

  /** The platform takes the checkpoint for its beginning, and says so. @throws Later, or what came in the way. */
  async #beginBehindPrune(checkpoint: Portion, stop: AbortSignal): Promise<void> {
    const { bytes } = pack(checkpoint, this.#bounds().withhold, this.#encoding);
    const receipt = await this.#post({ bytes, shown: [] }, stop);
    if (receipt === undefined) return;
    const isOtherwise = await this.#heed(receipt);
    if (receipt.through > this.#position.standsAt) this.#position.advanced(receipt.through);
    else if (!isOtherwise) throw nothingMoreHeld();
  }

  /** @returns whether what follows may be sent as it was planned. @throws Later, or what came in the way. */
  async #deliver(batch: Batch, stop: AbortSignal): Promise<boolean> {
    const receipt = await this.#post(batch, stop);
    if (receipt === undefined) return false;
    const before = this.#position.standsAt;
    // What was refused, or could not be read, changes what the portions behind this one are.
    const isOtherwise = await this.#heed(receipt);
    if (receipt.through > before) {
      this.#position.advanced(receipt.through);
      this.#parts.observe({ type: "delivered", destination: this.name, firstSeq: before + 1, lastSeq: batch.lastSeq });
    } else if (batch.completes && !isOtherwise) {
      throw nothingMoreHeld();
    }
    return !isOtherwise;
  }

  /** One POST. @returns the receipt; undefined where it has to be cut smaller first. @throws Later, or what came in the way. */
  async #post(batch: Shown, stop: AbortSignal): Promise<Receipt | undefined> {
    const headers = { "content-type": COSE, accept: COSE };
    const { url } = this.#parts.config;
    const request = { method: "POST", url, headers, body: batch.bytes, isRepeatable: true } as const;
    const answer = await this.#line.exchange(request, stop);
    const { status, body } = answer;
    if (status === 413) {
      await this.#cutSmaller(batch);
      return undefined;
    }
    if (status < 200 || status > 299) throw new Later(troubleOfStatus(status), retryAfterMs(answer));
    const verdict = await this.#judge(body);
    if (verdict.type === "ignored") throw this.#ignore(verdict.fault);
    if (verdict.type === "behind") return this.#startOver(verdict.receipt);
    this.#life.connected();
    return verdict.receipt;
  }

  async #cutSmaller({ bytes, shown }: Shown): Promise<void> {
    const [only, another] = shown;
    if (only === undefined) {
      const size = bytes.length;
      throw errors.DELIVERY_TOO_BIG({ found: say(`${size} octets sans aucun corps`, `${size} bytes without a body`) });
    }
    if (another !== undefined) {
      this.#maxPostBytes = Math.floor(bytes.length / 2);
      return;
    }
    await this.#aside.put(only, { code: "too-big", words: `${bytes.length} bytes` });
    this.#maxPostBytes = this.#parts.config.maxPostBytes ?? MAX_POST_BYTES;
  }

  #judge(bytes: Uint8Array): Promise<ReceiptVerdict> {
    const { config, journal } = this.#parts;
    const { platformKeys, gateway } = config;
    const { standsAt } = this.#position;
    const { epoch } = journal;
    return judgeReceipt(bytes, {
      platformKeys,
      gateway,
      epoch,
      standsAt,
      hashAt: (through) => hashAt(journal, through),
    });
  }

  /** The answer says that the platform has less than it had. Where it says so again, sending starts over from there. */
  async #startOver(receipt: Receipt): Promise<undefined> {
    if (this.#position.behind(receipt.through, this.#attempts) !== "lost") {
      throw errors.DELIVERY_NO_RECEIPT({
        found: say("la plateforme dit avoir moins qu'avant", "the platform says that it has less than before"),
      });
    }
    const { startsOver, error } = await this.#position.startOver(this.#parts.journal, receipt, this.name);
    this.#parts.observe({ type: "fault", error });
    if (!startsOver) throw error;
    this.#ahead.forget();
    return undefined;
  }

  /** A captive portal's page is no forged receipt: nobody has to be told of an attack. */
  #ignore(fault: ReceiptFault): VigieError {
    if (fault === "malformed") return errors.DELIVERY_NOT_A_RECEIPT({ found: receiptFaults[fault] });
    this.#ignored[fault] = (this.#ignored[fault] ?? 0) + 1;
    const error = errors.DELIVERY_RECEIPT_IGNORED({ where: verbatim(this.name), found: receiptFaults[fault] });
    this.#parts.observe({ type: "fault", error });
    return error;
  }

  /** @returns whether what is sent next is not what it would have been. */
  async #heed({ encodings, exceptions }: Receipt): Promise<boolean> {
    const isNews = await this.#aside.heed(exceptions);
    const isUnread = !encodings.includes(this.#encoding);
    this.#encoding = bestOf(encodings);
    return isNews || isUnread;
  }

  /** Shows a record that was put aside once more: its segment again, with this body alone. */
  async #sendAgain(seq: number, stop: AbortSignal): Promise<void> {
    const { withhold = nothingMore } = this.#parts;
    const segment = await this.#aside.onceMore(seq, withhold);
    if (segment === undefined) return;
    const portion = { segment, seqs: new Set([seq]), isLast: true };
    const { bytes } = pack(portion, withhold, this.#encoding);
    const receipt = await this.#post({ bytes, shown: [seq] }, stop);
    if (receipt === undefined) return;
    const refusal = receipt.exceptions.find((one) => one.seq === seq);
    const isUnread = !receipt.encodings.includes(this.#encoding);
    await this.#heed(receipt);
    if (isUnread) return this.#sendAgain(seq, stop);
    await this.#aside.judged(seq, refusal && { code: "refused", words: refusal.reason });
  }
}

const nothingMoreHeld = (): VigieError =>
  errors.DELIVERY_NO_RECEIPT({
    found: say("la plateforme dit n'avoir rien de plus qu'avant", "the platform says that it has no more than before"),
  });

type Shown = Pick<Batch, "bytes" | "shown">;

/** Ends an attempt: not before the time that the platform named, where it named one. */
class Later extends Error {
  readonly reason: VigieError;
  readonly when: Pick<Ending, "notBeforeMs">;

  constructor(reason: VigieError, notBeforeMs: number | undefined) {
    super(reason.message);
    this.reason = reason;
    this.when = notBeforeMs === undefined ? {} : { notBeforeMs };
  }
}
