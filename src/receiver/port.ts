/** What a platform gives the receiver, and what it gets from it. */
import type { VigieError } from "../errors/error.ts";
import type { Sentence } from "../errors/sentence.ts";
import type { ChainFault, ChainHead } from "../seal/chain.ts";
import type { SealFault } from "../seal/cose.ts";
import type { Holding } from "../seal/holding.ts";
import type { KeyId, VerifyingKey } from "../seal/key.ts";
import type { RecordId, RecordKind } from "../seal/record.ts";

/** Whose key it is. A gateway signs for itself only, however good its key. */
export type GatewayKeys = (kid: KeyId) => { readonly gateway: string; readonly key: VerifyingKey } | undefined;

/** A verified record, new to the platform. */
export interface HandedRecord {
  readonly seq: number;
  readonly kind: RecordKind;
  readonly id: RecordId;
  /** For a measure: its FHIR Bundle, as JSON in UTF-8. */
  readonly body: Uint8Array;
}

export interface Handover {
  readonly gateway: string;
  readonly epoch: number;
  /** When the gateway sealed them, by its own wall clock (ms since 1970), and whether that was set by a source of time. */
  readonly sealed: { readonly atMs: number; readonly isTrusted: boolean };
  /** In order of sequence, at most 256. */
  readonly records: readonly HandedRecord[];
}

/** A record that will never be taken, and why, in words that the gateway's technician reads: no health data. */
export interface Refusal {
  readonly seq: number;
  readonly reason: string;
}

/** Where verified records go. */
export interface Sink {
  /**
   * Takes records, durably: when it resolves, the gateway is told that the platform has them, and may erase them.
   * Rejects where it cannot now: they come again. So it takes a record twice as if once, by its id.
   * @returns the records that are refused for good.
   */
  hand(handover: Handover): Promise<readonly Refusal[]>;
  /**
   * Learns when earlier records were really sealed: their gateway's clock was wrong then, and has been set since. Where it is
   * left out, the sink has no use for it. Rejects, and takes a repeat, as hand() does.
   */
  redate?(redating: Redating): Promise<void>;
}

/** What to add to the times that a gateway gave while its clock was wrong. Nothing that was signed changes. */
export interface Redating {
  readonly gateway: string;
  readonly ranges: readonly RedatedRange[];
}

export interface RedatedRange {
  readonly epoch: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** To within a second or so. */
  readonly offsetMs: number;
}

/** How far a gateway is, as a receipt says it. */
export interface Standing {
  readonly epoch: number;
  /** 0, with a head of 32 zero bytes, where nothing of this epoch is held. */
  readonly through: number;
  readonly head: Uint8Array;
  readonly exceptions: readonly Refusal[];
}

/** What is kept of one epoch of one gateway, while nobody else changes it. After keep(), it says what was kept. */
export interface GatewayEntry {
  /** Where the chain of this epoch stands; undefined where nothing of it is held. */
  readonly head: ChainHead | undefined;
  /** Of this epoch, the latest ones. */
  readonly exceptions: readonly Refusal[];
  /** Whether another epoch of this gateway is held. */
  readonly hasOtherEpoch: boolean;
  /** Changes of key that this gateway made, in whatever epoch, in the order they were learned. */
  readonly rotations: readonly KeptRotation[];
  /** @returns those of the ids, in hex, that were handed over before, in whatever epoch. */
  known(ids: readonly RecordId[]): Promise<ReadonlySet<string>>;
  /** Hash of the held segment that begins there; undefined where none does, or it was forgotten. */
  segmentAt(firstSeq: number): Promise<Uint8Array | undefined>;
  /** What this gateway sealed during that boot, in whatever epoch, while its clock was wrong; in order. */
  undated(bootId: string): Promise<readonly Undated[]>;
  /** Notes, durably, that these were handed over ahead of their turn. The chain stays where it stands. */
  keepAhead(ids: readonly RecordId[]): Promise<void>;
  /** Keeps all of it, durably, or nothing. */
  keep(change: EntryChange): Promise<void>;
}

export interface EntryChange {
  readonly head: ChainHead;
  /** Where the newly held segment begins; undefined where no segment is new. */
  readonly firstSeq?: number;
  readonly ids: readonly RecordId[];
  /** All that stand now. */
  readonly exceptions: readonly Refusal[];
  /** Changes of key that are new. */
  readonly rotations?: readonly KeptRotation[];
  /** Begins a run, or takes the place of the one that begins there. */
  readonly undated?: Undated;
  /** The boot of which nothing is undated any more. */
  readonly dated?: string;
}

/** A change of key, and the place of its record. */
export interface KeptRotation {
  readonly epoch: number;
  readonly seq: number;
  /** The record's body: JSON that proves itself (src/seal/rotation.ts). */
  readonly statement: string;
}

/** Segments one behind the other, sealed in one boot by a clock that was wrong but ran evenly. */
export interface Undated {
  readonly epoch: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** 32 hex digits. */
  readonly bootId: string;
  /** Of the first segment: what its monotonic clock and its wall clock said. */
  readonly monotonicMs: number;
  readonly sealedAtMs: number;
}

export interface Position {
  readonly epoch: number;
  readonly lastSeq: number;
}

export interface GatewayRotation extends KeptRotation {
  readonly gateway: string;
}

/** The receiver's memory. In-memory, SQLite and PostgreSQL satisfy one contract (test/receiver/state.test.ts). */
export interface ReceiverState extends AsyncDisposable {
  /** Whether other receivers may move it: what is missing here may be in their hands. */
  readonly isShared: boolean;
  /** All changes of key of whichever gateway once changed to this one, in the order they were learned. @param kid in hex. */
  rotationsTo(kid: string): Promise<readonly GatewayRotation[]>;
  /** How far each epoch of a gateway is. */
  positions(gateway: string): Promise<readonly Position[]>;
  /** Runs one piece of work at a time per gateway, among all receivers that share the state. */
  exclusively<T>(gateway: string, epoch: number, work: (entry: GatewayEntry) => Promise<T>): Promise<T>;
}

export type SegmentFault =
  | SealFault
  | Exclude<ChainFault, "gap" | "repeat">
  /** Signed by one gateway, and about or by way of another. */
  | "foreign"
  /** A body is not the one that was sealed. */
  | "altered"
  /** By a key that its gateway changed for another one before. */
  | "retired-key"
  /** Early, and there is no more room to hold it until the gap closes. */
  | "no-room";

/** What became of a message. */
export type Outcome =
  | {
      readonly type: "held";
      readonly gateway: string;
      readonly standing: Standing;
      /** When the last of what is held was sealed, by its gateway's clock (ms since 1970). */
      readonly sealed: Handover["sealed"];
      /** How many records were handed over, had been before, came without body, were refused by a sink. */
      readonly handed: number;
      readonly duplicates: number;
      readonly withheld: number;
      readonly refused: number;
    }
  /** Seen before; the gateway is told again how far it is. */
  | { readonly type: "repeat"; readonly gateway: string; readonly standing: Standing; readonly handed: number }
  /** Its bodies are packed in a way that is not known here; the gateway is told which ways are, and packs them anew. */
  | { readonly type: "unreadable"; readonly gateway: string; readonly standing: Standing }
  /** Something before it is missing. It is kept until that comes, and the gateway told what is held. */
  | { readonly type: "early"; readonly gateway: string; readonly standing: Standing }
  /**
   * A portion of a segment whose other bodies come in other messages: nothing is held of it until all are there. The gateway
   * is told again how far it is.
   */
  | { readonly type: "portion"; readonly gateway: string; readonly standing: Standing; readonly handed: number }
  /** Bodies that came apart from their segment's turn, which alone is what a receipt is about. */
  | {
      readonly type: "ahead";
      readonly gateway: string;
      readonly holding: Omit<Holding, "gateway">;
      readonly handed: number;
      readonly duplicates: number;
    }
  | { readonly type: "refused"; readonly gateway?: string; readonly fault: SegmentFault; readonly because: Sentence };

export type ReceiverEvent =
  | Outcome
  /** A gateway began a new journal: its disk was replaced or restored. */
  | { readonly type: "new-epoch"; readonly gateway: string; readonly epoch: number }
  /** A gateway's chain begins behind what it has pruned: nothing before was ever held here. */
  | { readonly type: "pruned-start"; readonly gateway: string; readonly epoch: number; readonly prunedThrough: number }
  /** A gateway changed its signing key. */
  | { readonly type: "key-changed"; readonly gateway: string; readonly kid: string }
  | ({ readonly type: "redated" } & Redating)
  | { readonly type: "receipted"; readonly gateway: string; readonly through: number }
  /** Somebody said, for a gateway or as its will, whether it is there. Nobody signed it. */
  | { readonly type: "presence"; readonly gateway: string; readonly isOnline: boolean }
  | { readonly type: "feed"; readonly state: "connected" | "waiting"; readonly error?: VigieError }
  /** Something about a gateway is wrong, or is not any more (./watch.ts). */
  | {
      readonly type: "concern";
      readonly gateway: string;
      readonly concern: Concern;
      readonly state: "raised" | "over";
      readonly error: VigieError;
    }
  /** The directory of gateways changed on disk: it was read, or is kept as it was because the new one is broken. */
  | { readonly type: "directory"; readonly state: "read"; readonly gateways: number }
  | { readonly type: "directory"; readonly state: "kept"; readonly error: VigieError }
  /** A sink or the state failed: nothing was receipted, it comes again. */
  | { readonly type: "failed"; readonly error: unknown };

export type Concern =
  /** Nothing came of it for a while. */
  | "silent"
  /** Two histories of it, or an older copy of its disk. */
  | "chain"
  /** Segments came, and what is before them does not. */
  | "gap"
  /** Its clock, which had been set, says an earlier time than before. */
  | "clock";
