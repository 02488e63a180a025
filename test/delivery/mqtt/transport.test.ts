import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MqttConnectOptions, MqttHandlers, MqttSession } from "../../../src/delivery/mqtt/port.ts";
import { connectMqtt } from "../../../src/delivery/mqtt/transport.ts";
import type { VigieError } from "../../../src/errors/error.ts";
import { startAedes } from "../../fixtures/aedes.ts";
import { Told } from "../../fixtures/events.ts";
import { freePort, hasMosquitto, type Mosquitto, startMosquitto } from "../../fixtures/mosquitto.ts";

const brokers = [
  { name: "Mosquitto, MQTT 5", version: "5", start: () => startMosquitto(), missing: !hasMosquitto },
  { name: "aedes, MQTT 3.1.1", version: "3.1.1", start: () => startAedes(), missing: false },
] as const;

class Ear implements MqttHandlers {
  readonly messages = new Told<string>();
  readonly ends = new Told<VigieError>();
  message: MqttHandlers["message"] = (_topic, payload) => this.messages.observe(Buffer.from(payload).toString());
  closed = (reason: VigieError): void => this.ends.observe(reason);
}

for (const { name, version, start, missing } of brokers) {
  describe.skipIf(missing)(`the MQTT transport with ${name}`, () => {
    let broker: Awaited<ReturnType<typeof start>>;
    let clients = 0;
    const open = (ear: MqttHandlers, more: Partial<MqttConnectOptions> = {}): Promise<MqttSession> => {
      clients += 1;
      return connectMqtt({ url: broker.url, version, clientId: `client-${clients}`, ...more }, ear);
    };
    beforeAll(async () => {
      broker = await start();
    });
    afterAll(() => broker?.[Symbol.asyncDispose]());

    it("carries bytes from a publisher to a subscriber, and says that the broker has them", async () => {
      const ear = new Ear();
      const listening = await open(ear);
      await listening.subscribe("a/+");
      const speaking = await open(new Ear());
      expect(await speaking.publish("a/b", Buffer.from("hello"))).toBe(0);
      await ear.messages.first((text) => text === "hello");
      await speaking.end();
      await listening.end();
    });

    it("gives messages one at a time, in order, however long each takes", async () => {
      const ear = new Ear();
      let running = 0;
      ear.message = async (_topic, payload) => {
        running += 1;
        expect(running).toBe(1);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        ear.messages.observe(Buffer.from(payload).toString());
      };
      const listening = await open(ear);
      await listening.subscribe("order");
      const speaking = await open(new Ear());
      await Promise.all(Array.from({ length: 15 }, (_, i) => speaking.publish("order", Buffer.from(`${i}`))));
      await ear.messages.first((text) => text === "14");
      expect(ear.messages.all).toEqual(Array.from({ length: 15 }, (_, i) => `${i}`));
      await speaking.end();
      await listening.end();
    });

    it("says nothing of an end that it was asked for", async () => {
      const ear = new Ear();
      const session = await open(ear);
      await session.end();
      expect(ear.ends.all).toEqual([]);
      await expect(session.publish("a", new Uint8Array())).rejects.toMatchObject({ code: "DELIVERY_CONNECTION_LOST" });
    });

    it("says that nobody is there, where nobody is", async () => {
      const url = `mqtt://localhost:${await freePort()}`;
      await expect(open(new Ear(), { url })).rejects.toMatchObject({ code: "DELIVERY_UNREACHABLE" });
    });

    it("gives up an attempt when told to", async () => {
      const stop = new AbortController();
      // 192.0.2.0/24 is nobody's (RFC 5737); here a listener that never answers stands in for it.
      const { createServer } = await import("node:net");
      const mute = createServer().listen(0, "127.0.0.1");
      await new Promise((resolve) => mute.once("listening", resolve));
      const mutePort = mute.address();
      const url = `mqtt://127.0.0.1:${typeof mutePort === "object" ? mutePort?.port : 0}`;
      const attempt = connectMqtt({ url, version, clientId: "hasty" }, new Ear(), stop.signal);
      mute.once("connection", () => stop.abort());
      await expect(attempt).rejects.toMatchObject({ code: "DELIVERY_UNREACHABLE" });
      mute.close();
    });

    it("ends every publish and subscription without an answer when the broker dies", async () => {
      const ear = new Ear();
      const session = await open(ear);
      const publishes = Array.from({ length: 5 }, () => session.publish("a", Buffer.alloc(100_000)));
      const settled = Promise.allSettled(publishes);
      await broker.stop();
      await ear.ends.first(() => true);
      for (const result of await settled)
        if (result.status === "rejected") expect(result.reason.code).toMatch(/^DELIVERY_/);
      await broker.start();
    });
  });
}

describe.skipIf(!hasMosquitto)("the MQTT transport with what only MQTT 5 tells", () => {
  const open = (broker: Mosquitto, more: Partial<MqttConnectOptions> = {}, ear: MqttHandlers = new Ear()) =>
    connectMqtt({ url: broker.url, version: "5", clientId: "five", ...more }, ear);

  it("tells that nobody subscribed", async () => {
    await using broker = await startMosquitto();
    const session = await open(broker);
    expect(await session.publish("nobody/listens", new Uint8Array())).toBe(0x10);
    await session.end();
  });

  it("tells what the broker takes at once, and at most", async () => {
    await using broker = await startMosquitto({
      config: ["max_packet_size 5000"],
      listener: ["max_inflight_messages 7"],
    });
    const session = await open(broker);
    expect(session.limits.maximumPacketSize).toBe(5_000);
    await session.end();
  });

  it("tells a refused publish from a delivered one", async () => {
    await using broker = await startMosquitto();
    const { writeFile } = await import("node:fs/promises");
    await writeFile(`${broker.folder}/acl`, "topic read #\n", { mode: 0o700 });
    await broker.stop();
    await using guarded = await startMosquitto({ config: [`acl_file ${broker.folder}/acl`] });
    const session = await open(guarded);
    expect(await session.publish("forbidden", new Uint8Array())).toBe(0x87);
    await session.end();
  });

  it("notices a frozen broker within 1.5 keepalives", async () => {
    await using broker = await startMosquitto();
    const ear = new Ear();
    const session = await open(broker, { keepaliveSeconds: 1 }, ear);
    broker.signal("SIGSTOP");
    const since = performance.now();
    await ear.ends.first(() => true);
    expect(performance.now() - since).toBeLessThan(2_500);
    await session.end();
  });

  it("keeps what it could not handle on the broker, for the next connection of the session", async () => {
    await using broker = await startMosquitto();
    const ear = new Ear();
    ear.message = () => Promise.reject(new Error("not now"));
    const session = await open(broker, { sessionExpirySeconds: 60 }, ear);
    await session.subscribe("kept");
    const speaking = await open(broker, { clientId: "speaker" });
    await speaking.publish("kept", Buffer.from("come back"));
    await session.end();
    const better = new Ear();
    const again = await open(broker, { sessionExpirySeconds: 60 }, better);
    await better.messages.first((text) => text === "come back");
    await again.end();
    await speaking.end();
  });
});
