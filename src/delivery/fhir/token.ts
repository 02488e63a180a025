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
import { troubleOfStatus } from "../http/status.ts";

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

/** @throws DELIVERY_TOKEN_KEY_UNUSABLE */
export async function openTokenSource(config: OAuthConfig, exchange: Exchange, clock: Clock): Promise<TokenSource> {
  const { tokenUrl, clientId, scope, audience = tokenUrl, assertion } = config;
  const server: oauth.AuthorizationServer = { issuer: audience, token_endpoint: tokenUrl };
  const proof = assertion === undefined ? oauth.TlsClientAuth() : oauth.PrivateKeyJwt(await importKey(assertion));
  let held: { readonly token: string; readonly until: number } | undefined;
  let asking: Promise<string> | undefined;

  const ask = async (stop: AbortSignal | undefined): Promise<string> => {
    const asked = clock.now().monotonic;
    const { access_token: token, expires_in: life = DEFAULT_LIFE_S } = await request(stop);
    held = { token, until: asked + 1_000 * (life - Math.min(MARGIN_S, life / 5)) };
    return token;
  };

  const request = async (stop: AbortSignal | undefined): Promise<oauth.TokenEndpointResponse> => {
    const client: oauth.Client = { client_id: clientId };
    const parameters = new URLSearchParams(scope === undefined ? {} : { scope });
    try {
      const response = await oauth.clientCredentialsGrantRequest(server, client, proof, parameters, {
        // The configuration takes http:// to this machine only (src/config).
        [oauth.allowInsecureRequests]: true,
        [oauth.customFetch]: (url, { method, headers, body }) => post(exchange, { url, method, headers, body }, stop),
      });
      return await oauth.processClientCredentialsResponse(server, client, response);
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

/** What oauth4webapi takes for fetch: our line, with its bounds and its certificate. */
async function post(exchange: Exchange, request: TokenRequest, stop: AbortSignal | undefined): Promise<Response> {
  const { url, method, headers, body } = request;
  const form = { ...headers, "content-type": "application/x-www-form-urlencoded" };
  const answer = await exchange({ method, url, headers: form, body: Buffer.from(body.toString()) }, stop);
  const { status } = answer;
  // Not about us: later it may go. What is about us (400, 401) is read by the library.
  if (status === 429 || status >= 500) throw troubleOfStatus(status);
  const type = answer.headers["content-type"];
  return new Response(Uint8Array.from(answer.body), {
    status,
    headers: type === undefined ? {} : { "content-type": type },
  });
}

/** The server's code (RFC 6749 §5.2) says enough; its description may say anything. */
function refused(cause: unknown): VigieError {
  const found =
    cause instanceof oauth.ResponseBodyError && /^[\x20-\x7e]{1,64}$/.test(cause.error)
      ? quoted(cause.error)
      : say("une réponse sans jeton", "an answer that holds no token");
  return errors.DELIVERY_TOKEN_REFUSED({ found, cause });
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
