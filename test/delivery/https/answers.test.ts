import { afterEach, describe, expect, it } from "vitest";
import { DeadLetters } from "../../../src/delivery/dead-letters.ts";
import { openHttpsDestination } from "../../../src/delivery/https/destination.ts";
import type { GatewayEvent } from "../../../src/events.ts";
import { sealReceipt } from "../../../src/seal/receipt.ts";
import { hashOf } from "../../../src/seal/segment.ts";
import { FakeClock } from "../../fixtures/clock.ts";
import { Told } from "../../fixtures/events.ts";
import { address, newJournal, platformKey, platformKeys, strangerKey } from "../../fixtures/feed.ts";
import { type HttpServer, startHttpServer } from "../../fixtures/http-server.ts";
import { ManualTimers } from "../../fixtures/timers.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]();
});

async function arrange(answer: HttpServer["answer"]) {
  const journal = newJournal();
  const { segment } = journal.commit('{"n":1}');
  const server = await startHttpServer(answer);
  const told = new Told<GatewayEvent>();
  const timers = new ManualTimers();
  const destination = await openHttpsDestination({
    name: "platform",
    journal,
    config: { url: server.url, gateway: address.gateway, platformKeys },
    observe: told.observe,
    deadLetters: await DeadLetters.open({ journal, clock: new FakeClock(), observe: told.observe }),
    timers,
    random: () => 0,
  });
  open.push(destination, server);
  const trouble = () => told.first((event) => event.type === "destination" && event.state !== "connected");
  const receipt = {
    gateway: address.gateway,
    epoch: 1,
    through: 1,
    head: hashOf(segment),
    exceptions: [],
    encodings: [0, 1],
  };
  return { journal, server, told, timers, destination, trouble, receipt };
}

describe("what a platform may answer to a segment (what is no answer: ../http/faults.test.ts)", () => {
  it.each([
    ["another key", "unknown-key", { key: strangerKey }],
    ["another gateway's", "foreign-gateway", { gateway: "ehpad-2" }],
    ["another epoch's", "foreign-epoch", { epoch: 2 }],
    ["another history's", "other-head", { head: new Uint8Array(32) }],
    ["beyond the journal's end", "unknown-point", { through: 9 }],
  ] as const)("a receipt with %s proves nothing, is counted and told", async (_what, fault, change) => {
    let body = new Uint8Array();
    const { journal, receipt, destination, trouble, told, timers } = await arrange((_asked, response) =>
      response.end(body),
    );
    const { key = platformKey, ...rest } = { key: undefined, ...change };
    await trouble();
    body = Uint8Array.from(sealReceipt({ ...receipt, ...rest }, key ?? platformKey));
    void timers.advance(1_000);
    await told.first((event) => event.type === "fault" && event.error.code === "DELIVERY_RECEIPT_IGNORED");
    expect(destination.status().ignoredReceipts).toEqual({ [fault]: 1 });
    expect(await journal.cursor("platform")).toBe(0);
  });

  it("packs plainly, at once, for a platform that says it knows no better", async () => {
    const { server, told, receipt } = await arrange((_asked, response) => {
      const isFirst = server.asked.length === 1;
      const plain = { ...receipt, encodings: [0], ...(isFirst && { through: 0, head: new Uint8Array(32) }) };
      response.end(Buffer.from(sealReceipt(plain, platformKey)));
    });
    await told.first((event) => event.type === "receipted");
    expect(server.asked.map(({ body }) => body[0])).toEqual([0x83, 0x82]);
  });
});
