import type { Instant } from "../measure/time.ts";
import type { SigningKey } from "../seal/key.ts";
import type { RecordId, RecordKind, SegmentMessage, WholeRecord, WithheldRecord } from "../seal/record.ts";
import type { Verification } from "../seal/verifier.ts";

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
export type StoredRecord = WithheldRecord | StoredWholeRecord;
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
  /** What it signs with now: 32 bytes as hex. */
  readonly publicKey: string;
  readonly epoch: number;
  readonly lastSeq: number;
  readonly segments: number;
  readonly bytes: number;
  readonly cursors: Readonly<Record<string, number>>;
  /** Bodies are still to be moved to the key it was opened with: `rotateBoxKey()` with that key goes on. */
  readonly isMovingToBoxKey: boolean;
  /** Appends are refused until there is room. */
  readonly isFull: boolean;
}

/** How long what was delivered is kept. Days are counted from when *every* destination had receipted. */
export interface RetentionPolicy {
  /** Whose receipts count. With none, nothing ever goes. */
  readonly destinations: readonly string[];
  /** Bodies of measures and events; the audit trail keeps its bodies until it is pruned. */
  readonly eraseAfterDays: number;
  /** Whole segments. Of their records there remains what makes a repeat a no-op, some 60 bytes each, for good. */
  readonly pruneAfterDays: number;
  /** Bodies of quarantined readings that nobody released. @default they stay, and keep their segments from being pruned */
  readonly quarantineAfterDays?: number;
  readonly now: Instant;
}

/** Records behind one sequence number, through another. */
export interface SeqRange {
  readonly after: number;
  readonly through: number;
}

export interface Retained {
  /** Bodies erased by this call. */
  readonly erased: number;
  /** The last record that the chain no longer holds; 0 where it is whole. */
  readonly prunedThrough: number;
}

/** A measure, by the index alone. */
export interface Measured {
  readonly seq: number;
  /** An opaque name of its device, always the same in this journal. */
  readonly device: string;
}

/** What delivery needs of the journal. */
export interface JournalReader {
  readonly epoch: number;
  /** The sequence number of the newest record on disk; 0 where there is none. */
  readonly lastSeq: number;
  /** Whole segments, in order, from the one that holds `fromSeq` on, until `maxRecords` records are reached. */
  segments(fromSeq: number, maxRecords: number): Promise<readonly StoredSegment[]>;
  /**
   * The segment that holds the newest checkpoint, where the chain has been pruned. Whoever begins behind the prune (a new
   * destination) is sent this one first: `anchorIn()` of src/seal/checkpoint.ts says where the chain begins for it.
   */
  checkpoint(): Promise<StoredSegment | undefined>;
  /** Sequence numbers of the alarms from `fromSeq` on, in order. */
  alarms(fromSeq: number): Promise<readonly number[]>;
  /** Which device measured what, in order: each measure of a range, or only each device's last one. Without opening a body. */
  measured(range: SeqRange, which: "each" | "last"): Promise<readonly Measured[]>;
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

/**
 * The shelf of what destinations said of records that they refused. Its keys end in `/` and the record's number: such a fact
 * may repeat the measure, or name whose it is, and goes when that person is erased. While it is there, retention leaves the
 * record's body: somebody may have it sent once more.
 */
export const REFUSALS = "dead-letter";

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
  /** Checks the whole file while it is in use. @returns findings by sequence number; none where all is as it was written. */
  verify(): Promise<Verification>;
  /**
   * Erases and prunes what is old enough, in small steps: appending goes on meanwhile, and a cut harms nothing. To be called
   * at intervals, and when a destination's cursor moves while the journal is full: then all that is receipted goes.
   */
  retain(policy: RetentionPolicy): Promise<Retained>;
  /** Erases all bodies of one person, and what destinations said of them (REFUSALS). @param reason for the audit trail; it names nobody. @returns how many records. */
  erasePerson(reference: string, reason: string): Promise<number>;
  /**
   * Erases the bodies of one person's measures in a range, which the caller has said in the audit trail before.
   * @returns how many it still had to erase.
   */
  eraseRange(reference: string, range: SeqRange): Promise<number>;
  /** Erases the body of a quarantined reading. @param reason for the audit trail. @throws RangeError where it is none. */
  discard(seq: number, reason: string): Promise<void>;
  /**
   * Moves every body to a new encryption key, in small steps, with appends in between. Keep the new key before the call: cut
   * in the middle, the journal opens with it alone, works, and goes on when this is called with it again.
   * @param boxKey 32 bytes. A no-op where it is the key already.
   * @throws JOURNAL_KEY_ROTATING where a move to yet another key is under way.
   */
  rotateBoxKey(boxKey: Uint8Array): Promise<void>;
  /**
   * Changes the signing key by a record that the old key signs and that carries the new one; all later segments are the new
   * one's. Keep both keys until it resolves: from then on the journal opens with the new one alone. A no-op where it is the
   * key already.
   */
  rotateSigningKey(key: SigningKey): Promise<void>;
  close(): Promise<void>;
}
