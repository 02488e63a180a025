/** What a platform needs that begins behind a prune: the journal's newest checkpoint, before the first segment that is left. */
import type { JournalReader, StoredRecord, StoredSegment } from "../journal/port.ts";
import { chainStatement } from "../seal/checkpoint.ts";
import { isWithheld, RecordKind } from "../seal/record.ts";
import type { Portion } from "./portion.ts";

/**
 * The checkpoint alone of its segment: the whole of it comes again in its turn, and what else is in it by then.
 * @param from where sending goes on. @param next what the journal has from there on.
 * @returns undefined where nothing is missing in between, or nothing tells how far that goes.
 */
export async function checkpointBefore(
  journal: Pick<JournalReader, "checkpoint">,
  from: number,
  [next]: readonly StoredSegment[],
): Promise<Portion | undefined> {
  if (next === undefined || next.firstSeq <= from) return undefined;
  const segment = await journal.checkpoint();
  if (segment === undefined) return undefined;
  const seqs = segment.records.filter(isCheckpoint).map(({ seq }) => seq);
  return { segment, seqs: new Set(seqs), isLast: false };
}

const isCheckpoint = (record: StoredRecord): boolean =>
  !isWithheld(record) && record.kind === RecordKind.audit && chainStatement(record.body)?.type === "checkpoint";
