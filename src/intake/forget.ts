/** A quarantined reading that is a measure by now, or nobody's: its body goes from the journal, its signed trace stays. */
import { readingId } from "../measure/identity.ts";
import type { Measurement } from "../measure/measurement.ts";
import { RecordKind } from "../seal/record.ts";
import type { DeskParts } from "./parts.ts";

/** How many records are in memory at a time. */
const STEP = 256;

/** A no-op where the body is gone already. @param reason for the audit trail; without identity or health value. */
export async function forget(
  measurement: Measurement,
  reason: "released" | "discarded",
  { gateway, journal }: Pick<DeskParts, "gateway" | "journal">,
): Promise<void> {
  const id = readingId(measurement, gateway.id);
  const device = measurement.device.address;
  for (let afterSeq = 0; ; ) {
    const records = await journal.find({ kind: RecordKind.quarantine, device, afterSeq, limit: STEP });
    const found = records.find((record) => Buffer.compare(record.id, id) === 0);
    if (found !== undefined) return journal.discard(found.seq, reason);
    const last = records.at(-1);
    if (last === undefined || records.length < STEP) return;
    afterSeq = last.seq;
  }
}
