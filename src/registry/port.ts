import type { Person } from "../fhir/port.ts";

/** A dated rule: what device D (its user slot S) measures from `from` until `until` is person P's. */
export interface Assignment {
  /** The device's address. */
  readonly device: string;
  /** Only this user of the device; where absent, whoever uses it. */
  readonly userSlot?: number;
  /** The person's opaque reference. */
  readonly person: string;
  /** Milliseconds since 1970; inclusive. */
  readonly from: number;
  /** Exclusive; open where absent. */
  readonly until?: number;
}

/** Why a measurement waits. */
export const quarantineReasons = [
  /** Nothing says whose device it is. */
  "unassigned",
  /** Assignments exist, but none covers the time of the reading. */
  "unassigned-then",
  /** The device has several users, and it did not say which one it was; or it named one that nobody is. */
  "user-slot-unknown",
  /** The reading's own time cannot be right, and the gateway's was not to be trusted. */
  "time-impossible",
] as const;
export type QuarantineReason = (typeof quarantineReasons)[number];

export type Attribution = { readonly person: Person } | { readonly quarantine: QuarantineReason };

/** Who is measured. Never guesses: not by weight, not by the nearest value, not by whoever was last. */
export interface Registry {
  /** @param at when the reading was taken, milliseconds since 1970. */
  attribute(device: string, userSlot: number | undefined, at: number): Attribution;
}
