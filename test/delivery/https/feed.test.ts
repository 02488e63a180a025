import { request } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { DeadLetters } from "../../../src/delivery/dead-letters.ts";
import { type HttpsDestinationParts, openHttpsDestination } from "../../../src/delivery/https/destination.ts";
import type { GatewayEvent } from "../../../src/events.ts";
import { openHttpReceiver } from "../../../src/receiver/http.ts";
import { memoryState } from "../../../src/receiver/memory-state.ts";
import type { ReceiverEvent } from "../../../src/receiver/port.ts";
import { Receiver, type ReceiverParts } from "../../../src/receiver/receiver.ts";
import { checkpointBody } from "../../../src/seal/checkpoint.ts";
import { RecordKind } from "../../../src/seal/record.ts";
import { hashOf } from "../../../src/seal/segment.ts";
import { FakeClock } from "../../fixtures/clock.ts";
import { Told } from "../../fixtures/events.ts";
import { address, gatewayKeys, KeepingSink, newJournal, platformKey, platformKeys } from "../../fixtures/feed.ts";
import type { MemoryJournal } from "../../fixtures/memory-journal.ts";
import { hasOpenssl, Pki } from "../../fixtures/pki.ts";
import { startProxy } from "../../fixtures/proxy.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]();
});
const closing = <One extends AsyncDisposable>(one: One): One => {
  open.unshift(one);
  return one;
};

async function platform(
  parts: Partial<ReceiverParts> = {},
  http: Partial<Parameters<typeof openHttpReceiver>[0]> = {},
) {
  const sink = new KeepingSink();
  const told = new Told<ReceiverEvent>();
  const observe = told.observe;
  const receiver = new Receiver({
    keys: gatewayKeys(),
    state: memoryState(),
    sinks: [sink],
    platformKey,
    observe,
    ...parts,
  });
  const { port } = closing(await openHttpReceiver({ receiver, listen: { port: 0, path: "/feed" }, observe, ...http }));
  return { sink, told, port, url: `http://localhost:${port}/feed` };
}

const lettersOf = (journal: MemoryJournal, { observe }: Told<GatewayEvent>) =>
  DeadLetters.open({ journal, clock: new FakeClock(), observe });

async function gateway(journal: MemoryJournal, url: string, more: Partial<HttpsDestinationParts> = {}, config = {}) {
  const told = new Told<GatewayEvent>();
  const deadLetters = await lettersOf(journal, told);
  const destination = closing(
    await openHttpsDestination({
      name: "platform",
      journal,
      deadLetters,
      config: { url, gateway: address.gateway, platformKeys, ...config },
      observe: told.observe,
      random: () => 0,
      ...more,
    }),
  );
  const receipted = (through: number) => told.first((event) => event.type === "receipted" && event.through >= through);
  return { destination, told, receipted, deadLetters };
}

const journalOf = (count: number): MemoryJournal => {
  const journal = newJournal();
  for (let i = 1; i <= count; i += 1) journal.commit(`{"n":${i}}`);
  return journal;
};
const bodies = (count: number): string[] => Array.from({ length: count }, (_, i) => `{"n":${i + 1}}`);

describe("the sealed feed over HTTPS", () => {
  it("hands over each record once, in order, and moves the cursor by the receipt", async () => {
    const journal = journalOf(700);
    const { sink, url } = await platform();
    const { receipted, destination } = await gateway(journal, url);
    await receipted(700);
    journal.commit('{"n":701}');
    await receipted(701);
    expect(sink.bodies).toEqual(bodies(701));
    expect(await journal.cursor("platform")).toBe(701);
    expect(destination.status()).toMatchObject({ state: "connected", confirmed: 701 });
  });

  it("begins behind a prune, though the checkpoint shares its segment with measures", async () => {
    const journal = journalOf(3);
    const [gone] = await journal.segments(3, 1);
    const said = checkpointBody(3, hashOf(gone?.segment ?? new Uint8Array()), []);
    const checkpoint = { kind: RecordKind.audit, body: Buffer.from(said).toString() };
    journal.commit('{"n":4}');
    journal.commit('{"n":5}', checkpoint, '{"n":7}');
    journal.commit('{"n":8}');
    journal.prune(3);
    const { sink, told, url } = await platform();
    const { receipted } = await gateway(journal, url);
    await receipted(8);
    expect(sink.records.map(({ seq }) => seq)).toEqual([4, 5, 6, 7, 8]);
    expect(told.count(({ type }) => type === "pruned-start")).toBe(1);
  });

  it("survives a platform that is away, and a sink that fails", async () => {
    const journal = journalOf(3);
    const { sink, told, url } = await platform();
    let failures = 2;
    sink.before = () => {
      if (failures-- > 0) throw new Error("the database is away");
    };
    const retries = {
      timers: { after: (ms: number, callback: () => void) => (ms < 60_000 ? soon(callback) : () => {}) },
    };
    const { receipted } = await gateway(journal, url, retries, {});
    await receipted(3);
    expect(told.count((event) => event.type === "failed")).toBe(2);
    expect(sink.bodies).toEqual(bodies(3));
  });

  it("repeats without harm what was taken while its answer was lost", async () => {
    const journal = journalOf(20);
    const { sink, port } = await platform();
    const proxy = closing(await startProxy(port));
    sink.before = () => {
      sink.before = () => {};
      proxy.cut("reset");
    };
    const { receipted, told } = await gateway(journal, `http://localhost:${proxy.port}/feed`, {}, { spreadMs: 0 });
    await receipted(20);
    expect(sink.bodies).toEqual(bodies(20));
    expect(told.all).toContainEqual(
      expect.objectContaining({
        state: "waiting",
        error: expect.objectContaining({ code: "DELIVERY_CONNECTION_LOST" }),
      }),
    );
  });

  it("is told by the receipt that a platform is further than the answer it lost", async () => {
    const journal = journalOf(5);
    const first = await platform();
    const { receipted } = await gateway(journal, first.url);
    await receipted(5);
    // The cursor went back, as after a restart before it was written; and what is sent first is cut smaller.
    const again = await gateway(
      new Proxy(journal, { get: (target, key) => (key === "cursor" ? async () => 0 : bound(target, key)) }),
      first.url,
      {},
      { maxPostBytes: 300 },
    );
    await again.receipted(5);
    expect(first.sink.bodies).toEqual(bodies(5));
  });

  it("sends a segment in parts where the platform takes no more at once, and puts one record aside that is larger by itself", async () => {
    const journal = newJournal();
    const noise = (length: number): string => JSON.stringify(Array.from({ length }, () => Math.random()));
    const texts = [noise(200), noise(200), noise(2_000), noise(200)];
    journal.commit(...texts);
    const { sink, url } = await platform({}, { maxBodyBytes: 6_000 });
    const { receipted, told, deadLetters } = await gateway(journal, url);
    await receipted(2);
    await receipted(5);
    expect(sink.bodies.slice(0, 3)).toEqual([texts[0], texts[1], texts[3]]);
    // The fifth record is the event that tells of it.
    expect(JSON.parse(sink.bodies[3] ?? "")).toEqual({
      type: "record-refused",
      destination: "platform",
      seq: 3,
      because: "too-big",
    });
    expect(deadLetters.list("platform")).toMatchObject([{ seq: 3, code: "too-big", again: false }]);
    expect(told.all).toContainEqual({
      type: "fault",
      error: expect.objectContaining({ code: "DELIVERY_RECORD_REFUSED" }),
    });
  });

  it("puts aside what the platform refuses for good, with its words, once; and sends it again when asked to", async () => {
    const journal = journalOf(3);
    const { sink, url } = await platform();
    sink.refuse = ({ seq }) => (seq === 2 ? "no\u001b[31m patient" : undefined);
    const first = await gateway(journal, url);
    await first.receipted(4);
    journal.commit('{"n":5}');
    await first.receipted(5);
    expect(first.deadLetters.list("platform")).toMatchObject([{ seq: 2, code: "refused", words: "no [31m patient" }]);
    expect(sink.records.filter(({ kind }) => kind === RecordKind.event)).toHaveLength(1);
    sink.refuse = () => undefined;
    const audit = { kind: RecordKind.audit, id: new Uint8Array(16), body: Buffer.from("{}") };
    expect(await first.deadLetters.sendAgain("platform", [2], audit)).toBe(1);
    // The audit record is the sixth, and the event that it was taken the seventh.
    await first.receipted(7);
    expect(sink.bodies).toContain('{"n":2}');
    expect(first.deadLetters.list()).toEqual([]);
  });

  it("asks nobody to believe a refused event's event", async () => {
    const journal = newJournal();
    journal.commit({ kind: RecordKind.event, body: "{}" }, '{"n":1}');
    const { sink, url } = await platform();
    sink.refuse = ({ kind }) => (kind === RecordKind.event ? "no events here" : undefined);
    const { receipted, deadLetters, told } = await gateway(journal, url);
    await receipted(2);
    expect(journal.lastSeq).toBe(2);
    expect(deadLetters.list()).toEqual([]);
    expect(told.count((event) => event.type === "fault")).toBe(1);
  });

  it("has an alarm go ahead of a backlog, and counts it once", async () => {
    const journal = journalOf(300);
    journal.commit({ kind: RecordKind.alarm, body: '{"alarm":1}' });
    const { sink, url } = await platform();
    const { receipted } = await gateway(journal, url);
    await receipted(301);
    expect(sink.bodies).toEqual(['{"alarm":1}', ...bodies(300)]);
  });

  it("has fresh measures go ahead of a backlog, but for those of devices that have one themselves", async () => {
    const journal = newJournal();
    for (let n = 1; n <= 600; n += 1) journal.commit({ body: `away ${n}`, device: "away" });
    const { sink, url } = await platform();
    let isDraining = false;
    sink.before = ({ records }) => {
      if (isDraining || records.some(({ seq }) => seq < 50)) return;
      isDraining = true;
      // The platform has some of the backlog in its hands; only now are these measured.
      journal.commit({ body: "here 1", device: "here" }, { body: "away 601", device: "away" });
      journal.commit({ body: "here 2", device: "here" });
    };
    const { receipted } = await gateway(journal, url, {}, { maxPostBytes: 20_000 });
    await receipted(603);
    const of = (device: string) => sink.bodies.filter((body) => body.startsWith(device));
    expect(of("here")).toEqual(["here 1", "here 2"]);
    expect(of("away")).toEqual(Array.from({ length: 601 }, (_, n) => `away ${n + 1}`));
    expect(sink.bodies.indexOf("here 2")).toBeLessThan(400);
    expect(sink.bodies.indexOf("away 601")).toBe(602);
  });

  it("sends again what a platform lost that says twice that it has less, and keeps the cursor on disk", async () => {
    const journal = journalOf(20);
    const first = await platform();
    const { port } = first;
    const soonEnough = {
      timers: { after: (ms: number, callback: () => void) => (ms < 10_000 ? soon(callback) : () => {}) },
    };
    const proxy = closing(await startProxy(port));
    const { receipted, told } = await gateway(journal, `http://localhost:${proxy.port}/feed`, soonEnough);
    await receipted(20);
    // Another disk, without what the first one had.
    const restored = await platform();
    proxy.target = restored.port;
    proxy.cut("reset");
    journal.commit('{"n":21}');
    await receipted(21);
    expect(restored.sink.bodies).toEqual(bodies(21));
    const faults = told.all.filter((event) => event.type === "fault").map(({ error }) => error.code);
    expect(faults).toEqual(["DELIVERY_PLATFORM_LOST_STATE"]);
    const moves = told.all.flatMap((event) => (event.type === "receipted" ? [event.through] : []));
    expect(moves).toEqual(moves.toSorted((a, b) => a - b));
  });

  it.skipIf(!hasOpenssl)("goes by mutual TLS", async () => {
    using pki = new Pki();
    const server = pki.issue("server", { usage: "serverAuth", names: ["DNS:localhost"] });
    const { sink, port } = await platform({}, { tls: { cert: server.cert, key: server.key, ca: pki.ca } });
    const { cert, key } = pki.issue(address.gateway);
    const { receipted } = await gateway(
      journalOf(10),
      `https://localhost:${port}/feed`,
      {},
      { tls: { ca: pki.ca, cert, key } },
    );
    await receipted(10);
    expect(sink.bodies).toEqual(bodies(10));
  });
});

describe("the receiver's side of HTTP", () => {
  const post = (url: string, body: Uint8Array, headers = {}, method = "POST") =>
    new Promise<{ status: number | undefined; retryAfter: string | undefined }>((resolve, reject) => {
      const asking = request(url, { method, headers: { "content-type": "application/cose", ...headers } });
      asking.once("response", (response) => {
        response.resume();
        resolve({ status: response.statusCode, retryAfter: response.headers["retry-after"] });
      });
      asking.once("error", reject);
      asking.end(body);
    });

  it.each([
    ["another path", 404, { path: "/other" }],
    ["another method", 405, { method: "PUT" }],
    ["another content type", 415, { headers: { "content-type": "application/json" } }],
    ["a packed body", 415, { headers: { "content-encoding": "gzip" } }],
    ["a body beyond its bound", 413, { body: Buffer.alloc(2_000) }],
    ["what is no message", 400, { body: Buffer.from("hello") }],
    ["nothing", 400, { body: Buffer.alloc(0) }],
  ] as const)("refuses %s with %i", async (_what, status, change) => {
    const { port, sink } = await platform({}, { maxBodyBytes: 1_000 });
    const {
      path = "/feed",
      method = "POST",
      headers = {},
      body = Buffer.from([0x80]),
    } = { ...change } as {
      path?: string;
      method?: string;
      headers?: Record<string, string>;
      body?: Buffer;
    };
    expect((await post(`http://localhost:${port}${path}`, body, headers, method)).status).toBe(status);
    expect(sink.records).toEqual([]);
  });

  it("tells a gateway that is not enrolled so, and suspends its destination", async () => {
    const { url } = await platform({ keys: () => undefined });
    const { told } = await gateway(journalOf(1), url);
    const event = await told.first((one) => one.type === "destination");
    expect(event).toMatchObject({ state: "suspended", error: { code: "DELIVERY_NOT_AUTHORISED" } });
  });
});

/** A timer that does not wait. */
function soon(callback: () => void): () => void {
  const handle = setImmediate(callback);
  return () => clearImmediate(handle);
}

function bound(target: object, key: PropertyKey): unknown {
  const value: unknown = Reflect.get(target, key);
  return typeof value === "function" ? value.bind(target) : value;
}
