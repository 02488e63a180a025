import type { RecordId, RecordKind, SegmentMessage, WholeRecord } from "../seal/record.ts";

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

/** A record as it is kept: beside what travels, what its body was made from (Draft.source), which never does. */
export type StoredRecord = { readonly seq: number; readonly withheld: true } | StoredWholeRecord;
export type StoredWholeRecord = WholeRecord & { readonly source?: Uint8Array };

/** A segment as it is kept, with all its bodies that are still there. */
export interface StoredSegment extends SegmentMessage {
  readonly records: readonly StoredRecord[];
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
  /** How far a destination has confirmed; 0 for none. */
  cursor(destination: string): Promise<number>;
  /** Moves a destination's cursor forward, durably. Backward is a no-op. */
  advance(destination: string, through: number): Promise<void>;
  /** Calls back after each commit. @returns a function that stops it. */
  onCommit(listener: (lastSeq: number) => void): () => void;
}

/** A record that a destination refused for good. */
export interface DeadLetter {
  readonly destination: string;
  readonly seq: number;
  /** Why, as a program reads it: an HTTP status, or a code of ours. */
  readonly code: string;
  /** Why, in the destination's own words. They may repeat the measure: for people at the box only. */
  readonly words: string;
  /** When, milliseconds since 1970. */
  readonly at: number;
  /** Somebody wants it sent once more. */
  readonly again: boolean;
}

/** What a destination refused, beside the chain, encrypted. */
export interface DeadLetters {
  /** Keeps one, durably; in place of an earlier one of the same record and destination. */
  putAside(letter: DeadLetter): Promise<void>;
  /** By destination and sequence number. */
  deadLetters(destination?: string): Promise<readonly DeadLetter[]>;
  /** Has these sent once more. @returns how many of them there were. */
  sendAgain(destination: string, seqs: readonly number[]): Promise<number>;
  /** It was taken after all. */
  dropLetter(destination: string, seq: number): Promise<void>;
}

/** What intake needs of the journal. */
export interface JournalWriter {
  /** Resolves when the record's segment is on disk (fsync), or when it was there already. */
  append(draft: Draft): Promise<Appended>;
}

export interface Journal extends JournalReader, JournalWriter, DeadLetters {
  status(): Promise<JournalStatus>;
  close(): Promise<void>;
}
