/** Takes the feed by HTTPS: segments are POSTed, one message behind the other, and the answer is a signed receipt. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createSecureContext, TLSSocket } from "node:tls";
import { aheadOf, COSE } from "../delivery/https/media.ts";
import { systemSays } from "../errors/system.ts";
import { MAX_MESSAGE_BYTES, piecesOf } from "../seal/message.ts";
import { namesIn } from "./certificate.ts";
import { errors } from "./errors.ts";
import type { Outcome, ReceiverEvent, SegmentFault } from "./port.ts";
import type { Receiver } from "./receiver.ts";

export interface HttpReceiverParts {
  readonly receiver: Receiver;
  readonly listen: {
    /** @default "127.0.0.1" */
    readonly host?: string;
    /** 0 takes one that is free. */
    readonly port: number;
    /** Alarms come ahead of their turn to the same path with `/alarms` behind it. @default "/" */
    readonly path?: string;
  };
  /**
   * PEM. Without it, for a proxy on this machine that ends TLS. With `ca`, only gateways with a certificate of it come in,
   * and each brings its own segments only: one of its certificate's names is its id (./certificate.ts).
   */
  readonly tls?: HttpReceiverTls;
  /** Of one POST. @default 8 MiB, what one message may have */
  readonly maxBodyBytes?: number;
  readonly observe?: (event: ReceiverEvent) => void;
}

export interface HttpReceiverTls {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
}

export interface HttpReceiver extends AsyncDisposable {
  readonly port: number;
}

/** A gateway's POST of 1 MiB over a link of 64 kbit/s takes 130 s. */
const REQUEST_TIMEOUT_MS = 300_000;
const HEADERS_TIMEOUT_MS = 15_000;
/** What is being answered when the receiver stops may take so long. */
const GOODBYE_MS = 5_000;
/** A sink that failed is asked again no sooner. */
const RETRY_AFTER_SECONDS = "5";

/** Resolves when it listens. @throws RECEIVER_TLS_UNUSABLE, RECEIVER_NOT_LISTENING */
export async function openHttpReceiver(parts: HttpReceiverParts): Promise<HttpReceiver> {
  const { listen, tls } = parts;
  const server = serverFor(tls, (request, response) => {
    answer(parts, request).then(
      ({ status, body = "", ...headers }) => response.writeHead(status, headers).end(body),
      // Whoever asked is gone.
      () => response.destroy(),
    );
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.listen(listen.port, listen.host ?? "127.0.0.1");
  await once(server, "listening").catch((cause: unknown) => {
    throw errors.RECEIVER_NOT_LISTENING({ found: systemSays(cause), cause });
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : listen.port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeIdleConnections();
      const giveUp = setTimeout(() => server.closeAllConnections(), GOODBYE_MS);
      await closed;
      clearTimeout(giveUp);
    },
  };
}

function serverFor(
  tls: HttpReceiverParts["tls"],
  listener: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  if (tls === undefined) return createServer(listener);
  const mutual = tls.ca === undefined ? {} : { requestCert: true, rejectUnauthorized: true };
  try {
    return createTlsServer({ ...tls, minVersion: "TLSv1.2", ...mutual }, listener);
  } catch (cause) {
    throw tlsUnusable(cause);
  }
}

/** Tells what is wrong with the material before anything is opened. @throws RECEIVER_TLS_UNUSABLE */
export function assertUsable(tls: HttpReceiverTls): void {
  try {
    createSecureContext(tls);
  } catch (cause) {
    throw tlsUnusable(cause);
  }
}

const tlsUnusable = (cause: unknown) => errors.RECEIVER_TLS_UNUSABLE({ found: systemSays(cause), cause });

interface Answer {
  readonly status: number;
  readonly body?: Uint8Array | string;
  readonly "content-type"?: string;
  readonly "retry-after"?: string;
}

async function answer(parts: HttpReceiverParts, request: IncomingMessage): Promise<Answer> {
  const { receiver, listen, maxBodyBytes = MAX_MESSAGE_BYTES, observe } = parts;
  const path = listen.path ?? "/";
  const isAhead = pathOf(request) === aheadOf(path);
  if (!isAhead && pathOf(request) !== path) return { status: 404 };
  if (request.method !== "POST") return { status: 405 };
  const isPacked = (request.headers["content-encoding"] ?? "identity") !== "identity";
  if (request.headers["content-type"] !== COSE || isPacked) return { status: 415 };
  const body = await readBody(request, maxBodyBytes);
  if (body === undefined) return { status: 413 };
  const via = holderOf(request);
  try {
    return isAhead
      ? answerAhead(await receiver.receiveAhead(body, via))
      : answerOf(receiver, await takeAll(receiver, body, via));
  } catch (error) {
    observe?.({ type: "failed", error });
    return { status: 503, "retry-after": RETRY_AFTER_SECONDS };
  }
}

/** @returns what the client's certificate calls it; undefined where certificates are not asked for. */
function holderOf({ socket }: IncomingMessage): readonly string[] | undefined {
  return socket instanceof TLSSocket && socket.authorized ? namesIn(socket.getPeerCertificate()) : undefined;
}

/** Takes one message after the other, up to the first that is refused: what follows it could only be early. */
async function takeAll(
  receiver: Receiver,
  sequence: Uint8Array,
  via: readonly string[] | undefined,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { bytes } of piecesOf(sequence)) {
    const outcome = await receiver.receive(bytes, via);
    outcomes.push(outcome);
    if (outcome.type === "refused" || outcome.type === "unreadable") break;
  }
  return outcomes;
}

/** The receipt says how far the gateway is, whatever became of the last message. It learns of a refusal when that comes first. */
function answerOf(receiver: Receiver, outcomes: readonly Outcome[]): Answer {
  const held = outcomes.findLast((outcome) => "standing" in outcome);
  if (held !== undefined) {
    return { status: 200, "content-type": COSE, body: receiver.sign(held.gateway, held.standing) };
  }
  const [refused] = outcomes;
  return refused?.type === "refused" ? refusal(refused) : { status: 400 };
}

/** An alarm gets no receipt ahead of its turn: its whole segment comes again. */
function answerAhead(outcome: Outcome): Answer {
  if (outcome.type === "refused") return refusal(outcome);
  return { status: outcome.type === "ahead" ? 204 : 415 };
}

/** For whoever reads the gateway's wire: gateways, keys and numbers, never what a record holds. */
const refusal = ({ fault, because }: Extract<Outcome, { type: "refused" }>): Answer => ({
  status: statusOf(fault),
  "content-type": "text/plain; charset=utf-8",
  body: `${fault}: ${because.en}\n`,
});

function statusOf(fault: SegmentFault): number {
  switch (fault) {
    case "malformed":
      return 400;
    // Who it is: to be enrolled, or mended, by somebody.
    case "unknown-key":
    case "bad-signature":
    case "foreign":
    case "retired-key":
      return 403;
    case "no-room":
      return 503;
    case "fork":
    case "bad-start":
    case "altered":
      return 422;
  }
}

const pathOf = ({ url = "/" }: IncomingMessage): string => url.split("?", 1).join("");

/** @returns undefined where it is larger; the rest is read, within the time for a request, and not kept. */
function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= maxBytes) chunks.push(chunk);
      else resolve(undefined);
    });
    request.once("end", () => resolve(Buffer.concat(chunks)));
    request.once("error", reject);
  });
}
