/** What brokers do to the feed (issue 4 §11): each fault comes while readings are being taken. */
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Aedes } from "aedes";
import { afterEach, describe, expect, test } from "vitest";
import { freePort, hasMosquitto, type Mosquitto, startMosquitto } from "../fixtures/mosquitto.ts";
import { hurried, Line, type LineOptions } from "./delivery-line.ts";

const TIMEOUT = 60_000;

describe.skipIf(!hasMosquitto)("nothing is lost, doubled or out of order, and intake goes on (needs mosquitto)", () => {
  let broker: Mosquitto;
  let line: Line;
  afterEach(async () => {
    await line[Symbol.asyncDispose]();
    await broker[Symbol.asyncDispose]();
  });

  const open = async (options?: LineOptions, config: readonly string[] = []): Promise<void> => {
    broker = await startMosquitto({ config });
    line = await Line.open(broker.port, options);
  };

  test(
    "broker kill -9",
    async () => {
      await open();
      for (let kills = 0; kills < 3; kills += 1) {
        await line.take(20);
        await line.receipted();
        const taking = line.take(60);
        await broker.stop("SIGKILL");
        await taking;
        await broker.start();
      }
      await line.receipted();
      await line.judge("broker kill -9", 3);
    },
    TIMEOUT,
  );

  test(
    "broker frozen (SIGSTOP): noticed by the keepalive; it goes on (SIGCONT)",
    async () => {
      await open();
      await line.take(20);
      await line.receipted();
      broker.signal("SIGSTOP");
      await line.take(100);
      await line.told("DELIVERY_CONNECTION_LOST");
      await line.take(100);
      broker.signal("SIGCONT");
      await line.receipted();
      await line.judge("broker frozen (SIGSTOP)", 1);
    },
    TIMEOUT,
  );

  test(
    "broker restarted every second, six times",
    async () => {
      await open();
      let over = false;
      const storm = (async () => {
        for (let restarts = 0; restarts < 6; restarts += 1) {
          await pause(1_000); // the fault's own pace: nothing here waits for something to have happened
          await broker.stop("SIGTERM");
          await broker.start();
        }
        over = true;
      })();
      while (!over) await line.take(10);
      await storm;
      await line.receipted();
      await line.judge("broker restarted every second", 6);
    },
    TIMEOUT,
  );

  test(
    "Receive Maximum of 1",
    async () => {
      await open({}, ["max_inflight_messages 1"]);
      await line.take(200);
      await line.receipted();
      await line.judge("Receive Maximum of 1", 1);
    },
    TIMEOUT,
  );

  test(
    "a broker that drops what it has PUBACKed, because the receiver is slower than its queue is long",
    async () => {
      await open({ keepaliveSeconds: 30 }, ["max_queued_messages 5"]);
      const { sink, told } = line.platform;
      sink.before = () => pause(30); // a database that takes its time
      await line.take(5);
      await line.receipted();
      await line.take(150);
      await line.receipted();
      expect(told.count((event) => event.type === "early")).toBeGreaterThan(0);
      await line.judge("broker that drops what it has PUBACKed (queue full)", 1);
    },
    TIMEOUT,
  );

  test(
    "segments beyond the broker's packet size go in portions; one reading beyond it is put aside, and the rest passes",
    async () => {
      await open({}, ["max_packet_size 16384"]);
      await line.take(5);
      await line.receipted();
      await Promise.all(Array.from({ length: 150 }, () => line.take(1)));
      const large = await line.takeLarge(20_000);
      await line.take(5);
      await line.receipted();
      expect(line.gateway.deadLetters.list()).toMatchObject([{ seq: large, code: "too-big" }]);
      expect(line.platform.told.count((event) => event.type === "portion")).toBeGreaterThan(0);
      await line.judge("segments and a reading beyond the broker's packet size", 1, [large]);
    },
    TIMEOUT,
  );

  test(
    "rights withdrawn (0x87): suspended and said; granted again, it goes on by itself",
    async () => {
      broker = await startMosquitto();
      const acl = join(broker.folder, "acl");
      const allow = (right: "write" | "deny") =>
        writeFile(acl, `topic readwrite #\n\nuser gateway\ntopic read #\ntopic ${right} vigie/#\n`, { mode: 0o600 });
      await allow("write");
      await broker.configure([`acl_file ${acl}`]);
      await broker.stop();
      await broker.start();
      line = await Line.open(broker.port, { timers: hurried, config: { username: "gateway" } });
      await line.take(10);
      await line.receipted();
      await allow("deny");
      broker.signal("SIGHUP");
      await line.take(20);
      expect(await line.told("DELIVERY_NOT_AUTHORISED")).toMatchObject({ state: "suspended" });
      await allow("write");
      broker.signal("SIGHUP");
      await line.receipted();
      await line.judge("rights withdrawn (0x87), granted again", 1);
    },
    TIMEOUT,
  );
});

test(
  "a broker that takes everything and forwards nothing moves no cursor, and is said",
  async () => {
    let forwards = false;
    const aedes = await Aedes.createBroker({ authorizeForward: (_client, packet) => (forwards ? packet : null) });
    const server = createServer({ noDelay: true }, (socket) => void aedes.handle(socket));
    const port = await freePort();
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    const line = await Line.open(port, { version: "3.1.1", config: { receiptTimeoutMs: 500 } });
    await line.take(30);
    await line.told("DELIVERY_NO_RECEIPT");
    expect(await line.journal.cursor("platform")).toBe(0);
    forwards = true;
    await line.receipted();
    await line.judge("broker that PUBACKs and never forwards", 1);
    await line[Symbol.asyncDispose]();
    await new Promise<void>((resolve) => aedes.close(resolve));
    server.close();
  },
  TIMEOUT,
);
