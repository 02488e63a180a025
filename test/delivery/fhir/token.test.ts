import { createHash, createPublicKey, generateKeyPairSync, verify, X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { type OAuthConfig, openTokenSource } from "../../../src/delivery/fhir/token.ts";
import { openHttpLine } from "../../../src/delivery/http/line.ts";
import { systemTimers } from "../../../src/delivery/timers.ts";
import { FakeClock } from "../../fixtures/clock.ts";
import { newJournal } from "../../fixtures/feed.ts";
import { measureDraft, openFhir } from "../../fixtures/fhir-feed.ts";
import { startFhirServer } from "../../fixtures/fhir-server.ts";
import { type Answerer, startHttpServer } from "../../fixtures/http-server.ts";
import { hasOpenssl, Pki } from "../../fixtures/pki.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]();
});
const closing = <One extends AsyncDisposable>(one: One): One => {
  open.unshift(one);
  return one;
};

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pemOf = ({ privateKey }: typeof rsa): string => String(privateKey.export({ type: "pkcs8", format: "pem" }));

const issuing =
  (life: number | undefined = 300): Answerer =>
  (_asked, response) => {
    issued += 1;
    const body = { access_token: `token-${issued}`, token_type: "Bearer", ...(life > 0 && { expires_in: life }) };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  };
let issued = 0;

async function arrange(answer: Answerer, change: Partial<OAuthConfig> = {}) {
  issued = 0;
  const server = closing(await startHttpServer(answer));
  const line = openHttpLine({ timers: systemTimers });
  closing({ [Symbol.asyncDispose]: async () => line[Symbol.dispose]() });
  const clock = new FakeClock();
  const config = { tokenUrl: `${server.url}/token`, clientId: "gateway-1", assertion: { key: pemOf(ec) }, ...change };
  return { server, clock, source: await openTokenSource(config, line.exchange, clock) };
}

describe("access tokens", () => {
  it.each([
    ["RS256", rsa, "RSA-SHA256"],
    ["ES256", ec, "SHA256"],
  ] as const)("are asked for with an assertion signed %s", async (algorithm, pair, digest) => {
    const scope = "system/Observation.c system/Device.c";
    const { server, source } = await arrange(issuing(), { assertion: { key: pemOf(pair), kid: "key-1" }, scope });
    expect(await source.token()).toBe("token-1");
    const form = new URLSearchParams(server.asked[0]?.body.toString());
    expect(form.get("grant_type")).toBe("client_credentials");
    expect(form.get("scope")).toBe(scope);
    expect(form.get("client_assertion_type")).toBe("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    const [header = "", payload = "", signature = ""] = (form.get("client_assertion") ?? "").split(".");
    const json = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
    expect(json(header)).toMatchObject({ alg: algorithm, kid: "key-1" });
    expect(json(payload)).toMatchObject({ iss: "gateway-1", sub: "gateway-1", aud: `${server.url}/token` });
    const key = { key: createPublicKey(pemOf(pair)), dsaEncoding: "ieee-p1363" } as const;
    expect(verify(digest, Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, "base64url"))).toBe(true);
  });

  it("are kept until shortly before their end, shared by whoever asks meanwhile, and forgotten when refused", async () => {
    const { clock, source } = await arrange(issuing(300));
    expect(await Promise.all([source.token(), source.token()])).toEqual(["token-1", "token-1"]);
    clock.advance(269_000);
    expect(await source.token()).toBe("token-1");
    clock.advance(2_000);
    expect(await source.token()).toBe("token-2");
    source.forget("token-1");
    expect(await source.token()).toBe("token-2");
    source.forget("token-2");
    expect(await source.token()).toBe("token-3");
  });

  it.each([
    ["invalid_client", 401, "DELIVERY_TOKEN_REFUSED", { error: "invalid_client", error_description: "who are you" }],
    ["a page", 200, "DELIVERY_TOKEN_REFUSED", "<html>"],
    ["429", 429, "DELIVERY_SLOW_DOWN", {}],
    ["503", 503, "DELIVERY_SLOW_DOWN", {}],
  ] as const)("that are refused (%s) give an error that says so, and no more", async (_what, status, code, body) => {
    const { source } = await arrange((_asked, response) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
    const error = await source.token().catch((one: unknown) => one);
    expect(error).toMatchObject({ code });
    expect(String(error)).not.toContain("who are you");
  });

  it.each(["no key", pemOf(generateKeyPairSync("ec", { namedCurve: "P-384" }) as typeof rsa)])(
    "are not asked for with a key that cannot sign for them",
    async (key) => {
      await expect(arrange(issuing(), { assertion: { key } })).rejects.toMatchObject({
        code: "DELIVERY_TOKEN_KEY_UNUSABLE",
      });
    },
  );

  it("go with each transaction; one that the server knows no longer is asked for anew, once", async () => {
    const tokens = closing(await startHttpServer(issuing()));
    issued = 0;
    const server = closing(await startFhirServer());
    let good = "Bearer token-1";
    server.before = ({ headers }, response) => {
      if (headers.authorization === good) return false;
      response.writeHead(401).end();
      return true;
    };
    const journal = newJournal();
    journal.commit(measureDraft(1));
    const oauth = { tokenUrl: `${tokens.url}/token`, clientId: "gateway-1", assertion: { key: pemOf(ec) } };
    const { receipted, told, destination } = await openFhir(journal, server.base, {
      config: { url: server.base, oauth },
    });
    closing(destination);
    await receipted(1);
    good = "Bearer token-2";
    journal.commit(measureDraft(2));
    await receipted(2);
    expect(tokens.asked).toHaveLength(2);
    good = "none";
    journal.commit(measureDraft(3));
    const event = await told.first((one) => one.type === "destination" && one.state === "suspended");
    expect(event).toMatchObject({ error: { code: "DELIVERY_NOT_AUTHORISED" } });
    expect(tokens.asked.length).toBeGreaterThanOrEqual(3);
  });

  it.skipIf(!hasOpenssl)("are bound to our certificate, which goes with both requests (RFC 8705)", async () => {
    using pki = new Pki();
    const { cert, key } = pki.issue("server", { usage: "serverAuth", names: ["DNS:localhost"] });
    const tls = { cert, key, ca: pki.ca, requestCert: true, rejectUnauthorized: true };
    const thumbprint = (socket: unknown) =>
      createHash("sha256")
        .update((socket as TLSSocket).getPeerCertificate().raw)
        .digest("base64url");
    const boundTo = new Map<string, string>();
    const tokens = closing(
      await startHttpServer(({ socket }, response) => {
        boundTo.set("Bearer bound", thumbprint(socket));
        const body = JSON.stringify({ access_token: "bound", token_type: "Bearer", expires_in: 300 });
        response.writeHead(200, { "content-type": "application/json" }).end(body);
      }, tls),
    );
    const server = closing(await startFhirServer(tls));
    server.before = ({ headers, socket }, response) => {
      if (boundTo.get(headers.authorization ?? "") === thumbprint(socket)) return false;
      response.writeHead(401).end();
      return true;
    };
    const mine = pki.issue("gateway");
    const journal = newJournal();
    journal.commit(measureDraft(1));
    const config = {
      url: server.base,
      tls: { ca: pki.ca, cert: mine.cert, key: mine.key },
      oauth: { tokenUrl: `${tokens.url}/token`, clientId: "gateway-1" },
    };
    const { receipted, destination } = await openFhir(journal, server.base, { config });
    closing(destination);
    await receipted(1);
    const form = new URLSearchParams(tokens.asked[0]?.body.toString());
    expect([form.get("client_id"), form.get("client_assertion")]).toEqual(["gateway-1", null]);
    expect([...boundTo.values()]).toEqual([
      createHash("sha256").update(new X509Certificate(mine.cert).raw).digest("base64url"),
    ]);
  });
});
