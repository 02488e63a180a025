/**
 * Which fresh measures may overtake a backlog. The order of each device is kept: a measure goes ahead only where nothing that
 * its device measured before is still to come, be it in the backlog or on its way ahead without an answer. So a device with a
 * backlog of its own waits for it, and the others are at the platform at once.
 */
import type { JournalReader, Measured, StoredSegment, StoredWholeRecord } from "../journal/port.ts";
import { isWithheld } from "../seal/record.ts";

/** With fewer records before it that have no receipt, a record's turn is soon enough: a full segment is one message. */
export const BACKLOG = 256;
/** Rows of the index read at once, some 30 ms on a small board: intake goes on in between. */
const LOOK_AT_ONCE = 16_384;
/** Fresh measures that are known one by one: of 100 devices, a measure a minute, for an hour and a half. Beyond, they wait. */
const MOST_FRESH = 10_000;
/** Devices that are shown ahead and unanswered: an alarm waits behind no more than these. */
const MOST_OUT = 64;

interface Device {
  /** The last of its measures that go in their turn; 0 for none. */
  inTurnThrough: number;
  /** The last of its measures that were shown ahead and have no answer; 0 for none. */
  outThrough: number;
  /** What may go ahead, in order, and is not known to be held. */
  fresh: number[];
}

export class Overtaking {
  readonly #journal: Pick<JournalReader, "lastSeq" | "measured">;
  readonly #devices = new Map<string, Device>();
  /** Whose each fresh measure is. */
  readonly #owners = new Map<number, Device>();
  /** What is known; undefined while nothing has to overtake anything. */
  #lookedThrough: number | undefined;
  /** Counts what was forgotten: an answer of the journal that was asked for before says nothing any more. */
  #round = 0;

  constructor(journal: Pick<JournalReader, "lastSeq" | "measured">) {
    this.#journal = journal;
  }

  /**
   * Finds out what came since. The first time, whatever is there goes in its turn, but for the end of it: a device that measured
   * nothing but a moment ago has no backlog. @param confirmed what the platform has receipted
   */
  async look(confirmed: number): Promise<void> {
    const { lastSeq } = this.#journal;
    const inTurnThrough = this.#lookedThrough === undefined ? Math.max(confirmed, lastSeq - BACKLOG) : 0;
    let after = this.#lookedThrough ?? confirmed;
    const round = this.#round;
    while (after < lastSeq) {
      const isInTurn = after < inTurnThrough || this.#owners.size >= MOST_FRESH;
      const through = Math.min(after + LOOK_AT_ONCE, after < inTurnThrough ? inTurnThrough : lastSeq);
      const measures = await this.#journal.measured({ after, through }, isInTurn ? "last" : "each");
      if (round !== this.#round) return;
      for (const measure of measures) this.#note(measure, isInTurn);
      after = through;
    }
    this.#lookedThrough = lastSeq;
  }

  /** Nothing has to overtake anything any more; or nothing is known any more of what the platform holds. */
  forget(): void {
    this.#round += 1;
    this.#devices.clear();
    this.#owners.clear();
    this.#lookedThrough = undefined;
  }

  /** What was on its way over a former connection may not have arrived. */
  reconnected(): void {
    for (const device of this.#devices.values()) device.outThrough = 0;
  }

  /** @returns the first measure from `unsent` on that may go ahead now; undefined for none. */
  next(confirmed: number, unsent: number): number | undefined {
    this.#drop(confirmed);
    let [next, out]: [number | undefined, number] = [undefined, 0];
    for (const device of this.#devices.values()) {
      if (device.outThrough > 0) out += 1;
      const [first] = device.fresh;
      if (isFree(device) && first !== undefined && first >= unsent && first < (next ?? Number.POSITIVE_INFINITY))
        next = first;
    }
    return out < MOST_OUT ? next : undefined;
  }

  /**
   * The measures of a segment that may go ahead now. They count as on their way.
   * @param isFor whether the destination may have one; what it may not have keeps nobody waiting.
   */
  take(
    { firstSeq, lastSeq, records }: StoredSegment,
    isFor: (record: StoredWholeRecord) => boolean,
  ): ReadonlySet<number> {
    const taken = new Set<number>();
    for (const device of this.#devices.values()) {
      const [first] = device.fresh;
      if (!isFree(device) || first === undefined || first < firstSeq) continue;
      for (const seq of device.fresh) {
        if (seq > lastSeq) break;
        taken.add(seq);
        device.outThrough = seq;
      }
    }
    const shown = records.flatMap((r) => (!isWithheld(r) && taken.has(r.seq) && isFor(r) ? [r.seq] : []));
    for (const seq of shown) taken.delete(seq);
    this.settled(taken);
    return new Set(shown);
  }

  /** The platform holds these, or never will have them: what their devices measured next may go. */
  settled(seqs: Iterable<number>): void {
    for (const seq of seqs) {
      const device = this.#owners.get(seq);
      if (device === undefined) continue;
      this.#owners.delete(seq);
      device.fresh = device.fresh.filter((other) => other !== seq);
      // One that was refused keeps those behind it until its turn.
      const [first] = device.fresh;
      if (first === undefined || first > device.outThrough) device.outThrough = 0;
    }
  }

  #note({ device: name, seq }: Measured, isInTurn: boolean): void {
    const device = this.#devices.get(name) ?? { inTurnThrough: 0, outThrough: 0, fresh: [] };
    this.#devices.set(name, device);
    if (isInTurn) {
      device.inTurnThrough = seq;
    } else {
      device.fresh.push(seq);
      this.#owners.set(seq, device);
    }
  }

  /** What is receipted is nobody's concern any more. */
  #drop(confirmed: number): void {
    for (const [name, device] of this.#devices) {
      if (device.inTurnThrough <= confirmed) device.inTurnThrough = 0;
      if (device.outThrough <= confirmed) device.outThrough = 0;
      const left = device.fresh.findIndex((seq) => seq > confirmed);
      for (const seq of device.fresh.splice(0, left === -1 ? device.fresh.length : left)) this.#owners.delete(seq);
      if (device.inTurnThrough + device.outThrough + device.fresh.length === 0) this.#devices.delete(name);
    }
  }
}

const isFree = ({ inTurnThrough, outThrough }: Device): boolean => inTurnThrough === 0 && outThrough === 0;
