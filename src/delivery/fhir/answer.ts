/** What a FHIR server's answer to one transaction says about that record, and about the server. Pure. */
import { z } from "zod";
import type { VigieError } from "../../errors/error.ts";
import { say } from "../../errors/sentence.ts";
import type { Because } from "../dead-letters.ts";
import { errors } from "../errors.ts";
import type { HttpAnswer } from "../http/line.ts";
import { mediaType, retryAfterMs, troubleOfStatus } from "../http/status.ts";

export type Judgement =
  /** The server has it. */
  | { readonly type: "accepted" }
  /** It will never take it. */
  | { readonly type: "refused"; readonly because: Because }
  /** It may have it already, or another one that looks like it: to be looked for. */
  | { readonly type: "conflict"; readonly because: Because; readonly reason: VigieError }
  /** The record's fault or the server's: what becomes of others will tell. */
  | { readonly type: "doubtful"; readonly because: Because; readonly reason: VigieError }
  /** Nothing goes now, whatever the record. */
  | { readonly type: "unable"; readonly reason: VigieError; readonly notBeforeMs?: number };

const response = z.object({ status: z.string(), outcome: z.unknown().optional() });
const transactionResponse = z.object({
  resourceType: z.literal("Bundle"),
  type: z.literal("transaction-response"),
  entry: z.array(z.object({ response })),
});
const operationOutcome = z.object({
  resourceType: z.literal("OperationOutcome"),
  issue: z.array(
    z.object({
      severity: z.string().optional(),
      code: z.string().optional(),
      diagnostics: z.string().optional(),
      details: z.object({ text: z.string().optional() }).optional(),
      expression: z.array(z.string()).optional(),
    }),
  ),
});
const jsonTypes: readonly string[] = ["application/fhir+json", "application/json", "application/json+fhir"];

/** @param entries of the transaction that was sent: a receipt answers for each. */
export function judge(answer: HttpAnswer, entries: number): Judgement {
  const { status } = answer;
  const body = jsonTypes.includes(mediaType(answer)) ? parsed(answer.body) : undefined;
  if (status >= 200 && status <= 299) return judgeReceipt(body, entries);
  const words = wordsOf(body);
  return judgeStatus(status, words, retryAfterMs(answer));
}

/** @param words the server's, where it speaks FHIR; undefined where something else may have answered (a proxy). */
function judgeStatus(status: number, words: string | undefined, notBeforeMs?: number): Judgement {
  const reason = troubleOfStatus(status);
  const because = { code: String(status), words: words ?? "" };
  const unable = { type: "unable", reason, ...(notBeforeMs !== undefined && { notBeforeMs }) } as const;
  switch (status) {
    case 413:
      // A measure is one Observation: there is nothing to split.
      return { type: "refused", because };
    case 409:
    case 412:
      return { type: "conflict", because, reason };
    case 400:
    case 422:
      return words === undefined ? { type: "doubtful", because, reason } : { type: "refused", because };
    case 500:
      return { type: "doubtful", because, reason };
    case 403:
    case 404:
      // With words of FHIR it may be about this person (no consent) or what this record refers to.
      return words === undefined ? unable : { type: "doubtful", because, reason };
    default:
      return unable;
  }
}

/** A transaction is all or nothing; a server that did not do it so is believed entry by entry. */
function judgeReceipt(body: unknown, entries: number): Judgement {
  const receipt = transactionResponse.safeParse(body).data;
  if (receipt === undefined || receipt.entry.length !== entries) {
    return { type: "unable", reason: errors.DELIVERY_NOT_A_RECEIPT({ found: noTransaction }) };
  }
  for (const { response } of receipt.entry) {
    const status = Number(response.status.slice(0, 3));
    if (!(status >= 200 && status <= 299)) return judgeStatus(status, wordsOf(response.outcome) ?? response.status);
  }
  return { type: "accepted" };
}

const noTransaction = say("un succès (2xx) sans transaction-response", "a 2xx without a transaction-response");

/** What an OperationOutcome says, its issues one behind the other; undefined where there is none. */
export function wordsOf(body: unknown): string | undefined {
  const outcome = operationOutcome.safeParse(body).data;
  return outcome?.issue
    .map(({ severity, code, details, diagnostics, expression = [] }) =>
      [severity, code, details?.text, diagnostics, ...expression].filter((part) => part !== undefined).join(" · "),
    )
    .join(" | ");
}

/** How many resources a search found; undefined where the answer is no searchset. */
export function foundBy({ status, body, headers }: HttpAnswer): number | undefined {
  const searchset = z.object({ type: z.literal("searchset"), entry: z.array(z.unknown()).optional() });
  if (status !== 200 || !jsonTypes.includes(mediaType({ headers }))) return undefined;
  const found = searchset.safeParse(parsed(body)).data;
  return found === undefined ? undefined : (found.entry?.length ?? 0);
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined; // no JSON is no answer of a FHIR server
  }
}
