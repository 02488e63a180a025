/** An error as the facts of a line. */
import type { VigieError } from "../errors/error.ts";
import type { Facts } from "./log.ts";

/**
 * An error's code, its documented sentence, and the code of what is behind it. What was found and where stay out: a path of
 * the Bluetooth stack holds an address, and nothing here could tell. `vigie errors CODE` says what to do.
 */
export function fault(error: VigieError | undefined): Facts {
  if (error === undefined) return {};
  const { code, definition, detail } = error;
  return { code, what: `${definition.what.fr} · ${definition.what.en}`, cause: causeCode(detail.cause) };
}

/** ECONNREFUSED, CERT_HAS_EXPIRED, JOURNAL_FULL: capitals and underscores hold no address, value or name. */
function causeCode(cause: unknown): string | undefined {
  if (!(cause instanceof Error) || !("code" in cause) || typeof cause.code !== "string") return undefined;
  return /^[A-Z][A-Z0-9_]{2,60}$/.test(cause.code) ? cause.code : undefined;
}
