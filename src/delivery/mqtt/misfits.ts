/** Messages that the broker does not take as they are: too large, or with something in them that it does not want. */
import { isVigieError, type VigieError } from "../../errors/error.ts";
import { bytes, say } from "../../errors/sentence.ts";
import type { Aside } from "../aside.ts";
import type { Because } from "../dead-letters.ts";
import { errors } from "../errors.ts";
import { halves, noneOf, type Packed, type Portion } from "../portion.ts";
import { reasonCode } from "../trouble.ts";
import { INVALID_CONTENT } from "./reason.ts";

/** A message on its way to the broker. */
export interface Sent extends Packed {
  /** Of the whole packet, bytes. */
  readonly size: number;
  /** Which start from the cursor it belongs to. */
  readonly round: number;
}

export interface MisfitsParts {
  readonly aside: Aside;
  /** What the broker turned out to take at most, where it had not said so: kept from one connection to the next. */
  readonly learned: { maximumPacketSize: number };
  /** What it said; infinite where it said nothing. */
  readonly maximumPacketSize: number;
}

export interface MisfitsEvents {
  /** These go out next, unless sending started over since that round. */
  instead(round: number, ...portions: readonly Portion[]): void;
  /** Nothing can be done here. */
  failed(reason: VigieError): void;
}

export class Misfits {
  readonly #parts: MisfitsParts;
  readonly #events: MisfitsEvents;
  /** What follows, and the end of the connection, waits for the disk. */
  readonly #puttingAside = new Set<Promise<void>>();
  /** Digests that are sent alone, to see whether it is the body that the broker does not take. */
  readonly #probes = new Map<Portion, Sent>();

  constructor(parts: MisfitsParts, events: MisfitsEvents) {
    this.#parts = parts;
    this.#events = events;
  }

  get isPuttingAside(): boolean {
    return this.#puttingAside.size > 0;
  }

  async settled(): Promise<void> {
    await Promise.all(this.#puttingAside);
  }

  fits({ size, shown }: Sent): boolean {
    const { maximumPacketSize, learned } = this.#parts;
    // What was only learned is no proof against one body alone.
    return size <= maximumPacketSize && (size <= learned.maximumPacketSize || shown.length <= 1);
  }

  /** Smaller, where it can be: else the body stays here, and its digest travels. */
  cut(sent: Sent): void {
    const { shown, size, round } = sent;
    const { maximumPacketSize } = this.#parts;
    const [only, another] = shown;
    if (another !== undefined) {
      this.#events.instead(round, ...halves(sent));
    } else if (only !== undefined) {
      const most = Number.isFinite(maximumPacketSize) ? `, at most ${maximumPacketSize}` : "";
      this.#putAside(sent, only.seq, { code: "too-big", words: `${size} bytes${most}` });
    } else {
      // Not even the digests fit: there is nothing to be left out.
      const expected = say(`${maximumPacketSize} au plus`, `at most ${maximumPacketSize}`);
      this.#events.failed(errors.DELIVERY_TOO_BIG({ found: bytes(size), expected }));
    }
  }

  /** The broker refused it for its size, which it had not told. */
  tooLarge(sent: Sent): void {
    const { learned } = this.#parts;
    if (sent.shown.length > 1)
      learned.maximumPacketSize = Math.min(learned.maximumPacketSize, Math.floor(sent.size / 2));
    this.cut(sent);
  }

  /**
   * The broker does not take what is in it. The body is looked for by halves; one that is refused alone is put aside only where
   * its segment passes without it: a broker that takes no segment at all has nothing against this record.
   */
  unwanted(sent: Sent): void {
    if (sent.shown.length > 1) {
      this.#events.instead(sent.round, ...halves(sent));
      return;
    }
    const probe = noneOf(sent.portion);
    this.#probes.set(probe, sent);
    this.#events.instead(sent.round, probe);
  }

  /** The broker took it. @returns whether it was sent to see just that. */
  proves({ portion }: Sent): boolean {
    const accused = this.#probes.get(portion);
    this.#probes.delete(portion);
    const [body] = accused?.shown ?? [];
    if (accused === undefined || body === undefined) return false;
    this.#putAside(accused, body.seq, { code: "invalid", words: reasonCode(INVALID_CONTENT).en });
    return true;
  }

  /** The rest of the segment passes, once the disk has the letter. */
  #putAside({ portion, round }: Sent, seq: number, because: Because): void {
    const put = async (): Promise<void> => {
      try {
        await this.#parts.aside.put(seq, because);
      } catch (error) {
        this.#events.failed(isVigieError(error) ? error : errors.DELIVERY_FAILED({ cause: error }));
      }
      this.#puttingAside.delete(putting);
      // Where other portions follow, they bring the digest.
      this.#events.instead(round, ...(portion.isLast ? [noneOf(portion)] : []));
    };
    const putting = put();
    this.#puttingAside.add(putting);
  }
}
