/** A quarantined measurement, kept whole on a shelf of its own until somebody says whose it is, or that it is nobody's. */
import { z } from "zod";
import type { JournalFacts, StoredFact } from "../journal/port.ts";
import { parseJson, readMeasurement, toJson } from "../measure/json.ts";
import type { Measurement } from "../measure/measurement.ts";
import { newId } from "../registry/audit.ts";
import { type QuarantineReason, quarantineReasons } from "../registry/port.ts";

export const WAITING = "quarantine";

export interface Waiting {
  /** Eight hex digits, to name it by. */
  readonly id: string;
  readonly reason: QuarantineReason;
  readonly measurement: Measurement;
}

export function waitingFact(measurement: Measurement, reason: QuarantineReason) {
  return { shelf: WAITING, key: newId(), value: toJson({ reason, measurement }) };
}

/** All that waits, by the time of arrival. */
export async function readWaiting(journal: JournalFacts): Promise<readonly Waiting[]> {
  const waiting = (await journal.facts(WAITING)).map(parse);
  return waiting.sort((a, b) => a.measurement.receivedAt.wall - b.measurement.receivedAt.wall);
}

const shape = z.object({ reason: z.enum(quarantineReasons), measurement: z.unknown() });

function parse({ key, value }: StoredFact): Waiting {
  const { reason, measurement } = shape.parse(parseJson(value));
  return { id: key, reason, measurement: readMeasurement(measurement) };
}
