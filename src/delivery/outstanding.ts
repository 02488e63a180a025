/** What was sent and has no receipt yet: how much more may go out, and which segment a receipt is about. */

export interface SentSegment {
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** SHA-256 of its COSE bytes: what a receipt for it has to name. */
  readonly hash: Uint8Array;
  /** Of all its messages. */
  readonly bytes: number;
}

export interface WindowLimits {
  readonly segments: number;
  /** Reached, nothing more goes out; but one segment does, however large it is. */
  readonly bytes: number;
}

export class Outstanding {
  /** Sent since the last start from the cursor, in order. */
  #round: SentSegment[] = [];
  #bytes = 0;
  #rounds = 0;
  #acknowledgedThrough = 0;
  /** Where segments end that were ever sent and have no receipt, by sequence: a receipt may be about a former round. */
  readonly #ends = new Map<number, SentSegment>();

  /** How often sending started over. */
  get rounds(): number {
    return this.#rounds;
  }

  /** Whether the broker took something that the platform has not receipted. */
  get awaitsReceipt(): boolean {
    const first = this.#round[0];
    return first !== undefined && first.lastSeq <= this.#acknowledgedThrough;
  }

  /** Whether one more segment may go out. */
  hasRoom(limits: WindowLimits): boolean {
    return this.#round.length === 0 || (this.#round.length < limits.segments && this.#bytes < limits.bytes);
  }

  /** A message of a segment went out; a segment that was cut has several, one behind the other. */
  sent(message: SentSegment): void {
    const { lastSeq, bytes } = message;
    const at = this.#round.findIndex((segment) => segment.lastSeq === lastSeq);
    const before = this.#round[at];
    // What was being put aside comes behind those that went on meanwhile.
    if (before === undefined) this.#round = [...this.#round, message].sort((a, b) => a.lastSeq - b.lastSeq);
    else this.#round[at] = { ...before, bytes: before.bytes + bytes };
    this.#bytes += bytes;
    this.#ends.set(lastSeq, message);
  }

  /** Whether some of it went out since the last start from the cursor. */
  has(lastSeq: number): boolean {
    return this.#round.some((segment) => segment.lastSeq === lastSeq);
  }

  /** The broker has all of it. */
  acknowledged(lastSeq: number): void {
    this.#acknowledgedThrough = Math.max(this.#acknowledgedThrough, lastSeq);
  }

  /** The segment that ends at `through`, where it was sent and has no receipt. */
  endingAt(through: number): SentSegment | undefined {
    return this.#ends.get(through);
  }

  /** Everything up to `through` is done with. */
  receipted(through: number): void {
    const left = this.#round.findIndex(({ lastSeq }) => lastSeq > through);
    const done = this.#round.splice(0, left === -1 ? this.#round.length : left);
    for (const { bytes } of done) this.#bytes -= bytes;
    for (const end of this.#ends.keys()) if (end <= through) this.#ends.delete(end);
  }

  /** Sending starts over from the cursor. */
  restart(): void {
    this.#rounds += 1;
    this.#round = [];
    this.#bytes = 0;
    this.#acknowledgedThrough = 0;
  }
}
