/** Delivery at scale (issue 4, Speed): a long outage's backlog, the everyday pace, several receivers, thousands of gateways. */
import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt from "mqtt";
import { DeadLetters } from "../../src/delivery/dead-letters.ts";
import { openMqttDestination } from "../../src/delivery/mqtt/destination.ts";
import type { MqttConnect, MqttHandlers, TlsMaterial } from "../../src/delivery/mqtt/port.ts";
import { connectMqtt } from "../../src/delivery/mqtt/transport.ts";
import type { GatewayEvent } from "../../src/events.ts";
import { openJournal } from "../../src/journal/open.ts";
import type { Draft, Journal, JournalReader } from "../../src/journal/port.ts";
import { Encoding } from "../../src/seal/encoding.ts";
import { openHolding } from "../../src/seal/holding.ts";
import { keyRing, type SigningKey, signingKey, verifyingKey } from "../../src/seal/key.ts";
import { encodeMessage } from "../../src/seal/message.ts";
import { hasMosquitto, type Mosquitto, startMosquitto } from "../../test/fixtures/mosquitto.ts";
import { hasOpenssl, Pki } from "../../test/fixtures/pki.ts";
import { hasPostgres, startPostgres } from "../../test/fixtures/postgres.ts";
import { clock, GATEWAY, PLATFORM_SEED } from "./feed.ts";
import { intakeOf, reading, together } from "./line.ts";
import type { Receiving } from "./receiving.ts";
import { quantile, type Row, seconds } from "./report.ts";
import { type Contents, SealedJournal } from "./sealed-journal.ts";

const STORED = 100_000;
/** What the configuration gives by default (src/config/broker.ts), and what Mosquitto takes at once. */
const WINDOW = 8;
const MQTT_WINDOW = 20;
const FULL_SEGMENT = 256;
/**
 * By default Mosquitto keeps 1 000 messages for a subscriber and drops the next ones, which it has PUBACKed: a gateway then
 * finds out after its receipt timeout, and what is measured is that timeout.
 */
const UNBOUNDED = ["max_queued_messages 0"];

export async function delivery(): Promise<readonly Row[]> {
  if (!hasMosquitto) return skipped("mosquitto");
  return [
    ...(hasOpenssl ? await overMutualTls() : skipped("openssl")),
    ...(hasPostgres ? await sharedReceivers() : skipped("postgresql")),
    ...(await manyGateways(2_000)),
  ];
}

function skipped(missing: string): readonly Row[] {
  process.stderr.write(`skipped: there is no ${missing} here\n`);
  return [];
}

/** The drain of a backlog, then 200 readings a second: real journal, real bundles, one receiver in a process of its own. */
async function overMutualTls(): Promise<readonly Row[]> {
  using pki = new Pki();
  const server = pki.issue("localhost", { usage: "serverAuth", names: ["DNS:localhost"] });
  await using broker = await startMosquitto({
    scheme: "mqtts",
    listener: [
      `cafile ${pki.caPath}`,
      `certfile ${server.certPath}`,
      `keyfile ${server.keyPath}`,
      "require_certificate true",
    ],
  });
  const credentials = (name: string): TlsMaterial => {
    const { cert, key } = pki.issue(name);
    return { ca: pki.ca, cert, key };
  };
  const folder = await mkdtemp(join(tmpdir(), "vigie-bench-"));
  const key = signingKey(new Uint8Array(32).fill(1));
  const journal = await openJournal({ folder, gateway: GATEWAY, boxKey: new Uint8Array(32), signingKey: key, clock });
  const intake = intakeOf(journal);
  await together(STORED, async (n) => void (await intake.take(reading(n))));
  const config = { url: broker.url, version: "5", clientId: "platform", tls: credentials("platform") } as const;
  const platform = await startReceiver({ config, gateways: { [GATEWAY]: hex(key.publicKey) } });

  const tls = credentials(GATEWAY);
  let began = seconds();
  await using destination = await deliver(journal, { broker, gateway: GATEWAY, tls });
  await destination.receipted(STORED);
  const drain = STORED / (seconds() - began);

  const receipted: number[] = [];
  const pending: Promise<void>[] = [];
  began = seconds();
  for (let n = 0; n < 1_000; n += 1) {
    const due = began + n / 200;
    while (seconds() < due) await new Promise((resolve) => setTimeout(resolve, Math.max(0, (due - seconds()) * 1_000)));
    const arrived = seconds();
    const take = async () => {
      await intake.take(reading(STORED + n));
      await destination.receipted(STORED + n + 1);
      receipted.push((seconds() - arrived) * 1_000);
    };
    pending.push(take());
  }
  await Promise.all(pending);

  const messages: Uint8Array[] = [];
  for (let next = 1; next <= STORED; ) {
    for (const segment of await journal.segments(next, 4_096)) {
      messages.push(encodeMessage(segment, Encoding.compact));
      next = segment.lastSeq + 1;
    }
  }
  const bytes = messages.reduce((sum, message) => sum + message.length, 0);
  const alone = await mqttAlone(broker, tls, messages);
  const share = Buffer.alloc(Math.ceil(bytes / STORED), 7);
  const oneByOne = await mqttAlone(
    broker,
    tls,
    Array.from({ length: STORED }, () => share),
  );
  await destination[Symbol.asyncDispose]();
  const fresh = await freshDuringDrain(journal, { broker, gateway: GATEWAY, tls });
  await stop(platform);
  await journal.close();
  await rm(folder, { recursive: true });
  return [
    {
      what: "drain of 100 000 stored readings, mutual TLS, one receiver, FHIR bundles deflated",
      value: drain,
      unit: "readings/s",
      ratio: `${(drain / oneByOne).toFixed(2)} × mqtt.js, a message a reading`,
      wanted: "≥ 8 000/s, ≥ 0.5 × mqtt.js",
      note: `${Math.round(bytes / STORED)} bytes a reading in ${messages.length} segments`,
    },
    {
      what: "mqtt.js alone, the same bytes, a message a reading, nobody receiving",
      value: oneByOne,
      unit: "messages/s",
      ratio: "1",
    },
    {
      what: "mqtt.js alone, the same segments, nobody receiving",
      value: (alone * STORED) / messages.length,
      unit: "readings/s",
    },
    { what: "200 readings/s, mutual TLS: bytes to receipt, p50", value: quantile(receipted, 0.5), unit: "ms" },
    { what: "200 readings/s, mutual TLS: bytes to receipt, p99", value: quantile(receipted, 0.99), unit: "ms" },
    {
      what: "fresh measures while a backlog of 50 000 drains: taken to held by the platform, p50",
      value: quantile(fresh, 0.5),
      unit: "ms",
      note: `${fresh.length} measures of 50 devices, 50 a second`,
    },
    { what: "the same, p99", value: quantile(fresh, 0.99), unit: "ms", wanted: "< 1 000" },
  ];
}

/** A second outage: 50 devices left a backlog, 50 others go on measuring while it drains. @returns how long each of theirs took, ms */
async function freshDuringDrain(journal: Journal, to: Parameters<typeof deliver>[1]): Promise<readonly number[]> {
  const STORED_AGAIN = 50_000;
  const measures = await bundles(STORED_AGAIN + 10_000);
  const take = async (n: number, device: string): Promise<number> => {
    const measure = measures[n];
    if (measure === undefined) throw new RangeError(`the backlog outlasts ${measures.length} measures`);
    return (await journal.append({ ...measure, id: randomBytes(16), device })).seq;
  };
  await together(STORED_AGAIN, async (n) => void (await take(n, `away-${n % 50}`)));
  const backlog = journal.lastSeq;
  await using destination = await deliver(journal, to);
  const waits: Promise<number>[] = [];
  let isDrained = false;
  const drained = destination.receipted(backlog).then(() => {
    isDrained = true;
  });
  const began = seconds();
  for (let n = 0; !isDrained; n += 1) {
    const due = began + n / 50;
    while (seconds() < due) await new Promise((resolve) => setTimeout(resolve, Math.max(0, (due - seconds()) * 1_000)));
    const wait = async (): Promise<number> => {
      const taken = seconds();
      const seq = await take(STORED_AGAIN + n, `here-${n % 50}`);
      await Promise.race([destination.held(seq), destination.receipted(seq)]);
      return (seconds() - taken) * 1_000;
    };
    waits.push(wait());
  }
  await drained;
  // Awaited here: the destination closes behind the return.
  return await Promise.all(waits);
}

/** @returns messages a second. */
async function mqttAlone({ url }: Mosquitto, { ca, cert, key }: TlsMaterial, messages: readonly Uint8Array[]) {
  const material = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  const client = await mqtt.connectAsync(url, { protocolVersion: 5, ...material });
  const began = seconds();
  const publish = async (n: number) => {
    await client.publishAsync("bench", Buffer.from(messages[n] ?? []), { qos: 1 });
  };
  await together(messages.length, publish, MQTT_WINDOW);
  const rate = messages.length / (seconds() - began);
  await client.endAsync();
  return rate;
}

/** Sixteen gateways with a backlog each, and 1, 2 and 4 receivers that share them. */
async function sharedReceivers(): Promise<readonly Row[]> {
  const [gateways, segments] = [16, 6];
  const contents = await bundles(gateways * segments * FULL_SEGMENT);
  await using postgres = await startPostgres();
  const rows: Row[] = [];
  let one = Number.NaN;
  for (const processes of [1, 2, 4]) {
    await using broker = await startMosquitto({ config: UNBOUNDED });
    const fleet = Array.from({ length: gateways }, (_, index) => {
      const gateway = `gateway-${processes}-${index}`;
      const key = keyOf(1_000 * processes + index);
      const own = contents.slice(index * segments * FULL_SEGMENT, (index + 1) * segments * FULL_SEGMENT);
      return { gateway, key, journal: new SealedJournal(gateway, key, chunks(own, FULL_SEGMENT)) };
    });
    const known = Object.fromEntries(fleet.map(({ gateway, key }) => [gateway, hex(key.publicKey)]));
    const receivers = await Promise.all(
      Array.from({ length: processes }, (_, index) => {
        const config = { url: broker.url, version: "5", clientId: `r${index}`, sharedGroup: "platform" } as const;
        return startReceiver({ config, gateways: known, postgres: postgres.url });
      }),
    );
    for (const { journal } of fleet) journal.commit();
    const began = seconds();
    const destinations = await Promise.all(fleet.map(({ journal, gateway }) => deliver(journal, { broker, gateway })));
    await Promise.all(destinations.map(({ receipted }, index) => receipted(fleet[index]?.journal.end ?? 0)));
    const rate = contents.length / (seconds() - began);
    if (processes === 1) one = rate;
    for (const destination of destinations) await destination[Symbol.asyncDispose]();
    for (const receiver of receivers) await stop(receiver);
    rows.push({
      what: `${processes} receiver process${processes === 1 ? "" : "es"}, shared subscription, state in PostgreSQL`,
      value: rate,
      unit: "readings/s",
      ratio: `${(rate / one).toFixed(2)} × one process`,
      note: `${gateways} gateways; the sender works on the same cores`,
    });
  }
  return rows;
}

/** As many gateways as would be behind one broker, each with its own connection and key; all in this process. */
async function manyGateways(count: number): Promise<readonly Row[]> {
  const READINGS = 5;
  await using broker = await startMosquitto({ config: UNBOUNDED });
  const contents = await bundles(READINGS);
  const fleet = Array.from({ length: count }, (_, index) => {
    const [gateway, key] = [`gateway-${index}`, keyOf(index)];
    return { gateway, key, journal: new SealedJournal(gateway, key, chunks(contents, 1)) };
  });
  const known = Object.fromEntries(fleet.map(({ gateway, key }) => [gateway, hex(key.publicKey)]));
  const config = { url: broker.url, version: "5", clientId: "platform" } as const;
  const platform = await startReceiver({ config, gateways: known });
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  let began = seconds();
  const destinations = await Promise.all(fleet.map(({ journal, gateway }) => deliver(journal, { broker, gateway })));
  await Promise.all(destinations.map(({ connected }) => connected));
  const connecting = seconds() - began;
  const memory = (process.memoryUsage.rss() - before) / count;
  began = seconds();
  for (const { journal } of fleet) journal.commit();
  await Promise.all(destinations.map(({ receipted }) => receipted(READINGS)));
  const rate = (count * READINGS) / (seconds() - began);
  for (const destination of destinations) await destination[Symbol.asyncDispose]();
  await stop(platform);
  return [
    { what: `${count} gateways on one broker: all connected and subscribed`, value: connecting, unit: "s" },
    {
      what: "memory of one more gateway's connection",
      value: memory / 1_024,
      unit: "KiB",
      note: "its journal, drivers and links not counted",
    },
    {
      what: `${count} gateways, ${READINGS} readings each, a segment a reading, one receiver`,
      value: rate,
      unit: "readings/s",
    },
  ];
}

interface Delivering extends AsyncDisposable {
  readonly connected: Promise<void>;
  receipted(seq: number): Promise<void>;
  /** Resolves when the platform said that it holds this record, which went ahead of its turn. */
  held(seq: number): Promise<void>;
}

async function deliver(
  journal: JournalReader,
  { broker, gateway, tls }: { readonly broker: Mosquitto; readonly gateway: string; readonly tls?: TlsMaterial },
): Promise<Delivering> {
  let through = 0;
  let connect = () => {};
  const connected = new Promise<void>((resolve) => {
    connect = resolve;
  });
  let waiting: { readonly seq: number; readonly resolve: () => void }[] = [];
  const observe = (event: GatewayEvent) => {
    if (event.type === "destination" && event.state === "connected") connect();
    if (event.type !== "receipted") return;
    through = event.through;
    for (const { seq, resolve } of waiting) if (seq <= through) resolve();
    waiting = waiting.filter(({ seq }) => seq > through);
  };
  const platformKeys = keyRing([verifyingKey(signingKey(PLATFORM_SEED).publicKey)]);
  const held = new Map<number, () => void>();
  const listening: MqttConnect = (options, handlers, giveUp) => {
    const message: MqttHandlers["message"] = (topic, payload) => {
      for (const seq of openHolding(payload, platformKeys)?.held ?? []) held.get(seq)?.();
      return handlers.message(topic, payload);
    };
    return connectMqtt(options, { ...handlers, message }, giveUp);
  };
  const destination = await openMqttDestination({
    name: "platform",
    journal,
    connect: listening,
    deadLetters: await DeadLetters.open({ journal: unrefused, clock, observe }),
    observe,
    config: {
      url: broker.url,
      version: "5",
      clientId: gateway,
      address: { structure: "750000001", gateway },
      platformKeys,
      window: WINDOW,
      ...(tls !== undefined && { tls }),
    },
  });
  return {
    connected,
    receipted: (seq) => (seq <= through ? Promise.resolve() : new Promise((resolve) => waiting.push({ seq, resolve }))),
    held: (seq) => new Promise((resolve) => held.set(seq, resolve)),
    [Symbol.asyncDispose]: () => destination[Symbol.asyncDispose](),
  };
}

/** Where dead letters would go: no receiver here refuses anything. */
const refusing = () => Promise.reject(new Error("a record was refused"));
const unrefused = { append: refusing, facts: async () => [], segments: refusing };

async function startReceiver(receiving: Receiving): Promise<ChildProcess> {
  const receiver = fork(new URL("./receiving.js", import.meta.url));
  receiver.send(receiving);
  await once(receiver, "message");
  return receiver;
}

async function stop(receiver: ChildProcess): Promise<void> {
  const exited = once(receiver, "exit");
  receiver.disconnect();
  await exited;
}

/** Bundles as intake makes them of a thermometer's readings. */
export async function bundles(count: number): Promise<readonly Contents[]> {
  const drafts: Draft[] = [];
  const intake = intakeOf({
    append: async (draft) => {
      drafts.push(draft);
      return { seq: drafts.length, duplicate: false };
    },
  });
  for (let n = 0; n < count; n += 1) await intake.take(reading(n));
  return drafts.map(({ kind, id, body }) => ({ kind, id, body }));
}

export function chunks<Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}

export function keyOf(index: number): SigningKey {
  const seed = Buffer.alloc(32);
  seed.writeUInt32LE(index + 1);
  return signingKey(seed);
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
