/** A message whose signature and origin are good, on its way to its place in the chain. */
import type { KeyId } from "../seal/key.ts";
import type { SegmentMessage, SegmentPayload } from "../seal/record.ts";
import type { Rotation } from "../seal/rotation.ts";
import type { Refusal } from "./port.ts";

export interface Arrived {
  readonly payload: SegmentPayload;
  /** Who signed it. */
  readonly kid: KeyId;
  readonly message: SegmentMessage;
  /** Length of the message as it came. */
  readonly bytes: number;
  /** Changes of key that lead to the signer and are known from this message's checkpoint alone. */
  readonly introduced: readonly Rotation[];
  /** Records whose body came altered again and again: in `message` they are withheld. */
  readonly altered: readonly AlteredRecord[];
}

export interface AlteredRecord extends Refusal {
  readonly id: Uint8Array;
}
