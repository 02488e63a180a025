/** What an HTTP status says about the server, whatever was asked (RFC 9110 §15). Pure. */
import type { VigieError } from "../../errors/error.ts";
import { type Sentence, say } from "../../errors/sentence.ts";
import { errors } from "../errors.ts";
import type { HttpAnswer } from "./line.ts";

/** For a status other than 2xx. It names the status alone: the server's words may hold health data. */
export function troubleOfStatus(status: number): VigieError {
  const found = httpStatus(status);
  switch (status) {
    case 401:
    case 403:
    case 407:
      return errors.DELIVERY_NOT_AUTHORISED({ found });
    case 404:
    case 405:
    case 410:
      return errors.DELIVERY_WRONG_ADDRESS({ found });
    case 408:
    case 429:
    case 503:
      return errors.DELIVERY_SLOW_DOWN({ found });
    case 413:
      return errors.DELIVERY_TOO_BIG({ found });
  }
  if (status >= 500) return errors.DELIVERY_SERVER_ERROR({ found });
  // Nobody is followed to another place: what is sent is for the configured server alone.
  if (status >= 300 && status < 400) return errors.DELIVERY_WRONG_ADDRESS({ found });
  return errors.DELIVERY_REFUSED({ found });
}

export const httpStatus = (status: number): Sentence => say(`statut HTTP ${status}`, `HTTP status ${status}`);

/**
 * Retry-After (RFC 9110 §10.2.3), in milliseconds from now: seconds, or a date, which is read against the server's own
 * Date, because the box's clock may be wrong.
 */
export function retryAfterMs({ headers }: Pick<HttpAnswer, "headers">): number | undefined {
  const said = headers["retry-after"];
  if (said === undefined) return undefined;
  if (/^\d{1,9}$/.test(said)) return Number(said) * 1_000;
  const wait = Date.parse(said) - Date.parse(headers["date"] ?? "");
  return Number.isFinite(wait) && wait > 0 ? wait : undefined;
}

/** The media type alone, lower case, without its parameters. */
export function mediaType({ headers }: Pick<HttpAnswer, "headers">): string {
  return (headers["content-type"] ?? "").split(";", 1).join("").trim().toLowerCase();
}
