/** A quarantined reading that is a measure by now, or nobody's: its body goes from the journal, its signed trace stays. */
import type { KeptRecord } from "../journal/port.ts";
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
  parts: Pick<DeskParts, "gateway" | "journal">,
): Promise<void> {
  const record = await quarantined(measurement, parts);
  if (record !== undefined) await parts.journal.discard(record.seq, reason);
}

/** The record of a quarantined reading; undefined where its body is gone. */
export async function quarantined(
  measurement: Measurement,
  { gateway, journal }: Pick<DeskParts, "gateway" | "journal">,
): Promise<KeptRecord | undefined> {
  const id = readingId(measurement, gateway.id);
  const device = measurement.device.address;
  for (let afterSeq = 0; ; ) {
    const records = await journal.find({ kind: RecordKind.quarantine, device, afterSeq, limit: STEP });
    const found = records.find((record) => Buffer.compare(record.id, id) === 0);
    const last = records.at(-1);
    if (found !== undefined || last === undefined || records.length < STEP) return found;
    afterSeq = last.seq;
  }
}
