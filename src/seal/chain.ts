/** Whether a segment is the next one of its gateway's chain, and whether its records are the ones it sealed. */

import { isWithheld, type SegmentPayload, type TravellingRecord } from "./record.ts";
import { digestOf, hashOf } from "./segment.ts";

/** Where a chain stands: what is needed to judge the next segment. */
export interface ChainHead {
  readonly epoch: number;
  readonly lastSeq: number;
  /** SHA-256 of the last segment's COSE bytes. */
  readonly hash: Uint8Array;
}

export type ChainFault =
  /** Something between is missing. It may still come: segments can overtake each other. */
  | "gap"
  /** Its place in the chain is taken: it was seen before, or another one stands there. */
  | "repeat"
  /** It follows in number, but names another predecessor: two histories, or a changed one. */
  | "fork"
  /** The first of an epoch that does not begin at 1, or claims a predecessor; or a gap before all that is known. */
  | "bad-start";

export type Judged =
  | { readonly ok: true; readonly head: ChainHead }
  | { readonly ok: false; readonly fault: ChainFault; readonly because: string };

/**
 * Judges a segment whose signature is good.
 * @param head where the chain of this gateway *and epoch* stands; undefined where nothing of it is known yet. An epoch is
 * never compared with another one: a board whose clock was wrong may begin a later journal with a smaller epoch.
 */
export function follow(head: ChainHead | undefined, segment: Uint8Array, payload: SegmentPayload): Judged {
  const { epoch, firstSeq, previous, digests } = payload;
  const next: ChainHead = { epoch, lastSeq: firstSeq + digests.length - 1, hash: hashOf(segment) };
  if (head === undefined) {
    if (firstSeq === 1 && previous === null) return { ok: true, head: next };
    if (previous === null || firstSeq === 1) return fault("bad-start", `starts at ${firstSeq}`);
    return fault("gap", `starts at ${firstSeq}, nothing before it is here`);
  }
  if (firstSeq <= head.lastSeq) return fault("repeat", `starts at ${firstSeq}, ${head.lastSeq} is the last known`);
  if (firstSeq > head.lastSeq + 1) return fault("gap", `starts at ${firstSeq}, expected ${head.lastSeq + 1}`);
  if (previous === null || !Buffer.from(head.hash).equals(previous)) {
    return fault("fork", `segment ${firstSeq} does not name the one before it`);
  }
  return { ok: true, head: next };
}

/**
 * Compares the records with the digests that were sealed.
 * @returns the sequence numbers that do not fit, with what is wrong; empty where all is well.
 */
export function faultyRecords(
  payload: SegmentPayload,
  records: readonly TravellingRecord[],
): readonly { readonly seq: number; readonly because: string }[] {
  const faults: { seq: number; because: string }[] = [];
  if (records.length !== payload.digests.length) {
    faults.push({ seq: payload.firstSeq, because: `${records.length} records for ${payload.digests.length} digests` });
  }
  for (const [index, record] of records.entries()) {
    const expectedSeq = payload.firstSeq + index;
    const digest = payload.digests[index];
    if (record.seq !== expectedSeq)
      faults.push({ seq: expectedSeq, because: `record ${record.seq} stands in its place` });
    else if (!isWithheld(record) && (digest === undefined || !Buffer.from(digest).equals(digestOf(record)))) {
      faults.push({ seq: record.seq, because: "the record is not the one that was sealed" });
    }
  }
  return faults;
}

const fault = (kind: ChainFault, because: string): Judged => ({ ok: false, fault: kind, because });
