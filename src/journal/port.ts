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
  /** How far a destination has confirmed; 0 for none. */
  cursor(destination: string): Promise<number>;
  /** Moves a destination's cursor forward, durably. Backward is a no-op. */
  advance(destination: string, through: number): Promise<void>;
  /** Calls back after each commit. @returns a function that stops it. */
  onCommit(listener: (lastSeq: number) => void): () => void;
}

/** Something known beside the chain: encrypted, replaced as a whole. */
export interface Fact {
  /** What kind of thing it is (`person`, `assignment`): the one part that stands in clear in the file. */
  readonly shelf: string;
  /** Its name on that shelf. */
  readonly key: string;
  /** JSON; where absent, the fact is taken off the shelf. */
  readonly value?: string;
}

export type StoredFact = Required<Omit<Fact, "shelf">>;

/** What intake and the registry need of the journal. */
export interface JournalWriter {
  /**
   * Resolves when the record's segment is on disk (fsync), or when it was there already.
   * @param facts written in the same transaction as the record; not at all where the record was there already.
   */
  append(draft: Draft, facts?: readonly Fact[]): Promise<Appended>;
}

/** What is known beside the chain. */
export interface JournalFacts {
  /** All that is on a shelf, sorted by key. @throws JOURNAL_DAMAGED */
  facts(shelf: string): Promise<readonly StoredFact[]>;
}

export interface RecordQuery {
  readonly kind: RecordKind;
  readonly device?: string;
  readonly person?: string;
  /** Only records after this one. @default 0 */
  readonly afterSeq?: number;
  /** At most so many. */
  readonly limit: number;
}

/** A record whose body is still there. */
export interface KeptRecord extends Pick<Draft, "id" | "body" | "source"> {
  readonly seq: number;
}

export interface JournalFinder {
  /** In the order of the journal. @throws JOURNAL_DAMAGED */
  find(query: RecordQuery): Promise<readonly KeptRecord[]>;
}

export interface Journal extends JournalReader, JournalWriter, JournalFacts, JournalFinder {
  status(): Promise<JournalStatus>;
  close(): Promise<void>;
}
