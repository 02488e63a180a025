/** What BlueZ says when it says no. Pure. */
import { VigieError } from "../../errors/error.ts";
import { quoted, type Sentence, say } from "../../errors/sentence.ts";

/** An error reply of BlueZ, without any device address in its words. */
export class BluezRefusal extends Error {
  override readonly name = "BluezRefusal";
  /** `org.bluez.Error.Failed` */
  readonly errorName: string;

  constructor(errorName: string, text: string) {
    super(withoutAddresses(text));
    this.errorName = errorName;
  }
}

/** The refusal behind an error of ours, where there is one. */
export function refusalOf(error: unknown): BluezRefusal | undefined {
  if (error instanceof BluezRefusal) return error;
  return error instanceof VigieError ? refusalOf(error.detail.cause) : undefined;
}

/** The words of BlueZ behind an error of ours, for its `found`. */
export function saidBy(error: unknown): Sentence {
  const words = refusalOf(error)?.message;
  return words === undefined ? say("pas de réponse", "no answer") : quoted(words);
}

/** Object paths and messages of BlueZ hold addresses, as `AA:BB:…` or `dev_AA_BB_…`; a log must not. */
export function withoutAddresses(text: string): string {
  return text.replace(/[0-9a-f]{2}(?:[:_-][0-9a-f]{2}){5}/gi, "…");
}

const AUTHENTICATION = new Set(
  ["AuthenticationFailed", "AuthenticationRejected", "AuthenticationTimeout", "NotAuthorized", "NotPermitted"].map(
    (name) => `org.bluez.Error.${name}`,
  ),
);

/**
 * The device or the stack wants keys that the other side does not have. ATT errors 0x05 insufficient authentication and
 * 0x0f insufficient encryption (Core 5.4 Vol 3 Part F §3.4.1.1) come as `Operation failed with ATT error: 0x05`.
 */
export function isAuthenticationFailure(error: unknown): boolean {
  const refusal = refusalOf(error);
  if (refusal === undefined) return false;
  return AUTHENTICATION.has(refusal.errorName) || /ATT error: 0x(?:05|0f)\b/i.test(refusal.message);
}

/** StartNotify of a characteristic that we are subscribed to still: bluetoothd kept it over the reconnect. */
export function isAlreadyNotifying(error: unknown): boolean {
  return refusalOf(error)?.errorName === "org.bluez.Error.InProgress";
}
