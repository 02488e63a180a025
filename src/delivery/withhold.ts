/** Which bodies a destination does not get. The digests travel all the same, and the chain verifies there. */
import type { StoredSegment, StoredWholeRecord } from "../journal/port.ts";
import { isWithheld, RecordKind, type SegmentMessage } from "../seal/record.ts";

/** @returns whether this record's body is kept back. */
export type Withhold = (record: StoredWholeRecord) => boolean;

/** Beside what never leaves the box, which needs no asking. */
export const nothingMore: Withhold = () => false;

/**
 * What a destination gets of a segment. Quarantined measurements are nobody's yet: they never leave the box, whatever else it
 * may have.
 * @param shows whose bodies this one message shows, of those that are not kept back; the others come in another one.
 */
export function withholding(
  { segment, records }: StoredSegment,
  withhold: Withhold = nothingMore,
  shows: (record: StoredWholeRecord) => boolean = () => true,
): SegmentMessage {
  return {
    segment,
    records: records.map((record) => {
      const { seq } = record;
      if (isWithheld(record) || record.kind === RecordKind.quarantine || withhold(record))
        return { seq, withheld: true as const };
      return shows(record) ? record : { seq, withheld: true as const, elsewhere: record.id };
    }),
  };
}
