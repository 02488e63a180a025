import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { receiptsTopic, segmentsTopic } from "../../../src/delivery/mqtt/topics.ts";
import { connectMqtt } from "../../../src/delivery/mqtt/transport.ts";
import { sealReceipt } from "../../../src/seal/receipt.ts";
import { RecordKind } from "../../../src/seal/record.ts";
import { hashOf } from "../../../src/seal/segment.ts";
import { startAedes } from "../../fixtures/aedes.ts";
import {
  address,
  gatewayKey,
  KeepingSink,
  newJournal,
  openGateway,
  openPlatform,
  platformKey,
  strangerKey,
} from "../../fixtures/feed.ts";
import { hasMosquitto, startMosquitto } from "../../fixtures/mosquitto.ts";

interface Broker extends AsyncDisposable {
  readonly url: string;
  stop(): Promise<void>;
  start(): Promise<void>;
}

const brokers = [
  { name: "Mosquitto, MQTT 5", version: "5", start: (): Promise<Broker> => startMosquitto(), missing: !hasMosquitto },
  { name: "aedes, MQTT 3.1.1", version: "3.1.1", start: (): Promise<Broker> => startAedes(), missing: false },
] as const;

for (const { name, version, start, missing } of brokers) {
  describe.skipIf(missing)(`the feed over ${name}`, () => {
    let broker: Broker;
    beforeAll(async () => {
      broker = await start();
    });
    afterAll(() => broker?.[Symbol.asyncDispose]());

    it("hands over everything once, in order, and moves the cursor to the end", async () => {
      const journal = newJournal();
      for (let i = 1; i <= 200; i += 1) journal.commit(`{"n":${i}}`);
      const platform = openPlatform(broker.url, version);
      await using _feed = platform.feed;
      await platform.feed.ready;
      const gateway = await openGateway(journal, { url: broker.url, version });
      await using _destination = gateway.destination;
      await gateway.receipted(200);
      expect(platform.sink.bodies).toEqual(Array.from({ length: 200 }, (_, i) => `{"n":${i + 1}}`));
      expect(await journal.cursor("platform")).toBe(200);
    });

    it("sends a new commit at once", async () => {
      const journal = newJournal();
      const platform = openPlatform(broker.url, version);
      await using _feed = platform.feed;
      await platform.feed.ready;
      const gateway = await openGateway(journal, { url: broker.url, version });
      await using _destination = gateway.destination;
      await gateway.told.first((event) => event.type === "destination" && event.state === "connected");
      const committedAt = performance.now();
      journal.commit("{}");
      await gateway.receipted(1);
      expect(performance.now() - committedAt).toBeLessThan(500);
    });

    it("loses nothing and doubles nothing when the broker goes away in the middle", async () => {
      const journal = newJournal();
      const platform = openPlatform(broker.url, version);
      await using _feed = platform.feed;
      await platform.feed.ready;
      const gateway = await openGateway(journal, { url: broker.url, version, receiptTimeoutMs: 1_500, window: 5 });
      await using _destination = gateway.destination;
      for (let i = 1; i <= 300; i += 1) journal.commit(`${i}`);
      await gateway.receipted(50);
      await broker.stop();
      for (let i = 301; i <= 400; i += 1) journal.commit(`${i}`);
      await broker.start();
      await gateway.receipted(400);
      expect(platform.sink.bodies).toEqual(Array.from({ length: 400 }, (_, i) => `${i + 1}`));
    });

    it("moves nothing on the broker's word alone, and sends again", async () => {
      const journal = newJournal();
      journal.commit("1");
      // Somebody takes the segments, so that the broker has no reason to say that nobody is there.
      const seen: Uint8Array[] = [];
      const silent = await connectMqtt(
        { url: broker.url, version, clientId: "silent" },
        { message: (_topic, payload) => void seen.push(payload), closed: () => {} },
      );
      await silent.subscribe(segmentsTopic(address));
      const gateway = await openGateway(journal, { url: broker.url, version, receiptTimeoutMs: 100 });
      await using _destination = gateway.destination;
      const event = await gateway.told.first((e) => e.type === "destination" && e.state === "waiting");
      expect(event).toMatchObject({ error: { code: "DELIVERY_NO_RECEIPT" } });
      expect(await journal.cursor("platform")).toBe(0);
      const platform = openPlatform(broker.url, version);
      await using _feed = platform.feed;
      await gateway.receipted(1);
      expect(seen.length).toBeGreaterThanOrEqual(2);
      await silent.end();
    });

    it("ignores, counts and reports receipts that prove nothing", async () => {
      const journal = newJournal();
      const [first, second] = [journal.commit("1"), journal.commit("2")];
      const rogue = await connectMqtt({ url: broker.url, version, clientId: "rogue" }, { message() {}, closed() {} });
      await rogue.subscribe(segmentsTopic(address));
      const gateway = await openGateway(journal, { url: broker.url, version });
      await using _destination = gateway.destination;
      await gateway.told.first((event) => event.type === "delivered" && event.lastSeq === 2);

      const honest = {
        gateway: address.gateway,
        epoch: 1,
        through: 2,
        head: hashOf(second.segment),
        exceptions: [],
        encodings: [0, 1],
      };
      const good = sealReceipt(honest, platformKey);
      const forgeries = [
        ["malformed", Uint8Array.of(0x81, 0x00)],
        ["unknown-key", sealReceipt(honest, strangerKey)],
        ["unknown-key", sealReceipt(honest, gatewayKey)],
        ["bad-signature", good.with(good.length - 70, (good[good.length - 70] ?? 0) ^ 1)],
        ["foreign-gateway", sealReceipt({ ...honest, gateway: "ehpad-2" }, platformKey)],
        ["foreign-epoch", sealReceipt({ ...honest, epoch: 2 }, platformKey)],
        ["unknown-point", sealReceipt({ ...honest, through: 3 }, platformKey)],
        ["other-head", sealReceipt({ ...honest, head: hashOf(first.segment) }, platformKey)],
      ] as const;
      const ignored = (count: number) =>
        gateway.told.first(
          () => gateway.told.count((e) => e.type === "fault" && e.error.code === "DELIVERY_RECEIPT_IGNORED") >= count,
        );
      for (const [, bytes] of forgeries) await rogue.publish(receiptsTopic(address), bytes);
      await ignored(forgeries.length);
      expect(await journal.cursor("platform")).toBe(0);
      const counted: Record<string, number> = {};
      for (const [fault] of forgeries) counted[fault] = (counted[fault] ?? 0) + 1;
      expect(gateway.destination.status().ignoredReceipts).toEqual(counted);

      await rogue.publish(receiptsTopic(address), good);
      await gateway.receipted(2);
      const older = sealReceipt({ ...honest, through: 1, head: hashOf(first.segment) }, platformKey);
      await rogue.publish(receiptsTopic(address), older);
      await ignored(forgeries.length + 1);
      expect(gateway.destination.status()).toMatchObject({ confirmed: 2, ignoredReceipts: { replayed: 1 } });
      await rogue.end();
    });

    it("hands a record over once when the platform took it and its receipt got lost", async () => {
      const journal = newJournal();
      for (let i = 1; i <= 20; i += 1) journal.commit(`${i}`);
      const sink = new KeepingSink();
      const before = openPlatform(broker.url, version, { sink });
      await before.feed.ready;
      // The receipts go to a gateway that is not this one's: as good as lost.
      const deaf = await openGateway(
        journal,
        { url: broker.url, version, receiptTimeoutMs: 60_000, window: 20 },
        {
          connect: async (options, handlers, stop) => {
            const session = await connectMqtt(options, { ...handlers, message() {} }, stop);
            return session;
          },
        },
      );
      await before.told.first((event) => event.type === "receipted" && event.through === 20);
      expect(await journal.cursor("platform")).toBe(0);
      await deaf.destination[Symbol.asyncDispose]();
      const gateway = await openGateway(journal, { url: broker.url, version });
      await using _destination = gateway.destination;
      await gateway.receipted(20);
      await before.feed[Symbol.asyncDispose]();
      expect(sink.bodies).toEqual(Array.from({ length: 20 }, (_, i) => `${i + 1}`));
      expect(before.told.count((event) => event.type === "repeat")).toBeGreaterThan(0);
    });

    it("lets no quarantined body out, and the chain still verifies", async () => {
      const journal = newJournal();
      journal.commit("1", { kind: RecordKind.quarantine, body: "nobody's" }, "3");
      const platform = openPlatform(broker.url, version);
      await using _feed = platform.feed;
      await platform.feed.ready;
      const gateway = await openGateway(journal, { url: broker.url, version });
      await using _destination = gateway.destination;
      await gateway.receipted(3);
      expect(platform.sink.bodies).toEqual(["1", "3"]);
      expect(platform.told.all).toContainEqual(expect.objectContaining({ type: "held", withheld: 1, handed: 2 }));
    });

    it("puts aside what the platform refuses, tells it to the platform, and delivers it when asked to", async () => {
      const journal = newJournal();
      journal.commit("1", "2", "3");
      const platform = openPlatform(broker.url, version);
      await using _feed = platform.feed;
      await platform.feed.ready;
      platform.sink.refuse = ({ seq }) => (seq === 2 ? "no such person" : undefined);
      const gateway = await openGateway(journal, { url: broker.url, version }, { letters: journal });
      await using _destination = gateway.destination;
      // The fourth record is the event that tells of it.
      await gateway.receipted(4);
      expect(gateway.deadLetters.list()).toMatchObject([{ seq: 2, code: "refused", words: "no such person" }]);
      platform.sink.refuse = () => undefined;
      const audit = { kind: RecordKind.audit, id: new Uint8Array(16), body: Buffer.from("{}") };
      expect(await gateway.deadLetters.sendAgain("platform", [2], audit)).toBe(1);
      // The audit record is the fifth, and the event that it was taken the sixth.
      await gateway.receipted(6);
      expect(platform.sink.bodies.filter((body) => body.length === 1).sort()).toEqual(["1", "2", "3"]);
      expect(gateway.deadLetters.list()).toEqual([]);
    });

    it("sends everything again to a platform that lost its state, once that says so twice", async () => {
      const journal = newJournal();
      for (let n = 1; n <= 20; n += 1) journal.commit(`${n}`);
      const before = openPlatform(broker.url, version);
      await before.feed.ready;
      const gateway = await openGateway(journal, { url: broker.url, version });
      await using _destination = gateway.destination;
      await gateway.receipted(20);
      await before.feed[Symbol.asyncDispose]();
      const restored = openPlatform(broker.url, version);
      await using _feed = restored.feed;
      await restored.feed.ready;
      journal.commit("21");
      await gateway.receipted(21);
      expect(restored.sink.bodies).toEqual(Array.from({ length: 21 }, (_, n) => `${n + 1}`));
      const faults = gateway.told.all.flatMap((event) => (event.type === "fault" ? [event.error.code] : []));
      expect(faults).toEqual(["DELIVERY_PLATFORM_LOST_STATE"]);
    });

    it("gives no receipt for what a sink could not take, and delivers it when it can", async () => {
      const journal = newJournal();
      journal.commit("1");
      const sink = new KeepingSink();
      let failures = 0;
      sink.before = () => {
        failures += 1;
        if (failures === 1) throw new Error("the database is away");
      };
      const platform = openPlatform(broker.url, version, { sink });
      await using _feed = platform.feed;
      await platform.feed.ready;
      const gateway = await openGateway(journal, { url: broker.url, version, receiptTimeoutMs: 500 });
      await using _destination = gateway.destination;
      await platform.told.first((event) => event.type === "failed");
      expect(await journal.cursor("platform")).toBe(0);
      await gateway.receipted(1);
      expect(sink.bodies).toEqual(["1"]);
    });
  });
}
