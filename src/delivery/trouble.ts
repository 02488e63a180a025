/** What a failed connection means: one of our errors, and how soon it is worth another try. */
import type { VigieError } from "../errors/error.ts";
import { type Sentence, say, verbatim } from "../errors/sentence.ts";
import { systemSays } from "../errors/system.ts";
import type { Pace } from "./backoff.ts";
import { errors } from "./errors.ts";

type Factory = (typeof errors)["DELIVERY_UNREACHABLE"];

/** What OpenSSL and Node.js find wrong themselves, by their names for it. */
const tlsCodes: Readonly<Record<string, Factory>> = {
  CERT_HAS_EXPIRED: errors.DELIVERY_SERVER_CERT_EXPIRED,
  CERT_NOT_YET_VALID: errors.DELIVERY_SERVER_CERT_NOT_YET_VALID,
  UNABLE_TO_GET_ISSUER_CERT: errors.DELIVERY_SERVER_CERT_UNKNOWN_CA,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: errors.DELIVERY_SERVER_CERT_UNKNOWN_CA,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: errors.DELIVERY_SERVER_CERT_UNKNOWN_CA,
  SELF_SIGNED_CERT_IN_CHAIN: errors.DELIVERY_SERVER_CERT_UNKNOWN_CA,
  DEPTH_ZERO_SELF_SIGNED_CERT: errors.DELIVERY_SERVER_CERT_UNKNOWN_CA,
  CERT_SIGNATURE_FAILURE: errors.DELIVERY_SERVER_CERT_UNKNOWN_CA,
  ERR_TLS_CERT_ALTNAME_INVALID: errors.DELIVERY_SERVER_CERT_WRONG_NAME,
  HOSTNAME_MISMATCH: errors.DELIVERY_SERVER_CERT_WRONG_NAME,
  CERT_REVOKED: errors.DELIVERY_SERVER_CERT_INVALID,
  INVALID_PURPOSE: errors.DELIVERY_SERVER_CERT_INVALID,
  CERT_UNTRUSTED: errors.DELIVERY_SERVER_CERT_INVALID,
  CERT_REJECTED: errors.DELIVERY_SERVER_CERT_INVALID,
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: errors.DELIVERY_CLIENT_CERT_UNUSABLE,
  ERR_OSSL_PEM_NO_START_LINE: errors.DELIVERY_CLIENT_CERT_UNUSABLE,
};

/** What the server answers to our certificate (alerts of RFC 8446 §6.2); OpenSSL's versions differ in what stands before. */
const alerts: Readonly<Record<string, Factory>> = {
  CERTIFICATE_REQUIRED: errors.DELIVERY_CLIENT_CERT_MISSING,
  CERTIFICATE_EXPIRED: errors.DELIVERY_CLIENT_CERT_EXPIRED,
  CERTIFICATE_REVOKED: errors.DELIVERY_CLIENT_CERT_REVOKED,
  UNKNOWN_CA: errors.DELIVERY_CLIENT_CERT_UNKNOWN_CA,
  ACCESS_DENIED: errors.DELIVERY_CLIENT_CERT_REFUSED,
  BAD_CERTIFICATE: errors.DELIVERY_CLIENT_CERT_REFUSED,
  CERTIFICATE_UNKNOWN: errors.DELIVERY_CLIENT_CERT_REFUSED,
  UNSUPPORTED_CERTIFICATE: errors.DELIVERY_CLIENT_CERT_REFUSED,
};

/** Reads what went wrong from an error of net, tls or crypto. It names no address: a log says the destination's name. */
export function troubleOf(cause: unknown): VigieError {
  const code = codeOf(cause);
  const found = systemSays(cause);
  if (code === undefined) return errors.DELIVERY_UNREACHABLE({ found, cause });
  const known = tlsCodes[code] ?? alerts[/^ERR_SSL_.*ALERT_(.+)$/.exec(code)?.[1] ?? ""];
  if (known !== undefined) return known({ found, cause });
  if (code.startsWith("ERR_OSSL_")) return errors.DELIVERY_CLIENT_CERT_UNUSABLE({ found, cause });
  if (code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_") || code === "EPROTO") {
    return errors.DELIVERY_TLS_FAILED({ found, cause });
  }
  return errors.DELIVERY_UNREACHABLE({ found, cause });
}

/** MQTT reason codes, MQTT 5 §2.4 (CONNACK, PUBACK, SUBACK, DISCONNECT); the small ones are those of 3.1.1's CONNACK. */
export function troubleOfReason(code: number): VigieError {
  const found = reasonCode(code);
  switch (code) {
    case 0x10:
      return errors.DELIVERY_NOBODY_LISTENS({ found });
    case 0x02: // 3.1.1: identifier rejected
    case 0x04: // 3.1.1: bad user name or password
    case 0x05: // 3.1.1: not authorised
    case 0x85: // client identifier not valid
    case 0x86: // bad user name or password
    case 0x87: // not authorised
    case 0x8a: // banned
    case 0x8c: // bad authentication method
      return errors.DELIVERY_NOT_AUTHORISED({ found });
    case 0x89: // server busy
    case 0x93: // receive maximum exceeded
    case 0x96: // message rate too high
    case 0x97: // quota exceeded
    case 0x9f: // connection rate exceeded
      return errors.DELIVERY_SLOW_DOWN({ found });
    case 0x8f: // topic filter invalid
    case 0x90: // topic name invalid
      return errors.DELIVERY_TOPIC_REFUSED({ found });
    case 0x95: // packet too large
      return errors.DELIVERY_TOO_BIG({ found });
    default:
      return errors.DELIVERY_REFUSED({ found });
  }
}

/** Nothing went wrong: somebody here asked for the end. */
export const closedByUs = (): VigieError =>
  errors.DELIVERY_CONNECTION_LOST({ found: say("fermée par nous", "closed by us") });

/** @param refusal what the destination answered, where an alarm would have gone ahead. */
export const alarmWaits = (destination: string, refusal: Sentence): VigieError =>
  errors.DELIVERY_ALARM_WAITS({ where: verbatim(destination), found: refusal });

/** @param words the platform's code or its reason, without what it says of a person. */
export function recordRefused(destination: string, seq: number, words: Sentence): VigieError {
  const found = say(`enregistrement ${seq} : ${words.fr}`, `record ${seq}: ${words.en}`);
  return errors.DELIVERY_RECORD_REFUSED({ where: verbatim(destination), found });
}

/** MQTT 5 §2.4. */
export function reasonCode(code: number): Sentence {
  const hex = `0x${code.toString(16).padStart(2, "0")}`;
  return say(`code MQTT ${hex}`, `MQTT reason code ${hex}`);
}

/** What somebody has to mend: an identity, a right, an address. */
const mended: ReadonlySet<string> = new Set([
  "DELIVERY_NOT_AUTHORISED",
  "DELIVERY_TOKEN_REFUSED",
  "DELIVERY_TOKEN_KEY_UNUSABLE",
  "DELIVERY_WRONG_ADDRESS",
  "DELIVERY_TOPIC_REFUSED",
]);

export function paceOf(error: VigieError): Pace {
  return error.code.includes("_CERT_") || mended.has(error.code) ? "credentials" : "network";
}

function codeOf(cause: unknown): string | undefined {
  if (typeof cause !== "object" || cause === null || !("code" in cause)) return undefined;
  return typeof cause.code === "string" ? cause.code : undefined;
}
