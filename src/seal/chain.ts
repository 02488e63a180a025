/** Whether a segment is the next one of its gateway's chain, and whether its records are the ones it sealed. */

import { type Sentence, say } from "../errors/sentence.ts";
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
  | { readonly ok: false; readonly fault: ChainFault; readonly because: Sentence };

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
    if (previous === null || firstSeq === 1)
      return fault("bad-start", `commence à ${firstSeq}`, `starts at ${firstSeq}`);
    return fault(
      "gap",
      `commence à ${firstSeq}, rien n'est là avant`,
      `starts at ${firstSeq}, nothing before it is here`,
    );
  }
  if (firstSeq <= head.lastSeq) {
    const { lastSeq } = head;
    return fault(
      "repeat",
      `commence à ${firstSeq}, ${lastSeq} est le dernier connu`,
      `starts at ${firstSeq}, ${lastSeq} is the last known`,
    );
  }
  if (firstSeq > head.lastSeq + 1) {
    const due = head.lastSeq + 1;
    return fault("gap", `commence à ${firstSeq}, ${due} attendu`, `starts at ${firstSeq}, expected ${due}`);
  }
  if (previous === null || !Buffer.from(head.hash).equals(previous)) {
    return fault(
      "fork",
      `le segment ${firstSeq} ne nomme pas celui qui le précède`,
      `segment ${firstSeq} does not name the one before it`,
    );
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
): readonly { readonly seq: number; readonly because: Sentence }[] {
  const faults: { seq: number; because: Sentence }[] = [];
  if (records.length !== payload.digests.length) {
    const [shown, sealed] = [records.length, payload.digests.length];
    faults.push({
      seq: payload.firstSeq,
      because: say(`${shown} enregistrements pour ${sealed} empreintes`, `${shown} records for ${sealed} digests`),
    });
  }
  for (const [index, record] of records.entries()) {
    const expectedSeq = payload.firstSeq + index;
    const digest = payload.digests[index];
    if (record.seq !== expectedSeq)
      faults.push({
        seq: expectedSeq,
        because: say(`l'enregistrement ${record.seq} est à sa place`, `record ${record.seq} stands in its place`),
      });
    else if (!isWithheld(record) && (digest === undefined || !Buffer.from(digest).equals(digestOf(record)))) {
      faults.push({ seq: record.seq, because: notAsSealed });
    }
  }
  return faults;
}

const notAsSealed = say(
  "l'enregistrement n'est pas celui qui a été scellé",
  "the record is not the one that was sealed",
);

const fault = (kind: ChainFault, fr: string, en: string): Judged => ({ ok: false, fault: kind, because: say(fr, en) });
