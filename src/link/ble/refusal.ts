/** What BlueZ says when it says no, and what that means. Pure. */
import { isVigieError, VigieError } from "../../errors/error.ts";
import { quoted, type Sentence, say } from "../../errors/sentence.ts";
import type { PairingMethod } from "../port.ts";
import { errors } from "./errors.ts";

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

/** What a Pair that failed means for the technician, as BlueZ 5.66 names it (src/device.c, new_authentication_return). */
export function pairingError(cause: unknown, method: PairingMethod): VigieError {
  if (isVigieError(cause, "BLE_CALL_TIMEOUT")) return errors.PAIRING_TIMEOUT({ cause });
  const refusal = refusalOf(cause);
  if (refusal === undefined) return cause instanceof VigieError ? cause : errors.BLE_CALL_REFUSED({ cause });
  const { errorName, message } = refusal;
  const found = quoted(message);
  switch (errorName.replace("org.bluez.Error.", "")) {
    case "ConnectionAttemptFailed":
    case "DoesNotExist":
      return errors.PAIRING_OUT_OF_REACH({ found, cause });
    case "AuthenticationTimeout":
      return errors.PAIRING_TIMEOUT({ found, cause });
    // It hung up in the middle, or wants no more partners.
    case "AuthenticationCanceled":
    case "AuthenticationRejected":
      return errors.PAIRING_ELSEWHERE({ found, cause });
    case "AuthenticationFailed":
      return method === "just-works"
        ? errors.PAIRING_REFUSED({ found, cause })
        : errors.PAIRING_PASSKEY_WRONG({ found, cause });
    default:
      return errors.PAIRING_REFUSED({ found, cause });
  }
}
