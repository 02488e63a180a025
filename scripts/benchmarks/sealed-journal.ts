/** A journal in memory whose segments are sealed before the measurement begins: what is measured is their way, not their making. */
import { randomBytes } from "node:crypto";
import type { JournalReader, Measured, StoredSegment } from "../../src/journal/port.ts";
import type { SigningKey } from "../../src/seal/key.ts";
import type { SealedRecord } from "../../src/seal/record.ts";
import { digestOf, hashOf, sealSegment } from "../../src/seal/segment.ts";

export type Contents = Omit<SealedRecord, "salt">;

export class SealedJournal implements JournalReader {
  readonly epoch = 1;
  /** What delivery may see of it. */
  lastSeq = 0;
  readonly #segments: readonly StoredSegment[];
  readonly #listeners = new Set<(lastSeq: number) => void>();
  #through = 0;

  /** @param segments what stands in each. */
  constructor(gateway: string, key: SigningKey, segments: readonly (readonly Contents[])[]) {
    let previous: Uint8Array | null = null;
    let firstSeq = 1;
    const sealed: StoredSegment[] = [];
    for (const contents of segments) {
      const records = contents.map((record, index) => ({ ...record, seq: firstSeq + index, salt: randomBytes(16) }));
      const facts = { gateway, epoch: this.epoch, firstSeq, previous, digests: records.map(digestOf) };
      const clock = { bootId: new Uint8Array(16), monotonicMs: firstSeq, synchronised: true };
      const segment: Uint8Array = sealSegment({ ...facts, clock, sealedAtMs: 1_800_000_000_000 }, key);
      const lastSeq = firstSeq + records.length - 1;
      sealed.push({ segment, records, epoch: this.epoch, firstSeq, lastSeq });
      previous = hashOf(segment);
      firstSeq = lastSeq + 1;
    }
    this.#segments = sealed;
  }

  get end(): number {
    return this.#segments.at(-1)?.lastSeq ?? 0;
  }

  /** Lets delivery have the next segments. */
  commit(segments = this.#segments.length): void {
    const at = this.#segments.findIndex(({ firstSeq }) => firstSeq === this.lastSeq + 1);
    this.lastSeq = this.#segments[Math.min(at + segments, this.#segments.length) - 1]?.lastSeq ?? this.lastSeq;
    for (const listener of this.#listeners) listener(this.lastSeq);
  }

  async segments(fromSeq: number, maxRecords: number): Promise<readonly StoredSegment[]> {
    const found: StoredSegment[] = [];
    let records = 0;
    for (let at = this.#indexOf(fromSeq); records < maxRecords; at += 1) {
      const segment = this.#segments[at];
      if (segment === undefined || segment.lastSeq > this.lastSeq) break;
      found.push(segment);
      records += segment.records.length;
    }
    return found;
  }

  async checkpoint(): Promise<undefined> {
    return undefined;
  }

  async alarms(): Promise<readonly number[]> {
    return [];
  }

  async measured(): Promise<readonly Measured[]> {
    return [];
  }

  async cursor(): Promise<number> {
    return this.#through;
  }

  async advance(_destination: string, through: number): Promise<void> {
    this.#through = Math.max(this.#through, through);
  }

  onCommit(listener: (lastSeq: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #indexOf(seq: number): number {
    const at = this.#segments.findIndex(({ lastSeq }) => lastSeq >= seq);
    return at === -1 ? this.#segments.length : at;
  }
}
