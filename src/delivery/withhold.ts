/** Which bodies a destination does not get. The digests travel all the same, and the chain verifies there. */
import type { StoredSegment, StoredWholeRecord } from "../journal/port.ts";
import { isWithheld, RecordKind, type SegmentMessage } from "../seal/record.ts";

/** @returns whether this record's body is kept back. */
export type Withhold = (record: StoredWholeRecord) => boolean;

/** Quarantined measurements are nobody's yet: they never leave the box, whatever else a destination may have. */
export const withholdQuarantine: Withhold = ({ kind }) => kind === RecordKind.quarantine;

/**
 * What a destination gets of a segment.
 * @param shows whose bodies this one message shows, of those that are not kept back; the others come in another one.
 */
export function withholding(
  { segment, records }: StoredSegment,
  withhold: Withhold,
  shows: (record: StoredWholeRecord) => boolean = () => true,
): SegmentMessage {
  return {
    segment,
    records: records.map((record) => {
      const { seq } = record;
      if (isWithheld(record) || withholdQuarantine(record) || withhold(record)) return { seq, withheld: true as const };
      return shows(record) ? record : { seq, withheld: true as const, elsewhere: record.id };
    }),
  };
}
