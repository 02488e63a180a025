/** What both ends of the feed over HTTP agree on. */

/** What the sealed feed calls its bodies over HTTP: RFC 9052 §11.2's type for a receipt, and the same for what it answers. */
export const COSE = "application/cose";

/** Where alarms go ahead of their turn: beside where segments go. */
export const aheadOf = (place: string): string => `${place.replace(/\/$/, "")}/alarms`;
