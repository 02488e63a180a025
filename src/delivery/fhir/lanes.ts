/**
 * Which record goes next. Each device is a lane: its records go one at a time, in order; devices go side by side. And how
 * far everything is done without a gap, which is where the cursor may stand. Pure.
 */

export interface Item {
  readonly seq: number;
  readonly lane: string;
}

interface Pending<One extends Item> {
  readonly item: One;
  /** Failures that may have been the record's own fault. */
  failures: number;
  /** How many others had been taken when it failed first. */
  takenBefore: number;
  /** The round that it last went out in. */
  round: number;
}

/** So often in a row it may have been bad luck; from then on it stands beside its lane, and those behind it go first. */
const PATIENCE = 3;
/** So often, while others are taken: it is the record. */
const LAST_FAILURE = 5;

export class Lanes<One extends Item> {
  readonly #lanes = new Map<string, Pending<One>[]>();
  /** Stood aside from their lanes. */
  #doubtful: Pending<One>[] = [];
  readonly #out = new Map<number, Pending<One>>();
  /** Done beyond the cursor, with a gap before them. */
  readonly #done = new Set<number>();
  #through: number;
  #taken = 0;
  #round = 0;

  /** @param through everything up to there is done. */
  constructor(through: number) {
    this.#through = through;
  }

  /** Everything up to there is done, without a gap. */
  get through(): number {
    return this.#through;
  }

  /** How many wait or are out. */
  get size(): number {
    let waiting = this.#doubtful.length + this.#out.size;
    for (const lane of this.#lanes.values()) waiting += lane.length;
    return waiting;
  }

  /** Those that stand aside from their lanes, and that others pass. */
  get aside(): readonly One[] {
    return this.#doubtful.map(({ item }) => item);
  }

  add(item: One): void {
    const lane = this.#lanes.get(item.lane) ?? [];
    this.#lanes.set(item.lane, lane);
    lane.push({ item, failures: 0, takenBefore: 0, round: 0 });
  }

  /** A new attempt: what is doubtful may go once more. */
  newRound(): void {
    this.#round += 1;
  }

  /** Takes out the next one that may go: of the lane whose turn is longest ago. The doubtful ones go when no other can. */
  next(): One | undefined {
    const busy = new Set([...this.#out.values()].map(({ item }) => item.lane));
    for (const [name, lane] of this.#lanes) {
      if (busy.has(name)) continue;
      const first = lane.shift();
      this.#lanes.delete(name);
      if (lane.length > 0) this.#lanes.set(name, lane);
      if (first !== undefined) return this.#send(first);
    }
    const at = this.#doubtful.findIndex(({ item, round }) => round < this.#round && !busy.has(item.lane));
    const [doubtful] = at === -1 ? [] : this.#doubtful.splice(at, 1);
    return doubtful === undefined ? undefined : this.#send(doubtful);
  }

  /** The destination has it. */
  taken(seq: number): void {
    this.#taken += 1;
    this.done(seq);
  }

  /** Nothing is left to do for it: it was put aside, or is not for this destination. */
  done(seq: number): void {
    this.#out.delete(seq);
    this.#done.add(seq);
    while (this.#done.delete(this.#through + 1)) this.#through += 1;
  }

  /** What is between the two, and the second, is not to be had any more: it was pruned before anybody asked for it. */
  gone(after: number, through: number): void {
    if (after === this.#through) this.#through = through;
    else for (let seq = after + 1; seq <= through; seq += 1) this.#done.add(seq);
  }

  /** It did not go, through no fault of its own: it is the first of its lane again. */
  back(seq: number): void {
    const pending = this.#comeBack(seq);
    if (pending === undefined) return;
    if (pending.failures >= PATIENCE) this.#doubtful.push(pending);
    else this.#lanes.set(pending.item.lane, [pending, ...(this.#lanes.get(pending.item.lane) ?? [])]);
  }

  /**
   * It did not go, perhaps through its own fault.
   * @returns whether that is proven: it failed again and again, and others were taken meanwhile.
   */
  doubt(seq: number): boolean {
    const pending = this.#out.get(seq);
    if (pending === undefined) return false;
    if (pending.failures === 0) pending.takenBefore = this.#taken;
    pending.failures += 1;
    this.back(seq);
    return pending.failures >= LAST_FAILURE && this.#taken > pending.takenBefore;
  }

  /** Takes it out for good, wherever it stands. */
  drop(seq: number): void {
    this.#doubtful = this.#doubtful.filter(({ item }) => item.seq !== seq);
    this.done(seq);
  }

  #send(pending: Pending<One>): One {
    pending.round = this.#round;
    this.#out.set(pending.item.seq, pending);
    return pending.item;
  }

  #comeBack(seq: number): Pending<One> | undefined {
    const pending = this.#out.get(seq);
    this.#out.delete(seq);
    return pending;
  }
}
