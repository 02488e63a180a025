/** Why a frame is no measurement. It is counted and its bytes are kept; nothing is thrown. */
export type RejectReason =
  /** The frame ends before its fields do. */
  | "truncated"
  /** Longer than any frame of this channel can be. */
  | "oversized"
  /** Not of the shape that the protocol gives. */
  | "malformed"
  /** A checksum or a CRC does not agree. */
  | "checksum"
  /** A channel or frame that this driver does not read. */
  | "unknown-channel"
  /** A measure still in progress, which is no result (intermediate cuff pressure, unstable weight). */
  | "unsettled"
  /** The device says it is no measure of a person (control solution, demonstration, over range, tare). */
  | "not-a-measure"
  /** The decoder failed in a way that it should not: a defect of ours. */
  | "defect";

export interface Reject {
  readonly reject: RejectReason;
  /** What was found and what was expected, in English, without any value of the measure. */
  readonly because: string;
  readonly raw: Uint8Array;
}

export function isReject<Outcome extends object>(
  outcome: Outcome,
): outcome is Extract<Outcome, { readonly reject: RejectReason }> {
  return "reject" in outcome;
}
