/** The journal as it is meant, in memory and without a disk: what the real one is compared with (model.test.ts). */
import { RecordKind } from "../../src/seal/record.ts";

export interface ModelRecord {
  readonly seq: number;
  readonly kind: RecordKind;
  readonly person: string | null;
  /** Null once erased. Of an audit entry that the journal writes itself: its type. */
  body: string | null;
}

interface Segment {
  readonly firstSeq: number;
  readonly lastSeq: number;
}

export interface ModelDraft {
  readonly key: string;
  readonly kind: RecordKind;
  readonly person: string;
  readonly body: string;
}

export const ERASE_AFTER = 7;
export const PRUNE_AFTER = 30;

export class Model {
  lastSeq = 0;
  today = 0;
  prunedThrough = 0;
  readonly cursors = new Map<string, number>();
  #segments: Segment[] = [];
  #records = new Map<number, ModelRecord>();
  /** Never forgotten, not even when the record is pruned. */
  readonly #known = new Map<string, number>();
  /** Refused, and not taken since. */
  readonly #aside = new Set<number>();
  /** How far every destination had come, by the day on which it was looked at last. */
  readonly #passed = new Map<number, number>();

  append(drafts: readonly ModelDraft[]) {
    const fresh: ModelRecord[] = [];
    const appended = drafts.map(({ key, ...draft }) => {
      const known = this.#known.get(key);
      if (known !== undefined) return { seq: known, duplicate: true };
      const seq = this.lastSeq + fresh.length + 1;
      fresh.push({ seq, ...draft });
      this.#known.set(key, seq);
      return { seq, duplicate: false };
    });
    if (fresh.length > 0) this.#commit(fresh);
    return appended;
  }

  /** An entry that the journal writes itself. */
  audit(type: string, key?: string): void {
    if (key !== undefined && this.#known.has(key)) return;
    const seq = this.lastSeq + 1;
    if (key !== undefined) this.#known.set(key, seq);
    this.#commit([{ seq, kind: RecordKind.audit, person: null, body: type }]);
  }

  advance(destination: string, through: number): void {
    this.cursors.set(destination, Math.max(through, this.cursors.get(destination) ?? 0));
  }

  /** A destination refuses a record, or takes it after all. */
  refuse(seq: number, isRefused: boolean): void {
    if (isRefused) this.#aside.add(seq);
    else this.#aside.delete(seq);
  }

  retain(destinations: readonly string[]) {
    const receipted = Math.min(...destinations.map((name) => this.cursors.get(name) ?? 0));
    this.#passed.set(this.today, receipted);
    const passed = (days: number) =>
      Math.min(
        receipted,
        ...[Math.max(0, ...[...this.#passed].map(([day, at]) => (day <= this.today - days ? at : 0)))],
      );
    const readings: RecordKind[] = [RecordKind.measure, RecordKind.event];
    const through = passed(ERASE_AFTER);
    const erased = this.#erase(({ seq, kind }) => seq <= through && readings.includes(kind) && !this.#aside.has(seq));
    this.#prune(passed(PRUNE_AFTER));
    return { erased, prunedThrough: this.prunedThrough };
  }

  erasePerson(reference: string): number {
    this.#erase(({ person }) => person === reference);
    for (const seq of this.#aside) {
      const record = this.#records.get(seq);
      if (record === undefined || (record.person === reference && record.body === null)) this.#aside.delete(seq);
    }
    const records = [...this.#records.values()].filter(({ person }) => person === reference).length;
    this.audit("person-erased");
    return records;
  }

  discard(seq: number): "discarded" | "refused" {
    if (this.#records.get(seq)?.kind !== RecordKind.quarantine) return "refused";
    this.audit("discarded", `discard ${seq}`);
    this.#erase((record) => record.seq === seq);
    return "discarded";
  }

  read(fromSeq: number) {
    const segments = this.#segments.filter(({ lastSeq }) => lastSeq >= fromSeq);
    return segments.map(({ firstSeq, lastSeq }) => ({
      firstSeq,
      lastSeq,
      bodies: this.#between(firstSeq, lastSeq).map(({ body }) => body ?? "withheld"),
    }));
  }

  #commit(records: readonly ModelRecord[]): void {
    for (const record of records) this.#records.set(record.seq, { ...record });
    this.#segments.push({ firstSeq: this.lastSeq + 1, lastSeq: this.lastSeq + records.length });
    this.lastSeq += records.length;
  }

  #erase(where: (record: ModelRecord) => boolean): number {
    const erased = [...this.#records.values()].filter((record) => record.body !== null && where(record));
    for (const record of erased) record.body = null;
    return erased.length;
  }

  #prune(bound: number): void {
    const live = [...this.#records.values()].find(({ kind, body }) => kind !== RecordKind.audit && body !== null);
    const limit = Math.min(bound, (live?.seq ?? Number.POSITIVE_INFINITY) - 1);
    const through = this.#segments.findLast(({ lastSeq }) => lastSeq <= limit)?.lastSeq ?? 0;
    if (through <= this.prunedThrough) return;
    this.audit("checkpoint");
    this.prunedThrough = through;
    this.#segments = this.#segments.filter(({ firstSeq }) => firstSeq > through);
    for (const seq of [...this.#records.keys()]) if (seq <= through) this.#records.delete(seq);
  }

  #between(first: number, last: number): ModelRecord[] {
    return [...this.#records.values()].filter(({ seq }) => seq >= first && seq <= last);
  }
}
