/** What networks and brokers do to the feed. The oracle is always the same: everything arrives, once, in order. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectMqtt } from "../../src/delivery/mqtt/transport.ts";
import { type Gateway, newJournal, openGateway, openPlatform, type Platform } from "../fixtures/feed.ts";
import type { MemoryJournal } from "../fixtures/memory-journal.ts";
import { hasMosquitto, type Mosquitto, startMosquitto } from "../fixtures/mosquitto.ts";
import { type FaultyLink, startProxy } from "../fixtures/proxy.ts";

describe.skipIf(!hasMosquitto)("the feed under faults", () => {
  let broker: Mosquitto;
  let proxy: FaultyLink;
  let platform: Platform;
  let journal: MemoryJournal;
  let gateway: Gateway;

  beforeEach(async () => {
    broker = await startMosquitto();
    proxy = await startProxy(broker.port);
    platform = openPlatform(broker.url, "5");
    await platform.feed.ready;
    journal = newJournal();
  });
  afterEach(async () => {
    await gateway.destination[Symbol.asyncDispose]();
    await platform.feed[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await broker[Symbol.asyncDispose]();
  });

  const commit = (count: number): void => {
    for (let i = 0; i < count; i += 1) journal.commit(`${journal.lastSeq + 1}`);
  };
  const open = async (): Promise<void> => {
    gateway = await openGateway(
      journal,
      { url: `mqtt://localhost:${proxy.port}`, version: "5", window: 10, receiptTimeoutMs: 2_000, spreadMs: 50 },
      { connect: (options, handlers, stop) => connectMqtt({ ...options, keepaliveSeconds: 1 }, handlers, stop) },
    );
  };
  const everythingArrived = async (): Promise<void> => {
    await gateway.receipted(journal.lastSeq);
    expect(platform.sink.bodies).toEqual(Array.from({ length: journal.lastSeq }, (_, i) => `${i + 1}`));
  };

  it.each(["fin", "reset"] as const)("the link is cut with a %s, again and again", async (how) => {
    await open();
    for (let round = 1; round <= 5; round += 1) {
      commit(20);
      await gateway.receipted(20 * round - 15);
      proxy.cut(how);
    }
    await everythingArrived();
  });

  it("the link is half-open: nothing arrives, and nobody is told", async () => {
    await open();
    commit(20);
    await gateway.receipted(20);
    proxy.swallow = true;
    commit(20);
    await gateway.told.first((event) => event.type === "destination" && event.state === "waiting");
    proxy.swallow = false;
    await everythingArrived();
  });

  it("a round trip takes two seconds", async () => {
    proxy.delay = 1_000;
    gateway = await openGateway(journal, { url: `mqtt://localhost:${proxy.port}`, version: "5" });
    commit(50);
    const startedAt = performance.now();
    await everythingArrived();
    // One round trip to connect; then Mosquitto takes 20 at once (its Receive Maximum): three for fifty. 4 × 2 s.
    expect(performance.now() - startedAt).toBeLessThan(9_500);
  });

  it("connections are reset as soon as they are made, for a while", async () => {
    proxy.refuse = true;
    await open();
    commit(10);
    await gateway.told.first(() => proxy.connections >= 2);
    proxy.refuse = false;
    await everythingArrived();
  });

  it("the broker freezes, and comes back", async () => {
    await open();
    commit(20);
    await gateway.receipted(20);
    broker.signal("SIGSTOP");
    commit(20);
    await gateway.told.first((event) => event.type === "destination" && event.state === "waiting");
    broker.signal("SIGCONT");
    await everythingArrived();
  });

  it("the broker is killed and started every second", async () => {
    await open();
    for (let round = 0; round < 4; round += 1) {
      commit(25);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await broker.stop();
      await broker.start();
    }
    await everythingArrived();
  });
});
