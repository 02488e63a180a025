/** One FHIR R4 server: takes one transaction and says what became of it. */
import { isVigieError } from "../../errors/error.ts";
import type { Exchange, HttpAnswer } from "../http/line.ts";
import { foundBy, type Judgement, judge } from "./answer.ts";
import type { Rendered } from "./render.ts";
import type { TokenSource } from "./token.ts";

export type Transaction = Extract<Rendered, { type: "bundle" }>;

export interface FhirServer {
  submit(transaction: Transaction, stop: AbortSignal): Promise<Judgement>;
}

const FHIR_JSON = "application/fhir+json";
/** What came in the way of a whole answer of this very request, and may do so again with it alone. */
const ofTheRequest: ReadonlySet<string> = new Set(["DELIVERY_ANSWER_TOO_SLOW", "DELIVERY_ANSWER_TOO_BIG"]);

/** @param base of the FHIR API, without a slash at its end. */
export function fhirServer(base: string, exchange: Exchange, tokens: TokenSource | undefined): FhirServer {
  /** With a token, where there are any; once more with a new one where the server knows it no longer. */
  const ask: Exchange = async (request, stop) => {
    if (tokens === undefined) return exchange(request, stop);
    const token = await tokens.token(stop);
    const withToken = (one: string) =>
      exchange({ ...request, headers: { ...request.headers, authorization: `Bearer ${one}` } }, stop);
    const answer = await withToken(token);
    if (answer.status !== 401) return answer;
    tokens.forget(token);
    return withToken(await tokens.token(stop));
  };

  const post = ({ bytes, isRepeatable }: Transaction, stop: AbortSignal): Promise<HttpAnswer> =>
    // A transaction-response is asked for without the resources: we know them.
    ask(
      {
        method: "POST",
        url: base,
        headers: { "content-type": FHIR_JSON, accept: FHIR_JSON, prefer: "return=minimal" },
        body: bytes,
        isRepeatable,
      },
      stop,
    );

  /**
   * Where the server does not let us search, it is taken not to be there. What it has by the identifier of one that
   * corrects may be the version before.
   */
  const isThere = async ({ measure, isCorrection }: Transaction, stop: AbortSignal): Promise<boolean> => {
    if (measure === undefined || isCorrection) return false;
    const url = `${base}/Observation?identifier=${encodeURIComponent(measure)}&_summary=true`;
    const found = foundBy(await ask({ method: "GET", url, headers: { accept: FHIR_JSON } }, stop));
    return found !== undefined && found > 0;
  };

  return {
    async submit(transaction, stop) {
      try {
        // It may have been heard once, by a connection that was lost or before a restart.
        if (!transaction.isRepeatable && (await isThere(transaction, stop))) return { type: "accepted" };
        const judgement = judge(await post(transaction, stop), transaction.entries);
        if (judgement.type !== "conflict") return judgement;
        if (await isThere(transaction, stop)) return { type: "accepted" };
        return { type: "doubtful", because: judgement.because, reason: judgement.reason };
      } catch (reason) {
        if (!isVigieError(reason)) throw reason;
        return ofTheRequest.has(reason.code)
          ? { type: "doubtful", because: { code: reason.code, words: "" }, reason }
          : { type: "unable", reason };
      }
    },
  };
}
