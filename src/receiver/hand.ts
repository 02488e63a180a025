/** Hands verified records to the sinks: those that the platform has not been handed before. */
import type { SegmentPayload } from "../seal/record.ts";
import { idText } from "./id.ts";
import type { GatewayEntry, HandedRecord, Handover, Refusal, Sink } from "./port.ts";

export interface Handed {
  /** What had not been handed over before. */
  readonly fresh: readonly HandedRecord[];
  /** What of it the sinks took. */
  readonly taken: readonly HandedRecord[];
  /** What of it they refused for good. */
  readonly refusals: readonly Refusal[];
}

/** @throws what a sink throws: then they are to be handed over again. */
export async function handFresh(
  sinks: readonly Sink[],
  { gateway, epoch, sealedAtMs, clock }: SegmentPayload,
  records: readonly HandedRecord[],
  entry: GatewayEntry,
): Promise<Handed> {
  const known = await entry.known(records.map(({ id }) => id));
  const fresh = firstOfEach(records.filter(({ id }) => !known.has(idText(id))));
  const sealed = { atMs: sealedAtMs, isTrusted: clock.synchronised };
  const refusals = fresh.length === 0 ? [] : await handToAll(sinks, { gateway, epoch, sealed, records: fresh });
  const refused = new Set(refusals.map(({ seq }) => seq));
  return { fresh, taken: fresh.filter(({ seq }) => !refused.has(seq)), refusals };
}

async function handToAll(sinks: readonly Sink[], handover: Handover): Promise<readonly Refusal[]> {
  const refusals = new Map<number, Refusal>();
  for (const sink of sinks) {
    for (const { seq, reason } of await sink.hand(handover)) refusals.set(seq, { seq, reason: shortened(reason) });
  }
  return [...refusals.values()];
}

/** A segment holds no id twice where the gateway is honest; where it is not, the first one counts. */
function firstOfEach(records: readonly HandedRecord[]): readonly HandedRecord[] {
  const seen = new Set<string>();
  return records.filter(({ id }) => !seen.has(idText(id)) && seen.add(idText(id)));
}

/** A receipt has 64 KiB and names 256 records: what is said of one is cut at some 200 bytes. */
const REASON_BYTES = 200;

function shortened(reason: string): string {
  const bytes = Buffer.from(reason);
  if (bytes.length <= REASON_BYTES) return reason;
  // The character that the cut goes through is left out.
  return `${bytes
    .subarray(0, REASON_BYTES)
    .toString()
    .replace(/\ufffd+$/, "")}…`;
}
