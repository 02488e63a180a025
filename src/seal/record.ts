/** What one entry of the journal is, as it is sealed and as it travels. */

/** The first byte that a record's digest covers after the salt. The numbers are on disk and on the wire: never reuse one. */
export const RecordKind = {
  /** A measure of a person; the body is its FHIR Bundle. */
  measure: 1,
  /** A measurement that no assignment covers; the body is the measurement, and it never leaves the box. */
  quarantine: 2,
  /** A technical event: a failed measure, a device lost, a disk that fills. The body is JSON without health data. */
  event: 3,
  /** Who did what, when: pairing, assigning, configuring, releasing. The body is JSON. */
  audit: 4,
  /** An event that cannot wait (an alarm button, a fall that a device reports): it goes ahead of whatever is waiting. */
  alarm: 5,
} as const;
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];

const kinds: readonly RecordKind[] = Object.values(RecordKind);
export const kindOf = (value: unknown): RecordKind | undefined => kinds.find((known) => known === value);

/** 16 bytes: for a measure, what intake computes from the facts the device gave; else random. */
export type RecordId = Uint8Array;

/** Everything that goes under a record's digest. */
export interface SealedRecord {
  readonly kind: RecordKind;
  readonly id: RecordId;
  /** 16 random bytes. They die with the body, so that an erased heart rate cannot be guessed back from its digest. */
  readonly salt: Uint8Array;
  readonly body: Uint8Array;
}

export type WholeRecord = SealedRecord & { readonly seq: number };

/** One record of a message: whole, or without its body. */
export type TravellingRecord = WholeRecord | WithheldRecord;

export interface WithheldRecord {
  readonly seq: number;
  readonly withheld: true;
  /**
   * Its id, where the body is not kept back (routing, consent, erased, quarantined) but comes in another message: whoever
   * takes this one has the whole segment only once it has that body.
   */
  readonly elsewhere?: RecordId;
}

export function isWithheld(record: TravellingRecord): record is WithheldRecord {
  return "withheld" in record;
}

/** What the gateway's clock could say when a segment was sealed. */
export interface SealClock {
  /** 16 bytes, new at every boot. */
  readonly bootId: Uint8Array;
  readonly monotonicMs: number;
  readonly synchronised: boolean;
}

/** The signed part of a segment: everything but the bodies. */
export interface SegmentPayload {
  readonly gateway: string;
  readonly epoch: number;
  readonly firstSeq: number;
  /** SHA-256 of the previous segment's whole COSE bytes; null for the first of an epoch. */
  readonly previous: Uint8Array | null;
  readonly sealedAtMs: number;
  readonly clock: SealClock;
  /** One SHA-256 per record, in sequence order. */
  readonly digests: readonly Uint8Array[];
}

/** A segment and what is to be shown of its records: what travels to a destination. */
export interface SegmentMessage {
  /** The COSE_Sign1, byte for byte as it was signed. */
  readonly segment: Uint8Array;
  readonly records: readonly TravellingRecord[];
}
