/** What networks do to the feed (issue 4 §11): each fault comes while readings are being taken. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { errors } from "../../src/journal/errors.ts";
import { strangerKey } from "../fixtures/feed.ts";
import { hasMosquitto, type Mosquitto, startMosquitto } from "../fixtures/mosquitto.ts";
import { Line, type LineOptions, openTestPlatform } from "./delivery-line.ts";
import { randomFrom, seed } from "./random.ts";

const TIMEOUT = 60_000;

describe.skipIf(!hasMosquitto)("nothing is lost, doubled or out of order, and intake goes on (needs mosquitto)", () => {
  let broker: Mosquitto;
  let line: Line;
  beforeEach(async () => {
    broker = await startMosquitto();
  });
  afterEach(async () => {
    await line[Symbol.asyncDispose]();
    await broker[Symbol.asyncDispose]();
  });
  const open = async (options?: LineOptions): Promise<void> => {
    line = await Line.open(broker.port, options);
  };

  const cutting = async (how: "fin" | "reset"): Promise<void> => {
    await open();
    for (let cuts = 0; cuts < 10; cuts += 1) {
      await line.take(15);
      await line.receipted();
      const taking = line.take(30);
      line.proxy.cut(how);
      await taking;
    }
    await line.receipted();
    expect(line.proxy.connections).toBeGreaterThan(10);
    await line.judge(`link cut (${how === "fin" ? "FIN" : "RST"})`, 10);
  };
  test("link cut with a FIN", () => cutting("fin"), TIMEOUT);
  test("link cut with a RST", () => cutting("reset"), TIMEOUT);

  test(
    "link reset wherever it is in a packet",
    async () => {
      await open();
      const random = randomFrom(seed);
      for (let resets = 0; resets < 20; resets += 1) {
        await line.take(2);
        await line.receipted();
        line.proxy.resetAt = line.proxy.up + 1 + random.below(8_000);
        await line.take(20);
      }
      line.proxy.resetAt = Number.POSITIVE_INFINITY;
      await line.receipted();
      await line.judge("link reset in the middle of a packet", 20);
    },
    TIMEOUT,
  );

  test(
    "connections reset as soon as they are made, for a while",
    async () => {
      await open();
      await line.take(5);
      await line.receipted();
      const before = line.proxy.connections;
      line.proxy.refuse = true;
      line.proxy.cut("reset");
      await line.take(30);
      await line.gateway.told.first(() => line.proxy.connections >= before + 3);
      line.proxy.refuse = false;
      await line.receipted();
      await line.judge("connections reset as soon as they are made", 1);
    },
    TIMEOUT,
  );

  test(
    "half-open link: noticed by the keepalive",
    async () => {
      await open();
      await line.take(20);
      await line.receipted();
      line.proxy.swallow = true;
      await line.take(100);
      await line.told("DELIVERY_CONNECTION_LOST");
      line.proxy.swallow = false;
      line.proxy.cut();
      await line.receipted();
      await line.judge("half-open link", 1);
    },
    TIMEOUT,
  );

  test(
    "reset between PUBLISH and PUBACK",
    async () => {
      await open();
      for (let resets = 0; resets < 5; resets += 1) {
        await line.take(5);
        await line.receipted();
        line.proxy.swallowAnswers = true;
        await line.take(5);
        const through = line.journal.lastSeq;
        await line.platform.told.first((event) => event.type === "receipted" && event.through === through);
        expect(await line.journal.cursor("platform")).toBeLessThan(through);
        line.proxy.cut("reset");
        line.proxy.swallowAnswers = false;
      }
      await line.receipted();
      await line.judge("reset between PUBLISH and PUBACK", 5);
    },
    TIMEOUT,
  );

  test(
    "restart between receipt and cursor: what the disk did not note is sent again, and known already",
    async () => {
      await open();
      await line.take(5);
      await line.receipted();
      line.cursorFails = errors.JOURNAL_FULL();
      await line.take(30);
      const { told } = line.gateway;
      await told.first((event) => event.type === "fault" && event.error.code === "DELIVERY_CURSOR_NOT_WRITTEN");
      await line.platform.told.first((event) => event.type === "receipted" && event.through === 35);
      line.proxy.cut("reset");
      await line.restart();
      expect(await line.journal.cursor("platform")).toBe(5);
      line.cursorFails = undefined;
      await line.take(5);
      await line.receipted();
      await line.judge("restart between receipt and cursor", 1);
    },
    TIMEOUT,
  );

  test(
    "round trip of 2 s",
    async () => {
      await open({ keepaliveSeconds: 30 });
      line.proxy.delay = 1_000;
      await line.take(60);
      await line.receipted();
      expect(line.proxy.connections).toBe(1);
      await line.judge("round trip of 2 s", 1);
    },
    TIMEOUT,
  );

  test(
    "link of 20 kB a second",
    async () => {
      await open({ keepaliveSeconds: 30 });
      line.proxy.bytesPerSecond = 20_000;
      await line.take(150);
      await line.receipted();
      await line.judge("link of 20 kB a second", 1);
    },
    TIMEOUT,
  );

  test(
    "a name that leads to somebody else's broker: its receipts move nothing",
    async () => {
      await open();
      await line.take(10);
      await line.receipted();
      await using liar = await startMosquitto();
      const impostor = openTestPlatform(liar.url, "5", { signsWith: strangerKey });
      await using _feed = impostor.feed;
      await impostor.feed.ready;
      line.proxy.target = liar.port;
      line.proxy.cut();
      await line.take(20);
      const { told, destination } = line.gateway;
      await told.first((event) => event.type === "fault" && event.error.code === "DELIVERY_RECEIPT_IGNORED");
      expect(destination.status().ignoredReceipts["unknown-key"]).toBeGreaterThan(0);
      expect(await line.journal.cursor("platform")).toBe(10);
      line.proxy.target = broker.port;
      line.proxy.cut();
      await line.receipted();
      await line.judge("DNS lies: a receiver with another key", 1);
    },
    TIMEOUT,
  );
});
