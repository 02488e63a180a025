/** What may come in place of an answer, to both destinations over HTTP: nothing is lost, nothing is doubled, nobody is followed. */
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { DeadLetters } from "../../../src/delivery/dead-letters.ts";
import type { Destination } from "../../../src/delivery/destination.ts";
import { openHttpsDestination } from "../../../src/delivery/https/destination.ts";
import type { GatewayEvent } from "../../../src/events.ts";
import { sealReceipt } from "../../../src/seal/receipt.ts";
import { hashOf } from "../../../src/seal/segment.ts";
import { startAuthorizationServer } from "../../fixtures/authorization-server.ts";
import { FakeClock } from "../../fixtures/clock.ts";
import { Told } from "../../fixtures/events.ts";
import { address, newJournal, platformKey, platformKeys } from "../../fixtures/feed.ts";
import { measureDraft, openFhir } from "../../fixtures/fhir-feed.ts";
import { startFhirServer } from "../../fixtures/fhir-server.ts";
import { type Answerer, type HttpServer, startHttpServer } from "../../fixtures/http-server.ts";
import type { MemoryJournal } from "../../fixtures/memory-journal.ts";
import { ManualTimers, settle } from "../../fixtures/timers.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]();
});
const closing = <One extends AsyncDisposable>(one: One): One => {
  open.unshift(one);
  return one;
};

/** A destination with one record to send, and its server, which answers with a fault until it is mended. */
interface Arranged {
  readonly journal: MemoryJournal;
  readonly timers: ManualTimers;
  readonly told: Told<GatewayEvent>;
  readonly http: HttpServer;
  mend(): void;
  /** How often the server took the record. */
  taken(): number;
}

async function sealed(fault: Answerer): Promise<Arranged> {
  const journal = newJournal();
  const { segment } = journal.commit('{"n":1}');
  const receipt = {
    gateway: address.gateway,
    epoch: 1,
    through: 1,
    head: hashOf(segment),
    exceptions: [],
    encodings: [0, 1],
  };
  const http = closing(await startHttpServer(fault));
  const [told, timers] = [new Told<GatewayEvent>(), new ManualTimers()];
  let taken = 0;
  const destination: Destination = await openHttpsDestination({
    name: "platform",
    journal,
    config: { url: http.url, gateway: address.gateway, platformKeys },
    observe: told.observe,
    deadLetters: await DeadLetters.open({ journal, clock: new FakeClock(), observe: told.observe }),
    timers,
    random: () => 0,
  });
  closing(destination);
  const mend = (): void => {
    http.answer = (_asked, response) => {
      taken += 1;
      response.end(Buffer.from(sealReceipt(receipt, platformKey)));
    };
  };
  return { journal, timers, told, http, mend, taken: () => taken };
}

async function fhir(fault: Answerer): Promise<Arranged> {
  const journal = newJournal();
  journal.commit(measureDraft(1));
  const server = closing(await startFhirServer());
  server.before = (asked, response) => {
    fault(asked, response);
    return true;
  };
  const timers = new ManualTimers();
  const { told, destination } = await openFhir(journal, server.base, { name: "platform", timers });
  closing(destination);
  const mend = (): void => {
    server.before = () => false;
  };
  return { journal, timers, told, http: server.http, mend, taken: () => server.of("Observation").length };
}

const destinations = [
  ["sealed", sealed],
  ["FHIR", fhir],
] as const;

const answering =
  (status: number, headers: Record<string, string> = {}, body: string | Buffer = ""): Answerer =>
  (_asked, response) =>
    response.writeHead(status, headers).end(body);
const html = { "content-type": "text/html" };
const bomb = gzipSync(Buffer.alloc(10 * 1024 * 1024));

describe.each(destinations)("a %s destination over HTTP", (_kind, arrange) => {
  const trouble = ({ told }: Arranged) => told.first((one) => one.type === "destination" && one.state !== "connected");

  it.each<[string, Answerer, "waiting" | "suspended", string]>([
    ["400", answering(400), "waiting", "REFUSED"],
    ["401", answering(401), "suspended", "NOT_AUTHORISED"],
    ["403", answering(403), "suspended", "NOT_AUTHORISED"],
    ["404", answering(404), "suspended", "WRONG_ADDRESS"],
    ["407", answering(407), "suspended", "NOT_AUTHORISED"],
    ["408", answering(408), "waiting", "SLOW_DOWN"],
    ["409", answering(409), "waiting", "REFUSED"],
    ["412", answering(412), "waiting", "REFUSED"],
    ["422", answering(422), "waiting", "REFUSED"],
    ["429", answering(429), "waiting", "SLOW_DOWN"],
    ["500", answering(500), "waiting", "SERVER_ERROR"],
    ["502", answering(502, html, "<html>"), "waiting", "SERVER_ERROR"],
    ["503", answering(503), "waiting", "SLOW_DOWN"],
    ["a login page elsewhere", answering(302, { location: "/login" }), "suspended", "WRONG_ADDRESS"],
    ["the page of a captive portal", answering(200, html, "<html>"), "waiting", "NOT_A_RECEIPT"],
    ["200 with nothing", answering(200), "waiting", "NOT_A_RECEIPT"],
    ["202: somebody will look at it", answering(202), "waiting", "NOT_A_RECEIPT"],
    ["204", answering(204), "waiting", "NOT_A_RECEIPT"],
    ["a gzip bomb", answering(200, { "content-encoding": "gzip" }, bomb), "waiting", "NOT_A_RECEIPT"],
    ["a body without end", (_asked, response) => endless(response), "waiting", "ANSWER_TOO_BIG"],
    ["a reset", ({ socket }) => socket.resetAndDestroy(), "waiting", "CONNECTION_LOST"],
    ["half of a body", half, "waiting", "CONNECTION_LOST"],
    ["what is no HTTP", ({ socket }) => socket.end("220 mail.example ESMTP\r\n"), "waiting", "NOT_A_RECEIPT"],
  ])("%s: is told so, and the record goes when the server is itself again, once", async (_what, fault, state, code) => {
    const arranged = await arrange(fault);
    const { journal, timers, told, mend, taken } = arranged;
    expect(await trouble(arranged)).toMatchObject({ state, error: { code: `DELIVERY_${code}` } });
    expect(await journal.cursor("platform")).toBe(0);
    mend();
    // The least wait of either pace.
    await timers.advance(state === "suspended" ? 60_000 : 1_000);
    await told.first((one) => one.type === "receipted");
    expect([taken(), await journal.cursor("platform")]).toEqual([1, 1]);
  });

  it("a body that comes a byte at a time is given up on", async () => {
    const arranged = await arrange((_asked, response) => {
      response.writeHead(200);
      response.write("1");
    });
    const { http, timers, mend, told, taken } = arranged;
    while (http.asked.length === 0) await settle();
    await timers.advance(60_000);
    expect(await trouble(arranged)).toMatchObject({ state: "waiting", error: { code: "DELIVERY_ANSWER_TOO_SLOW" } });
    mend();
    await timers.advance(1_000);
    await told.first((one) => one.type === "receipted");
    expect(taken()).toBe(1);
  });

  it.each([
    [429, "120"],
    [503, "120"],
    [429, "Sat, 21 Nov 2026 08:02:00 GMT"],
    [503, "Sat, 21 Nov 2026 08:02:00 GMT"],
  ])("a %i is kept away from until the time it names, seconds or date: %s", async (status, retryAfter) => {
    const date = "Sat, 21 Nov 2026 08:00:00 GMT";
    const arranged = await arrange(answering(status, { "retry-after": retryAfter, date }));
    const { timers, http, told, mend } = arranged;
    await trouble(arranged);
    mend();
    await timers.advance(120_000);
    expect(http.asked).toHaveLength(1);
    await timers.advance(1_000);
    await told.first((one) => one.type === "receipted");
    expect(http.asked).toHaveLength(2);
  });

  it.each([301, 302, 303, 307, 308])("nobody is followed elsewhere (%i): not a byte goes there", async (status) => {
    const elsewhere = closing(await startHttpServer((_asked, response) => response.end()));
    const arranged = await arrange(answering(status, { location: `${elsewhere.url}/feed` }));
    await trouble(arranged);
    expect([elsewhere.connections, arranged.http.asked.length]).toEqual([0, 1]);
  });
});

it("a redirect takes no access token along", async () => {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = String(pair.privateKey.export({ type: "pkcs8", format: "pem" }));
  const clock = new FakeClock();
  const tokens = closing(await startAuthorizationServer(clock));
  tokens.clients.set("gateway-1", { key: createPublicKey(key) });
  const elsewhere = closing(await startHttpServer((_asked, response) => response.end()));
  const server = closing(await startHttpServer(answering(307, { location: elsewhere.url })));
  const journal = newJournal();
  journal.commit(measureDraft(1));
  const oauth = { tokenUrl: tokens.tokenUrl, clientId: "gateway-1", assertion: { key } };
  const { told, destination } = await openFhir(journal, server.url, { clock, config: { url: server.url, oauth } });
  closing(destination);
  const event = await told.first((one) => one.type === "destination");
  expect(event).toMatchObject({ state: "suspended", error: { code: "DELIVERY_WRONG_ADDRESS" } });
  expect(server.asked[0]?.headers.authorization).toBe(`Bearer ${tokens.issued[0]}`);
  expect(elsewhere.connections).toBe(0);
});

function half(_asked: unknown, response: ServerResponse): void {
  response.writeHead(200, { "content-length": "100" });
  response.write("half", () => response.socket?.end());
}

function endless(response: ServerResponse): void {
  const go = (): void => {
    while (!response.destroyed && response.write(Buffer.alloc(16_384))) {}
  };
  response.on("drain", go);
  go();
}
