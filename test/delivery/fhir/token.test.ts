import { createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { inspect } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import type { FhirDestinationConfig } from "../../../src/delivery/fhir/destination.ts";
import { type OAuthConfig, openTokenSource } from "../../../src/delivery/fhir/token.ts";
import { openHttpLine } from "../../../src/delivery/http/line.ts";
import { systemTimers } from "../../../src/delivery/timers.ts";
import { paceOf } from "../../../src/delivery/trouble.ts";
import { isVigieError } from "../../../src/errors/error.ts";
import { createLog } from "../../../src/logging/log.ts";
import { LogObserver } from "../../../src/logging/observe.ts";
import { type AuthorizationServer, startAuthorizationServer, thumbprint } from "../../fixtures/authorization-server.ts";
import { FakeClock } from "../../fixtures/clock.ts";
import { newJournal } from "../../fixtures/feed.ts";
import { measureDraft, openFhir } from "../../fixtures/fhir-feed.ts";
import { startFhirServer } from "../../fixtures/fhir-server.ts";
import { type Answerer, type HttpServer, startHttpServer } from "../../fixtures/http-server.ts";
import { hasOpenssl, Pki } from "../../fixtures/pki.ts";
import { ManualTimers } from "../../fixtures/timers.ts";

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
const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
const pemOf = ({ privateKey }: typeof rsa): string => String(privateKey.export({ type: "pkcs8", format: "pem" }));
const CLIENT = "gateway-1";

/** An authorisation server that knows this gateway's key. */
async function authorization(clock: FakeClock, pair = ec): Promise<AuthorizationServer> {
  const server = closing(await startAuthorizationServer(clock));
  server.clients.set(CLIENT, { key: createPublicKey(pemOf(pair)) });
  return server;
}

async function sourceOf(tokenUrl: string, clock: FakeClock, change: Partial<OAuthConfig> = {}) {
  const line = openHttpLine({ timers: systemTimers });
  closing({ [Symbol.asyncDispose]: async () => line[Symbol.dispose]() });
  const config = { tokenUrl, clientId: CLIENT, assertion: { key: pemOf(ec) }, ...change };
  return openTokenSource(config, line.exchange, clock);
}

/** A server and a gateway with one clock. */
async function arrange(pair = ec, change: Partial<OAuthConfig> = {}) {
  const clock = new FakeClock();
  const server = await authorization(clock, pair);
  return { server, clock, source: await sourceOf(server.tokenUrl, clock, change) };
}

/** A source that is answered like this. */
async function answered(answer: Answerer) {
  const server = closing(await startHttpServer(answer));
  return { server, source: await sourceOf(`${server.url}/token`, new FakeClock()) };
}

describe("access tokens", () => {
  it.each([
    ["RS256", rsa],
    ["ES256", ec],
  ] as const)("are given for an assertion signed %s, with the rights asked for", async (algorithm, pair) => {
    const scope = "system/Observation.c system/Device.c";
    const { server, source } = await arrange(pair, { assertion: { key: pemOf(pair), kid: "key-1" }, scope });
    expect(await source.token()).toBe("token-1-of-gateway-1");
    const form = new URLSearchParams(server.http.asked[0]?.body.toString());
    expect(form.get("scope")).toBe(scope);
    expect(form.get("client_assertion_type")).toBe("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    const [header = ""] = server.assertions[0]?.split(".") ?? [];
    expect(JSON.parse(Buffer.from(header, "base64url").toString())).toMatchObject({ alg: algorithm, kid: "key-1" });
  });

  it("are kept until shortly before their end, shared by whoever asks meanwhile, and forgotten when refused", async () => {
    const { server, clock, source } = await arrange();
    const [first, second] = await Promise.all([source.token(), source.token()]);
    expect([first, server.issued]).toEqual([second, [first]]);
    clock.advance(269_000);
    expect(await source.token()).toBe(first);
    clock.advance(2_000);
    const third = await source.token();
    expect(server.issued).toEqual([first, third]);
    source.forget(first);
    expect(await source.token()).toBe(third);
    source.forget(third);
    expect(await source.token()).not.toBe(third);
  });

  it.each([
    ["that live 10 s", 10, 8],
    ["that live 1 h", 3_600, 3_570],
    ["that name no end", undefined, 48],
  ])("%s are renewed before they end", async (_what, life, renewedAfter) => {
    const { server, clock, source } = await arrange();
    server.life = life;
    await source.token();
    clock.advance(renewedAfter * 1_000 - 1);
    await source.token();
    expect(server.issued).toHaveLength(1);
    clock.advance(1);
    await source.token();
    expect(server.issued).toHaveLength(2);
  });

  it("are kept by a clock that nobody sets: a jump of the wall's changes nothing", async () => {
    const { server, clock, source } = await arrange();
    await source.token();
    const { wall } = clock;
    for (const jump of [86_400_000, -86_400_000]) {
      Object.assign(clock, { wall: wall + jump });
      await source.token();
    }
    expect(server.issued).toHaveLength(1);
  });

  it.each([2, -2, 24 * 365])("are given to a box whose clock is %i hours off, at the second request", async (hours) => {
    const clock = new FakeClock();
    const right = new FakeClock(clock.wall + hours * 3_600_000);
    const server = await authorization(right);
    const source = await sourceOf(server.tokenUrl, clock);
    source.forget(await source.token());
    // The second one is dated right at once.
    await source.token();
    expect([server.assertions.length, server.issued.length]).toEqual([3, 2]);
  });

  it("are asked for once by a box that is not known: its clock is no reason to insist", async () => {
    const { server, source } = await arrange();
    server.clients.clear();
    await expect(source.token()).rejects.toMatchObject({ code: "DELIVERY_TOKEN_REFUSED" });
    expect(server.assertions).toHaveLength(1);
  });

  it.each([pemOf(p384), "no key"])("are not asked for with a key that cannot sign for them", async (key) => {
    const opening = sourceOf("http://localhost/token", new FakeClock(), { assertion: { key } });
    await expect(opening).rejects.toMatchObject({ code: "DELIVERY_TOKEN_KEY_UNUSABLE" });
  });
});

const json = (status: number, body: object): Answerer => answering(status, "application/json", JSON.stringify(body));
function answering(status: number, type: string, body: string, headers: Record<string, string> = {}): Answerer {
  return (_asked, response) => response.writeHead(status, { "content-type": type, ...headers }).end(body);
}
const SECRET = "s3cr3t-token";

describe("what is no token", () => {
  it.each([
    [
      "invalid_client",
      json(401, { error: "invalid_client", error_description: SECRET }),
      "TOKEN_REFUSED",
      "credentials",
    ],
    ["invalid_scope", json(400, { error: "invalid_scope" }), "TOKEN_REFUSED", "credentials"],
    ["401 without words", answering(401, "text/html", "<html>"), "TOKEN_REFUSED", "credentials"],
    ["a token of no type", json(200, { access_token: SECRET }), "TOKEN_REFUSED", "credentials"],
    ["a token for DPoP", json(200, { access_token: SECRET, token_type: "DPoP" }), "TOKEN_REFUSED", "credentials"],
    ["a token for MAC", json(200, { access_token: SECRET, token_type: "mac" }), "TOKEN_REFUSED", "credentials"],
    [
      "a token that would end a header",
      json(200, { access_token: `${SECRET}\r\nx: y`, token_type: "Bearer" }),
      "TOKEN_REFUSED",
      "credentials",
    ],
    ["the page of a captive portal", answering(200, "text/html", "<html>"), "NOT_A_RECEIPT", "network"],
    ["404", answering(404, "text/html", ""), "WRONG_ADDRESS", "credentials"],
    ["429", json(429, {}), "SLOW_DOWN", "network"],
    ["500", json(500, {}), "SERVER_ERROR", "network"],
    ["503", json(503, {}), "SLOW_DOWN", "network"],
  ] as const)("%s: says so, at that pace, and repeats nothing of it", async (_what, answer, code, pace) => {
    const { source } = await answered(answer);
    const error = await source.token().catch((one: unknown) => one);
    if (!isVigieError(error)) throw error;
    expect([error.code, paceOf(error)]).toEqual([`DELIVERY_${code}`, pace]);
    expect(inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain(SECRET);
  });

  it("a redirect is none, and the proof of who we are goes nowhere else", async () => {
    const elsewhere = closing(await startHttpServer((_asked, response) => response.end()));
    const { source } = await answered(answering(307, "text/plain", "", { location: `${elsewhere.url}/token` }));
    await expect(source.token()).rejects.toMatchObject({ code: "DELIVERY_WRONG_ADDRESS" });
    expect(elsewhere.asked).toEqual([]);
  });
});

/** A FHIR server that admits whoever has a token, and a destination of it. */
async function guarded(tokens: AuthorizationServer, clock: FakeClock, count: number) {
  const server = closing(await startFhirServer());
  server.before = (asked, response) => {
    if (tokens.admits(asked)) return false;
    response.writeHead(401, { "www-authenticate": 'Bearer error="invalid_token"' }).end();
    return true;
  };
  const journal = newJournal();
  for (let n = 1; n <= count; n += 1) journal.commit(measureDraft(n));
  const oauth = { tokenUrl: tokens.tokenUrl, clientId: CLIENT, assertion: { key: pemOf(ec) } };
  const config: FhirDestinationConfig = { url: server.base, oauth };
  const lines: string[] = [];
  const written = createLog({ level: "debug", stream: { write: (line) => lines.push(line) }, journald: false });
  const log = new LogObserver(written, { clock, timers: new ManualTimers() });
  const opened = await openFhir(journal, server.base, { config, clock });
  closing(opened.destination);
  const logged = () => {
    for (const event of opened.told.all) log.observe(event);
    return lines.join("");
  };
  const refused = ({ asked }: HttpServer) => asked.length - server.of("Observation").length;
  return { ...opened, journal, server, logged, refusals: () => refused(server.http) };
}

describe("tokens and a FHIR server", () => {
  it("go with each transaction, and are renewed before they end: none is ever refused", async () => {
    const clock = new FakeClock();
    const tokens = await authorization(clock);
    const { journal, receipted, refusals } = await guarded(tokens, clock, 1);
    await receipted(1);
    for (let n = 2; n <= 20; n += 1) {
      clock.advance(60_000);
      journal.commit(measureDraft(n));
      await receipted(n);
    }
    // 19 minutes at 4.5 a token.
    expect([tokens.issued.length, refusals()]).toEqual([4, 0]);
  });

  it("are asked for anew, once, where the server knows one no longer", async () => {
    const clock = new FakeClock();
    const tokens = await authorization(clock);
    const { journal, receipted, refusals, told } = await guarded(tokens, clock, 1);
    await receipted(1);
    tokens.revokeAll();
    journal.commit(measureDraft(2));
    await receipted(2);
    expect([tokens.issued.length, refusals()]).toEqual([2, 1]);
    expect(told.all.filter((event) => event.type === "destination" && event.state !== "connected")).toEqual([]);
  });

  it("suspend the destination where a new one is refused as well", async () => {
    const clock = new FakeClock();
    const tokens = await authorization(clock);
    const { server, told, journal } = await guarded(tokens, clock, 0);
    server.before = (_asked, response) => {
      response.writeHead(401).end();
      return true;
    };
    journal.commit(measureDraft(1));
    const event = await told.first((one) => one.type === "destination" && one.state === "suspended");
    expect(event).toMatchObject({ error: { code: "DELIVERY_NOT_AUTHORISED" } });
    expect(server.http.asked.length).toBe(tokens.issued.length);
  });

  it("suspend the destination where the box is not known, and no measure is sent without one", async () => {
    const clock = new FakeClock();
    const tokens = await authorization(clock);
    tokens.clients.clear();
    const { server, told, destination } = await guarded(tokens, clock, 1);
    const event = await told.first((one) => one.type === "destination" && one.state === "suspended");
    expect(event).toMatchObject({
      error: { code: "DELIVERY_TOKEN_REFUSED", detail: { found: { en: '"invalid_client"' } } },
    });
    expect(destination.status().state).toBe("suspended");
    expect(server.http.asked).toEqual([]);
  });

  it("and what proves who asks for them are in no line of the log, whatever went wrong", async () => {
    const clock = new FakeClock();
    const tokens = await authorization(clock);
    const { journal, receipted, told, logged } = await guarded(tokens, clock, 1);
    await receipted(1);
    tokens.revokeAll();
    tokens.clients.clear();
    journal.commit(measureDraft(2));
    await told.first((one) => one.type === "destination" && one.state === "suspended");
    const text = logged();
    expect(text).toContain("DELIVERY_TOKEN_REFUSED");
    expect([tokens.issued.length, tokens.assertions.length]).toEqual([1, 2]);
    for (const secret of [...tokens.issued, ...tokens.assertions]) {
      expect(text).not.toContain(secret);
      expect(inspect(told.all, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain(secret);
    }
  });

  it.skipIf(!hasOpenssl)("are bound to our certificate, and open nothing to another (RFC 8705)", async () => {
    using pki = new Pki();
    const { cert, key } = pki.issue("server", { usage: "serverAuth", names: ["DNS:localhost"] });
    const tls = { cert, key, ca: pki.ca, requestCert: true, rejectUnauthorized: true };
    const clock = new FakeClock();
    const tokens = closing(await startAuthorizationServer(clock, tls));
    const server = closing(await startFhirServer(tls));
    server.before = (asked, response) => {
      if (tokens.admits(asked)) return false;
      response.writeHead(401).end();
      return true;
    };
    const [mine, another] = [pki.issue("gateway"), pki.issue("another")];
    tokens.clients.set(CLIENT, { thumbprint: thumbprint(new X509Certificate(mine.cert)) });
    const journal = newJournal();
    journal.commit(measureDraft(1));
    const config = {
      url: server.base,
      tls: { ca: pki.ca, cert: mine.cert, key: mine.key },
      oauth: { tokenUrl: tokens.tokenUrl, clientId: CLIENT },
    };
    const { receipted, destination } = await openFhir(journal, server.base, { config, clock });
    closing(destination);
    await receipted(1);
    const form = new URLSearchParams(tokens.http.asked[0]?.body.toString());
    expect([form.get("client_id"), tokens.assertions]).toEqual([CLIENT, []]);

    using stolen = openHttpLine({ timers: systemTimers, tls: { ca: pki.ca, cert: another.cert, key: another.key } });
    const headers = { authorization: `Bearer ${tokens.issued[0]}` };
    const { status } = await stolen.exchange({
      method: "GET",
      url: `${server.base}/Observation?identifier=a|b`,
      headers,
    });
    expect(status).toBe(401);
    await expect(
      openTokenSource(config.oauth, stolen.exchange, clock).then((one) => one.token()),
    ).rejects.toMatchObject({
      code: "DELIVERY_TOKEN_REFUSED",
    });
  });
});
