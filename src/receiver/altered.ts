/**
 * Records whose body is not the one that was sealed, in segments that are good. It may have happened on the way, so it is
 * asked for again; a body that rotted on the gateway's disk would come for ever, with everything behind it waiting. After
 * a few times the record is an exception, and the rest goes on.
 */
import type { Sentence } from "../errors/sentence.ts";
import { faultyRecords } from "../seal/chain.ts";
import { isWithheld } from "../seal/record.ts";
import type { AlteredRecord, Arrived } from "./arrived.ts";
import { ofRecord } from "./outcome.ts";
import type { GatewayEntry } from "./port.ts";

const TIMES = 3;
/** Of all gateways; what is forgotten is counted anew. */
const MOST_COUNTED = 10_000;
const REASON = "the body that came is not the one that was sealed";

export type Intact = { readonly arrived: Arrived } | { readonly because: Sentence };

export class AlteredRecords {
  readonly #times = new Map<string, number>();

  /** @returns the message without what is altered, or why it is not taken: it has to come again. */
  sift(arrived: Arrived, entry: GatewayEntry): Intact {
    const { payload, message } = arrived;
    const [fault, ...more] = faultyRecords(payload, message.records);
    if (fault === undefined) return { arrived };
    const because = ofRecord(fault);
    if (!isInShape(arrived)) return { because };
    const altered = new Set([fault, ...more].map(({ seq }) => seq));
    const patient = [...altered].filter((seq) => !this.#isGivenUp(payload, seq, entry));
    if (patient.length > 0) return { because };
    const records = message.records.map((record) =>
      altered.has(record.seq) ? { seq: record.seq, withheld: true as const } : record,
    );
    const refusals = message.records.flatMap((record): AlteredRecord[] =>
      altered.has(record.seq) && !isWithheld(record) ? [{ seq: record.seq, id: record.id, reason: REASON }] : [],
    );
    return { arrived: { ...arrived, message: { ...message, records }, altered: refusals } };
  }

  /** Counts this time. One that is an exception already is not asked for again. */
  #isGivenUp({ gateway, epoch }: Arrived["payload"], seq: number, { exceptions }: GatewayEntry): boolean {
    if (exceptions.some((exception) => exception.seq === seq)) return true;
    const place = `${gateway}/${epoch}/${seq}`;
    const times = (this.#times.get(place) ?? 0) + 1;
    this.#times.delete(place);
    this.#times.set(place, times);
    const [oldest] = this.#times.keys();
    if (this.#times.size > MOST_COUNTED && oldest !== undefined) this.#times.delete(oldest);
    return times >= TIMES;
  }
}

/** As many records as digests, each in its place: only then is it a body that is wrong, and not the message. */
function isInShape({ payload, message: { records } }: Arrived): boolean {
  return (
    records.length === payload.digests.length && records.every(({ seq }, index) => seq === payload.firstSeq + index)
  );
}
