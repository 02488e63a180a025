import { type Sentence, say } from "../errors/sentence.ts";
import type { Person } from "../fhir/port.ts";
import type { Fact } from "../journal/port.ts";
import type { Instant } from "../measure/time.ts";

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
  /** Absent where it stands in a configuration only. */
  readonly id?: string;
}

/** Why a measurement waits. */
export const quarantineReasons = [
  /** Nothing says whose device it is. */
  "unassigned",
  /** Assignments exist, but none covers the time of the reading. */
  "unassigned-then",
  /** The device has several users, and it did not say which one it was; or it named one that nobody is. */
  "user-slot-unknown",
  /** When it was taken is not known well enough to say whose it was then. */
  "time-impossible",
] as const;
export type QuarantineReason = (typeof quarantineReasons)[number];

export const quarantineWords: Readonly<Record<QuarantineReason, Sentence>> = {
  unassigned: say("appareil à personne", "device is nobody's"),
  "unassigned-then": say("à personne à ce moment", "nobody's then"),
  "user-slot-unknown": say("utilisateur inconnu", "user unknown"),
  "time-impossible": say("heure incertaine", "time uncertain"),
};

/** When a reading was taken, as far as it is known (moment.ts). */
export interface Moment {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** It may just as well have been at any time before, after, or either; where absent, it was then. */
  readonly unless?: "earlier" | "later" | "either";
}

export type Attribution =
  | { readonly person: Person; readonly assignment?: string }
  | { readonly quarantine: QuarantineReason };

/** Who is measured. Never guesses: not by weight, not by the nearest value, not by whoever was last. */
export interface Registry {
  /** @param moment when the reading was taken; undefined where nobody can say. */
  attribute(device: string, userSlot: number | undefined, moment: Moment | undefined): Attribution;
}

/** A session taken for one frame. No other frame gets it meanwhile. */
export interface Claim {
  readonly person: Person;
  readonly session: string;
  /** What closes the session: to be written with the frame's first measure. */
  readonly closing: readonly Fact[];
  /** Ends the claim. @param used whether a measure of the frame is on disk; if not, the session is open as before. */
  settle(used: boolean): void;
}

/** Short assignments on shared devices. */
export interface Sessions {
  /**
   * Takes the session that is open on a device, for all that one frame holds.
   * @param taken the reading's own time where its device has told one.
   */
  claim(device: string, receivedAt: Instant, taken: number | undefined): Claim | undefined;
}

/** What a person said about a destination. */
export interface Consent {
  /** Whether a destination may have what is this person's. Asked when it is sent, with the time of then. */
  mayReceive(person: string, destination: string, at: number): boolean;
  /** Whether a destination may have had at some moment since then what is this person's; it must then get what takes it back. */
  mayHaveReceived(person: string, destination: string, since: number, now: number): boolean;
}
