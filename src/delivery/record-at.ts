import type { JournalReader, StoredWholeRecord } from "../journal/port.ts";
import { isWithheld } from "../seal/record.ts";

/** The record, where its body is still there. */
export async function recordAt(
  seq: number,
  journal: Pick<JournalReader, "segments">,
): Promise<StoredWholeRecord | undefined> {
  const [segment] = await journal.segments(seq, 1);
  const record = segment?.records.find((one) => one.seq === seq);
  return record === undefined || isWithheld(record) ? undefined : record;
}
