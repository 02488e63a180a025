/**
 * What one POST carries: several whole messages, one behind the other (a CBOR sequence, RFC 8742), or a part of one that
 * is too large. A part is the same segment with some of its bodies kept back; the next part shows the others. Pure.
 */
import type { StoredSegment, StoredWholeRecord } from "../../journal/port.ts";
import type { Encoding } from "../../seal/encoding.ts";
import { encodeMessage } from "../../seal/message.ts";
import { isWithheld, type SegmentMessage } from "../../seal/record.ts";

export interface Batch {
  readonly bytes: Uint8Array;
  /** The last record of what it carries. */
  readonly lastSeq: number;
  /** Whether all bodies of its segments are out once it is taken. */
  readonly completes: boolean;
  /** The records whose bodies it shows. */
  readonly shown: readonly StoredWholeRecord[];
}

/** A segment, and the message that this destination may have of it. */
export interface Outgoing {
  readonly segment: StoredSegment;
  readonly message: SegmentMessage;
}

/** The first POST of these segments: as many as fit into so many bytes, but at least one body. */
export function firstBatch(outgoing: readonly Outgoing[], encoding: Encoding, maxBytes: number): readonly Batch[] {
  const messages: Uint8Array[] = [];
  const shown: StoredWholeRecord[] = [];
  let [size, lastSeq] = [0, 0];
  for (const { segment, message } of outgoing) {
    const bytes = encodeMessage(message, encoding);
    if (size + bytes.length > maxBytes) break;
    messages.push(bytes);
    size += bytes.length;
    lastSeq = segment.lastSeq;
    shown.push(...shownOf(message));
  }
  if (messages.length > 0) return [{ bytes: Buffer.concat(messages), lastSeq, completes: true, shown }];
  const [first] = outgoing;
  return first === undefined ? [] : partsOf(first, encoding, maxBytes);
}

/** One message as parts of at most so many bytes, or of one body where that alone is larger. In order of the records. */
function partsOf({ segment, message }: Outgoing, encoding: Encoding, maxBytes: number): readonly Batch[] {
  const cut = (records: readonly StoredWholeRecord[]): readonly Pick<Batch, "bytes" | "shown">[] => {
    const bytes = encodeMessage(showing(message, records), encoding);
    if (bytes.length <= maxBytes || records.length <= 1) return [{ bytes, shown: records }];
    const half = Math.ceil(records.length / 2);
    return [...cut(records.slice(0, half)), ...cut(records.slice(half))];
  };
  const parts = cut(shownOf(message));
  return parts.map((part, index) => ({ ...part, lastSeq: segment.lastSeq, completes: index === parts.length - 1 }));
}

function shownOf({ records }: SegmentMessage): readonly StoredWholeRecord[] {
  return records.flatMap((record) => (isWithheld(record) ? [] : [record]));
}

function showing({ segment, records }: SegmentMessage, shown: readonly StoredWholeRecord[]): SegmentMessage {
  const seqs = new Set(shown.map(({ seq }) => seq));
  return {
    segment,
    records: records.map((record) => (seqs.has(record.seq) ? record : { seq: record.seq, withheld: true as const })),
  };
}
