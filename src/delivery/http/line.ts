/**
 * One question and its whole answer over HTTP/1.1, within bounds of time and size. The one file that speaks HTTP.
 *
 * What it never does: follow a redirect, unpack a compressed answer (none is asked for, and one that comes is no answer of
 * ours), go on reading past the bound, or write a byte of the request before the server's certificate has been verified.
 */
import { type ClientRequest, type IncomingMessage, Agent as PlainAgent, request as plainRequest } from "node:http";
import { Agent as TlsAgent, request as tlsRequest } from "node:https";
import { isVigieError, type VigieError } from "../../errors/error.ts";
import { say, verbatim } from "../../errors/sentence.ts";
import { systemSays } from "../../errors/system.ts";
import { errors } from "../errors.ts";
import type { TlsMaterial } from "../mqtt/port.ts";
import type { Timers } from "../timers.ts";
import { closedByUs, troubleOf } from "../trouble.ts";

export interface HttpRequest {
  readonly method: "GET" | "POST";
  /** `https:`, or `http:` to this machine itself. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Heard twice, it does no harm (RFC 9110 §9.2.2). @default whether it is a GET */
  readonly isRepeatable?: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

export interface HttpLineOptions {
  readonly tls?: TlsMaterial;
  /** How many connections are kept at most. @default 1 */
  readonly connections?: number;
  /** From the first byte of the connection to the last one of the answer. @default 60 s */
  readonly timeoutMs?: number;
  /** Of an answer's body. @default 64 KiB */
  readonly maxAnswerBytes?: number;
  readonly timers: Timers;
}

/** Asks. @throws VigieError for whatever came in the way of a whole answer: whether the request was heard is then unknown. */
export type Exchange = (request: HttpRequest, stop?: AbortSignal) => Promise<HttpAnswer>;

export interface HttpLine extends Disposable {
  readonly exchange: Exchange;
}

const TIMEOUT_MS = 60_000;
const MAX_ANSWER_BYTES = 64 * 1024;

export function openHttpLine(options: HttpLineOptions): HttpLine {
  const { tls, connections = 1 } = options;
  const pool = { keepAlive: true, maxSockets: connections };
  const agents = {
    "http:": new PlainAgent(pool),
    "https:": new TlsAgent({
      ...pool,
      minVersion: "TLSv1.2",
      ...(tls?.ca !== undefined && { ca: tls.ca }),
      ...(tls?.cert !== undefined && { cert: tls.cert }),
      ...(tls?.key !== undefined && { key: tls.key }),
    }),
  };
  const open = ({ method, url, headers, body }: HttpRequest): ClientRequest => {
    const to = new URL(url);
    const about = {
      method,
      headers: {
        "accept-encoding": "identity",
        ...headers,
        ...(body === undefined ? {} : { "content-length": String(body.length) }),
      },
    };
    return to.protocol === "https:"
      ? tlsRequest(to, { ...about, agent: agents["https:"] })
      : plainRequest(to, { ...about, agent: agents["http:"] });
  };
  return {
    async exchange(request, stop) {
      try {
        return await askOnce(open, request, options, stop);
      } catch (error) {
        // The server closed a connection that it had kept for us, in the moment that we took it up again: it heard nothing,
        // unless it did, and closed for another reason.
        const { isRepeatable = request.method === "GET" } = request;
        if (!(error instanceof StaleConnection && isRepeatable) || stop?.aborted) throw asTrouble(error);
        return await askOnce(open, request, options, stop).catch((again: unknown) => {
          throw asTrouble(again);
        });
      }
    },
    [Symbol.dispose]() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

class StaleConnection extends Error {}

function askOnce(
  open: (request: HttpRequest) => ClientRequest,
  asked: HttpRequest,
  { timers, timeoutMs = TIMEOUT_MS, maxAnswerBytes = MAX_ANSWER_BYTES }: HttpLineOptions,
  stop: AbortSignal | undefined,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const request = open(asked);
    const settle = (): void => {
      cancel();
      stop?.removeEventListener("abort", giveUp);
    };
    const fail = (error: Error): void => {
      settle();
      reject(error);
      request.destroy();
    };
    const giveUp = (): void => fail(closedByUs());
    const seconds = timeoutMs / 1_000;
    const none = say(`pas de réponse entière en ${seconds} s`, `no whole answer in ${seconds} s`);
    const cancel = timers.after(timeoutMs, () => fail(errors.DELIVERY_ANSWER_TOO_SLOW({ found: none })));
    stop?.addEventListener("abort", giveUp);
    if (stop?.aborted) giveUp();
    let answered = false;
    request.on("error", (error) => {
      const isStale = request.reusedSocket && !answered && codeOf(error) === "ECONNRESET";
      fail(isStale ? new StaleConnection("", { cause: error }) : error);
    });
    request.once("response", (response) => {
      answered = true;
      readWhole(response, maxAnswerBytes).then((answer) => {
        settle();
        resolve(answer);
      }, fail);
    });
    request.end(asked.body);
  });
}

function readWhole(response: IncomingMessage, maxBytes: number): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    response.on("error", reject);
    const packing = response.headers["content-encoding"] ?? "identity";
    if (packing !== "identity") {
      reject(errors.DELIVERY_NOT_A_RECEIPT({ found: packed }));
      return;
    }
    response.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= maxBytes) chunks.push(chunk);
      else
        reject(
          errors.DELIVERY_ANSWER_TOO_BIG({ found: say(`plus de ${maxBytes} octets`, `more than ${maxBytes} bytes`) }),
        );
    });
    response.once("end", () => {
      resolve({
        status: response.statusCode ?? 0,
        headers: Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)])),
        body: Buffer.concat(chunks),
      });
    });
  });
}

const packed = say("une réponse compressée, que personne n'a demandée", "a compressed answer, which nobody asked for");

function asTrouble(error: unknown): VigieError {
  if (isVigieError(error)) return error;
  const cause = error instanceof StaleConnection ? error.cause : error;
  const code = codeOf(cause);
  // llhttp's codes: something answers, and speaks no HTTP.
  if (code?.startsWith("HPE_")) return errors.DELIVERY_NOT_A_RECEIPT({ found: verbatim(code), cause });
  // Within an exchange: it may have been heard.
  return code === "ECONNRESET" || code === "EPIPE"
    ? errors.DELIVERY_CONNECTION_LOST({ found: systemSays(cause), cause })
    : troubleOf(cause);
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
