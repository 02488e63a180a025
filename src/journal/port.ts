import type { RecordId, RecordKind, SegmentMessage } from "../seal/record.ts";

/** What is handed to the journal. */
export interface Draft {
  readonly kind: RecordKind;
  /** The identifier that makes a repeat a no-op; 16 bytes. */
  readonly id: RecordId;
  /** What is sealed and travels. */
  readonly body: Uint8Array;
  /** What the body was made from (the measurement): kept encrypted beside it, never sealed, never sent, erased with it. */
  readonly source?: Uint8Array;
  /** Days since 1970 of the reading's own time; of its arrival where absent. The same reading always gives the same day. */
  readonly day?: number;
  /** Whose (an opaque person reference) and which device's: kept under a keyed hash, for retention and routing. */
  readonly person?: string;
  readonly device?: string;
}

export interface Appended {
  readonly seq: number;
  /** True where a record with this id was there already: nothing was written, `seq` is that record's. */
  readonly duplicate: boolean;
}

/** A segment as it is kept, with all its bodies that are still there. */
export interface StoredSegment extends SegmentMessage {
  readonly epoch: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
}

export interface JournalStatus {
  readonly gateway: string;
  readonly epoch: number;
  readonly lastSeq: number;
  readonly segments: number;
  readonly bytes: number;
  readonly cursors: Readonly<Record<string, number>>;
}

/** What delivery needs of the journal. */
export interface JournalReader {
  readonly epoch: number;
  /** The sequence number of the newest record on disk; 0 where there is none. */
  readonly lastSeq: number;
  /** Whole segments, in order, from the one that holds `fromSeq` on, until `maxRecords` records are reached. */
  segments(fromSeq: number, maxRecords: number): Promise<readonly StoredSegment[]>;
  /** Sequence numbers of the alarms from `fromSeq` on, in order. */
  alarms(fromSeq: number): Promise<readonly number[]>;
  /** How far a destination has confirmed; 0 for none. */
  cursor(destination: string): Promise<number>;
  /** Moves a destination's cursor forward, durably. Backward is a no-op. */
  advance(destination: string, through: number): Promise<void>;
  /** Calls back after each commit. @returns a function that stops it. */
  onCommit(listener: (lastSeq: number) => void): () => void;
}

/** What intake needs of the journal. */
export interface JournalWriter {
  /** Resolves when the record's segment is on disk (fsync), or when it was there already. */
  append(draft: Draft): Promise<Appended>;
}

export interface Journal extends JournalReader, JournalWriter {
  status(): Promise<JournalStatus>;
  close(): Promise<void>;
}
