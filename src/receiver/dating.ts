/**
 * When things were really sealed. What a gateway sealed while its clock was wrong is noted; when an anchor record of the same
 * boot says which time it was, the sinks are told what to add (src/seal/redate.ts). Pure.
 */
import { isWithheld, RecordKind, type SegmentPayload, type TravellingRecord } from "../seal/record.ts";
import { type ClockAnchor, clockAnchor, redate } from "../seal/redate.ts";
import type { RedatedRange, Undated } from "./port.ts";

/** A clock that a hand or a source of time moved by more begins a run of its own: devices tell seconds. */
const EVEN_MS = 1_000;

export const bootOf = ({ clock }: SegmentPayload): string => Buffer.from(clock.bootId).toString("hex");

/**
 * @param before what of its boot is undated already, in order.
 * @returns the run that the segment is of; undefined where its clock was right.
 */
export function undatedRun(payload: SegmentPayload, before: readonly Undated[]): Undated | undefined {
  const { epoch, firstSeq, sealedAtMs, clock, digests } = payload;
  if (clock.synchronised) return undefined;
  const lastSeq = firstSeq + digests.length - 1;
  const { monotonicMs } = clock;
  const last = before.at(-1);
  const isOfIt =
    last?.epoch === epoch &&
    last.lastSeq + 1 === firstSeq &&
    Math.abs(sealedAtMs - monotonicMs - (last.sealedAtMs - last.monotonicMs)) <= EVEN_MS;
  return isOfIt ? { ...last, lastSeq } : { epoch, firstSeq, lastSeq, bootId: bootOf(payload), monotonicMs, sealedAtMs };
}

/** The anchors among records that were verified, by a clock that was set. */
export function anchorsIn(records: readonly TravellingRecord[]): readonly ClockAnchor[] {
  return records.flatMap((record) => {
    const anchor = isWithheld(record) || record.kind !== RecordKind.event ? undefined : clockAnchor(record.body);
    return anchor?.synchronised === true ? [anchor] : [];
  });
}

/** What the anchors say of runs of the same boot. */
export function redated(runs: readonly Undated[], anchors: readonly ClockAnchor[]): readonly RedatedRange[] {
  return runs.flatMap(({ epoch, firstSeq, lastSeq, bootId, monotonicMs, sealedAtMs }) => {
    const clock = { bootId: Buffer.from(bootId, "hex"), monotonicMs, synchronised: false };
    const at = redate({ clock, sealedAtMs }, anchors);
    return at === undefined ? [] : [{ epoch, firstSeq, lastSeq, offsetMs: Math.round(at - sealedAtMs) }];
  });
}
