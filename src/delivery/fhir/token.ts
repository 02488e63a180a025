/**
 * Access tokens by OAuth 2 client credentials (RFC 6749 §4.4), through oauth4webapi. The client proves who it is with a
 * signed assertion (private_key_jwt, RFC 7523), or with its TLS certificate, to which the server then binds the token
 * (RFC 8705): the same line carries the request for the token and what the token is for.
 */
import { createPrivateKey, type KeyObject, type webcrypto } from "node:crypto";
import * as oauth from "oauth4webapi";
import { isVigieError, type VigieError } from "../../errors/error.ts";
import { quoted, say } from "../../errors/sentence.ts";
import type { Clock } from "../../measure/time.ts";
import { errors } from "../errors.ts";
import type { Exchange } from "../http/line.ts";
import { mediaType, troubleOfStatus } from "../http/status.ts";

export interface OAuthConfig {
  /** `https://…`, or `http://` to this machine itself. */
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly scope?: string;
  /** What the assertion names as its audience. @default tokenUrl */
  readonly audience?: string;
  /** Where absent, the TLS certificate is the proof. */
  readonly assertion?: {
    /** PEM: RSA (RS256) or EC P-256 (ES256). */
    readonly key: string;
    /** As the server knows the key. */
    readonly kid?: string;
  };
}

export interface TokenSource {
  /** A token that is good for a while. @throws VigieError */
  token(stop?: AbortSignal): Promise<string>;
  /** The server did not take it: the next one is asked for anew. */
  forget(token: string): void;
}

/** A token that names no end is asked for again after a minute. */
const DEFAULT_LIFE_S = 60;
/** It has to be good on arrival: 30 s before its end, or a fifth of its life where that is short, it is renewed. */
const MARGIN_S = 30;
/** Of an assertion. It is made for one request, which takes no longer. */
const ASSERTION_LIFE_S = 60;
/** A `Date` tells whole seconds: two of them may differ by one where the clocks do not. */
const DATE_STEP_S = 1;
/** RFC 6750 §2.1: what a header can carry. */
const BEARER = /^[A-Za-z0-9._~+/-]+=*$/;

/** @throws DELIVERY_TOKEN_KEY_UNUSABLE */
export async function openTokenSource(config: OAuthConfig, exchange: Exchange, clock: Clock): Promise<TokenSource> {
  const { tokenUrl, clientId, scope, audience = tokenUrl, assertion } = config;
  const server: oauth.AuthorizationServer = { issuer: audience, token_endpoint: tokenUrl };
  const client: oauth.Client = { client_id: clientId };
  /** How far the server's clock is ahead of ours, as its last answer said. A box's clock may be wrong; ours dates nothing there. */
  let aheadS = 0;
  const ours = (): number => Math.floor(clock.now().wall / 1_000);
  const dated: oauth.ModifyAssertionFunction = (_header, payload) => {
    const now = ours() + aheadS;
    Object.assign(payload, { iat: now, nbf: now, exp: now + ASSERTION_LIFE_S });
  };
  const proof =
    assertion === undefined
      ? oauth.TlsClientAuth()
      : oauth.PrivateKeyJwt(await importKey(assertion), { [oauth.modifyAssertion]: dated });
  let held: { readonly token: string; readonly until: number } | undefined;
  let asking: Promise<string> | undefined;

  const ask = async (stop: AbortSignal | undefined): Promise<string> => {
    const asked = clock.now().monotonic;
    const { access_token: token, expires_in: life = DEFAULT_LIFE_S } = await dateAgain(stop);
    held = { token, until: asked + 1_000 * (life - Math.min(MARGIN_S, life / 5)) };
    return token;
  };

  /** A refusal from a server whose clock shows another time is no word on who we are: once more, dated by its clock. */
  const dateAgain = async (stop: AbortSignal | undefined): Promise<oauth.TokenEndpointResponse> => {
    const before = aheadS;
    try {
      return await request(stop);
    } catch (error) {
      const wasMisdated = assertion !== undefined && Math.abs(aheadS - before) > DATE_STEP_S;
      if (isVigieError(error) && error.code === "DELIVERY_TOKEN_REFUSED" && wasMisdated) return request(stop);
      throw error;
    }
  };

  const request = async (stop: AbortSignal | undefined): Promise<oauth.TokenEndpointResponse> => {
    const parameters = new URLSearchParams(scope === undefined ? {} : { scope });
    try {
      const response = await oauth.clientCredentialsGrantRequest(server, client, proof, parameters, {
        // The configuration takes http:// to this machine only (src/config).
        [oauth.allowInsecureRequests]: true,
        [oauth.customFetch]: async (url, { method, headers, body }) => {
          const { answer, date } = await post(exchange, { url, method, headers, body }, stop);
          if (date !== undefined) aheadS = date - ours();
          return answer;
        },
      });
      const given = await oauth.processClientCredentialsResponse(server, client, response);
      if (given.token_type === "bearer" && BEARER.test(given.access_token)) return given;
      throw errors.DELIVERY_TOKEN_REFUSED({
        found: say("un jeton autre que ceux de la RFC 6750", "a token that is none of RFC 6750"),
      });
    } catch (error) {
      throw isVigieError(error) ? error : refused(error);
    }
  };

  return {
    token(stop) {
      if (held !== undefined && clock.now().monotonic < held.until) return Promise.resolve(held.token);
      // Several records that need one share one request.
      asking ??= ask(stop).finally(() => {
        asking = undefined;
      });
      return asking;
    },
    forget(token) {
      if (held?.token === token) held = undefined;
    },
  };
}

interface TokenRequest {
  readonly url: string;
  readonly method: "POST";
  readonly headers: Record<string, string>;
  readonly body: URLSearchParams;
}

/**
 * What oauth4webapi takes for fetch: our line, with its bounds and its certificate.
 * @returns also what the server's clock shows, in seconds since 1970, where it says so.
 */
async function post(
  exchange: Exchange,
  request: TokenRequest,
  stop: AbortSignal | undefined,
): Promise<{ readonly answer: Response; readonly date?: number }> {
  const { url, method, headers, body } = request;
  const form = { ...headers, "content-type": "application/x-www-form-urlencoded" };
  const {
    status,
    headers: said,
    body: bytes,
  } = await exchange({ method, url, headers: form, body: Buffer.from(body.toString()) }, stop);
  // What is about us (400, 401) is read by the library.
  if (![200, 400, 401].includes(status)) throw troubleOfStatus(status);
  if (status === 200 && mediaType({ headers: said }) !== "application/json") {
    throw errors.DELIVERY_NOT_A_RECEIPT({ found: say("une page au lieu d'un jeton", "a page in place of a token") });
  }
  const type = said["content-type"];
  const answer = new Response(Uint8Array.from(bytes), {
    status,
    headers: type === undefined ? {} : { "content-type": type },
  });
  const date = Date.parse(said["date"] ?? "") / 1_000;
  return { answer, ...(Number.isFinite(date) && { date }) };
}

/** The server's code (RFC 6749 §5.2) says enough; its description may say anything, and the library's error hold a token. */
function refused(cause: unknown): VigieError {
  const found =
    cause instanceof oauth.ResponseBodyError && /^[\x20-\x7e]{1,64}$/.test(cause.error)
      ? quoted(cause.error)
      : say("une réponse sans jeton", "an answer that holds no token");
  return errors.DELIVERY_TOKEN_REFUSED({ found });
}

async function importKey({ key: pem, kid }: NonNullable<OAuthConfig["assertion"]>): Promise<oauth.PrivateKey> {
  try {
    const key = createPrivateKey(pem);
    const der = Uint8Array.from(key.export({ type: "pkcs8", format: "der" }));
    const imported = await crypto.subtle.importKey("pkcs8", der, algorithmOf(key), false, ["sign"]);
    return { key: imported, ...(kid !== undefined && { kid }) };
  } catch (cause) {
    throw errors.DELIVERY_TOKEN_KEY_UNUSABLE({ cause });
  }
}

function algorithmOf({ asymmetricKeyType }: KeyObject): webcrypto.RsaHashedImportParams | webcrypto.EcKeyImportParams {
  return asymmetricKeyType === "rsa"
    ? { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }
    : { name: "ECDSA", namedCurve: "P-256" };
}
