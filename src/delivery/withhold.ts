/** Which bodies a destination does not get. The digests travel all the same, and the chain verifies there. */
import type { StoredSegment, StoredWholeRecord } from "../journal/port.ts";
import { isWithheld, RecordKind, type SegmentMessage } from "../seal/record.ts";

/** @returns whether this record's body is kept back. */
export type Withhold = (record: StoredWholeRecord) => boolean;

/** Quarantined measurements are nobody's yet: they never leave the box, whatever else a destination may have. */
export const withholdQuarantine: Withhold = ({ kind }) => kind === RecordKind.quarantine;

export function withholding({ segment, records }: StoredSegment, withhold: Withhold): SegmentMessage {
  return {
    segment,
    records: records.map((record) =>
      isWithheld(record) || withholdQuarantine(record) || withhold(record)
        ? { seq: record.seq, withheld: true as const }
        : record,
    ),
  };
}
