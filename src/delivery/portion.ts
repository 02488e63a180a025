/**
 * A segment that is too large for one message travels in several, each with the same signed bytes: a message shows some of
 * the bodies, and names the others as coming elsewhere. Pure.
 *
 * Nothing has to be remembered of this anywhere. The receiver holds a segment, and says so in a receipt, only by a message
 * of which it has all bodies, from this one or from those before; until then its receipts say that it stands where it stood.
 * So whatever is lost, doubled or reordered between the portions, the gateway finds its cursor before the segment, sends its
 * portions again, and bodies that are there already are known by their id. The portions go in the order of their records.
 */
import type { StoredSegment, StoredWholeRecord } from "../journal/port.ts";
import type { Encoding } from "../seal/encoding.ts";
import { encodeMessage } from "../seal/message.ts";
import { isWithheld } from "../seal/record.ts";
import { type Withhold, withholding } from "./withhold.ts";

export interface Portion {
  readonly segment: StoredSegment;
  /** Whose bodies it shows, of those that the destination may have; all of them where absent. */
  readonly seqs?: ReadonlySet<number>;
  /** Whether all bodies of the segment are out with it. */
  readonly isLast: boolean;
}

/** A portion as it goes out. */
export interface Packed {
  readonly portion: Portion;
  readonly bytes: Uint8Array;
  readonly shown: readonly StoredWholeRecord[];
}

export const wholeOf = (segment: StoredSegment): Portion => ({ segment, isLast: true });

export const noneOf = ({ segment, isLast }: Portion): Portion => ({ segment, isLast, seqs: new Set() });

/** @param withhold asked now, not when the segment was cut: what was put aside or withdrawn meanwhile is kept back. */
export function pack(portion: Portion, withhold: Withhold, encoding: Encoding): Packed {
  const { segment, seqs } = portion;
  const message = withholding(segment, withhold, ({ seq }) => seqs === undefined || seqs.has(seq));
  const shown = message.records.flatMap((record) => (isWithheld(record) ? [] : [record]));
  return { portion, shown, bytes: encodeMessage(message, encoding) };
}

/** The same bodies in two messages, in order. */
export function halves({ portion, shown }: Packed): readonly [Portion, Portion] {
  const seqs = shown.map(({ seq }) => seq);
  const half = Math.ceil(seqs.length / 2);
  return [
    { ...portion, seqs: new Set(seqs.slice(0, half)), isLast: false },
    { ...portion, seqs: new Set(seqs.slice(half)) },
  ];
}
