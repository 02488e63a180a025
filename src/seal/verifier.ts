/** Verifies a run of messages with the gateway's public key alone: signatures, chain, and every record that is shown. */
import { type ChainHead, faultyRecords, follow } from "./chain.ts";
import type { KeyRing } from "./key.ts";
import { isWithheld, type SegmentMessage } from "./record.ts";
import { hashOf, openSegment } from "./segment.ts";

export interface Finding {
  /** The sequence number it is about; of a segment, its first. Absent where not even that can be read. */
  readonly seq?: number;
  readonly fault: string;
  readonly because: string;
}

export interface Verification {
  readonly gateway?: string;
  readonly epoch?: number;
  readonly firstSeq?: number;
  readonly lastSeq?: number;
  readonly segments: number;
  readonly records: number;
  /** Records of which only the digest is there. */
  readonly withheld: number;
  readonly findings: readonly Finding[];
}

/** Takes messages in order. After a fault it goes on from the next segment that is good by itself, and says so. */
export class Verifier {
  readonly #keys: KeyRing;
  readonly #findings: Finding[] = [];
  #head: ChainHead | undefined;
  #gateway: string | undefined;
  #firstSeq: number | undefined;
  #segments = 0;
  #records = 0;
  #withheld = 0;

  constructor(keys: KeyRing) {
    this.#keys = keys;
  }

  add({ segment, records }: SegmentMessage): void {
    this.#segments += 1;
    this.#records += records.length;
    this.#withheld += records.filter(isWithheld).length;
    const opened = openSegment(segment, this.#keys);
    if (!opened.ok) {
      this.report({ ...seqOf(records[0]?.seq), fault: opened.fault, because: opened.because });
      return;
    }
    const { payload } = opened;
    this.#firstSeq ??= payload.firstSeq;
    this.#gateway ??= payload.gateway;
    if (payload.gateway !== this.#gateway) {
      this.report({ seq: payload.firstSeq, fault: "foreign", because: `of gateway ${payload.gateway}` });
    }
    this.#judge(segment, payload);
    for (const { seq, because } of faultyRecords(payload, records)) this.report({ seq, fault: "record", because });
  }

  report(finding: Finding): void {
    this.#findings.push(finding);
  }

  result(): Verification {
    return {
      ...(this.#gateway === undefined ? {} : { gateway: this.#gateway }),
      ...(this.#head === undefined ? {} : { epoch: this.#head.epoch, lastSeq: this.#head.lastSeq }),
      ...(this.#firstSeq === undefined ? {} : { firstSeq: this.#firstSeq }),
      segments: this.#segments,
      records: this.#records,
      withheld: this.#withheld,
      findings: this.#findings,
    };
  }

  #judge(segment: Uint8Array, payload: Parameters<typeof follow>[2]): void {
    const standing: ChainHead = {
      epoch: payload.epoch,
      lastSeq: payload.firstSeq + payload.digests.length - 1,
      hash: hashOf(segment),
    };
    const before = this.#head;
    this.#head = standing;
    // An export may begin anywhere: the first segment is the anchor, whatever it follows.
    if (before === undefined) return;
    if (before.epoch !== payload.epoch) {
      this.report({ seq: payload.firstSeq, fault: "epoch", because: `epoch ${payload.epoch} after ${before.epoch}` });
      return;
    }
    const judged = follow(before, segment, payload);
    if (!judged.ok) this.report({ seq: payload.firstSeq, fault: judged.fault, because: judged.because });
  }
}

const seqOf = (seq: number | undefined) => (seq === undefined ? {} : { seq });
