/**
 * The delivery's way under test: a real journal on disk, the MQTT destination, a proxy that plays the network, the receiver.
 * Whatever is done to it, the oracle is one: what was acknowledged is at the sink, each once, in order; and intake never waited.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import type { MqttDestinationConfig, MqttVersion } from "../../src/delivery/index.ts";
import { connectMqtt } from "../../src/delivery/mqtt/transport.ts";
import { systemTimers, type Timers } from "../../src/delivery/timers.ts";
import type { GatewayEvent } from "../../src/events.ts";
import type { Journal, JournalReader } from "../../src/journal/port.ts";
import { gatewayKeys } from "../../src/receiver/keys.ts";
import { keyRing, verifyingKey } from "../../src/seal/key.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { type Gateway, openGateway, openPlatform, type Platform, platformKey } from "../fixtures/feed.ts";
import { type FaultyLink, startProxy } from "../fixtures/proxy.ts";
import { publish } from "./durability.ts";
import { GATEWAY, openUnderTest, publicKey } from "./journal-under-test.ts";

/** A dead network is noticed after 1.5 times this. */
const KEEPALIVE_SECONDS = 1;
const address = { structure: "750000001", gateway: GATEWAY };
/** Intake waits for the disk alone: far less than the shortest of the faults lasts. */
const APPEND_P99_MS = 1_000;

/** Waits take a twentieth of their time: for those that last minutes by design. */
export const hurried: Timers = { after: (ms, callback) => systemTimers.after(ms / 20, callback) };

export interface LineOptions {
  readonly config?: Partial<MqttDestinationConfig>;
  readonly version?: MqttVersion;
  readonly timers?: Timers;
  readonly keepaliveSeconds?: number;
}

export class Line implements AsyncDisposable {
  /** What the disk says to a cursor that moves; undefined while it takes it. */
  cursorFails: Error | undefined;
  gateway: Gateway;
  /** How long each reading took to be on disk, milliseconds. */
  readonly #latencies: number[] = [];

  private constructor(
    readonly folder: string,
    readonly journal: Journal,
    readonly proxy: FaultyLink,
    readonly platform: Platform,
    readonly connect: () => Promise<Gateway>,
    gateway: Gateway,
  ) {
    this.gateway = gateway;
  }

  /** @param port the broker's. The receiver goes there directly, the gateway through the proxy. */
  static async open(port: number, options: LineOptions = {}): Promise<Line> {
    const { version = "5", timers = systemTimers, keepaliveSeconds = KEEPALIVE_SECONDS } = options;
    const folder = await mkdtemp(join(tmpdir(), "vigie-line-"));
    const journal = await openUnderTest(folder);
    const proxy = await startProxy(port);
    const platform = openTestPlatform(`mqtt://127.0.0.1:${port}`, version);
    await platform.feed.ready;
    const config = {
      url: `mqtt://localhost:${proxy.port}`,
      version,
      address,
      platformKeys: keyRing([verifyingKey(platformKey.publicKey)]),
      spreadMs: 50,
      receiptTimeoutMs: 5_000,
      ...options.config,
    };
    const connect = (reader: JournalReader) =>
      openGateway(reader, config, {
        timers,
        connect: (to, handlers, stop) => connectMqtt({ ...to, keepaliveSeconds }, handlers, stop),
      });
    let line: Line | undefined;
    const reader: JournalReader = {
      epoch: journal.epoch,
      get lastSeq() {
        return journal.lastSeq;
      },
      segments: (from, most) => journal.segments(from, most),
      checkpoint: () => journal.checkpoint(),
      alarms: (from) => journal.alarms(from),
      measured: (range, which) => journal.measured(range, which),
      cursor: (name) => journal.cursor(name),
      onCommit: (listener) => journal.onCommit(listener),
      advance: (name, through) =>
        line?.cursorFails === undefined ? journal.advance(name, through) : Promise.reject(line.cursorFails),
    };
    line = new Line(folder, journal, proxy, platform, () => connect(reader), await connect(reader));
    return line;
  }

  /** Takes one alarm. @returns its id. */
  async alarm(): Promise<string> {
    const id = randomBytes(16);
    await this.journal.append({ kind: RecordKind.alarm, id, body: Buffer.from(JSON.stringify({ type: "alarm" })) });
    return hex(id);
  }

  /** Takes so many readings, one after the other: as a device that waits for its answer. */
  async take(count: number): Promise<void> {
    for (let taken = 0; taken < count; taken += 1) {
      const began = performance.now();
      await this.#append();
      this.#latencies.push(performance.now() - began);
    }
  }

  /** Takes so many readings as fast as they can be had: a day's work. */
  async takeTogether(count: number): Promise<void> {
    for (let left = count; left > 0; left -= 1_024) {
      await Promise.all(Array.from({ length: Math.min(left, 1_024) }, () => this.#append()));
    }
  }

  /** Takes a reading of so many bytes. @returns its sequence number. */
  async takeLarge(bytes: number): Promise<number> {
    const body = Buffer.from(JSON.stringify({ waveform: randomBytes(bytes).toString("base64") }));
    return (await this.journal.append({ kind: RecordKind.measure, id: randomBytes(16), body })).seq;
  }

  async #append(): Promise<void> {
    await this.journal.append({ kind: RecordKind.measure, id: randomBytes(16), body: reading() });
  }

  /** Resolves when the platform's receipt covers all that was acknowledged so far. */
  async receipted(): Promise<void> {
    await this.gateway.receipted(this.journal.lastSeq);
  }

  /** Resolves when the destination says that it waits or is suspended, for this reason. */
  told(code: string): Promise<GatewayEvent> {
    return this.gateway.told.first((event) => event.type === "destination" && event.error?.code === code);
  }

  /** The gateway's process is replaced by another one. */
  async restart(): Promise<void> {
    await this.gateway.destination[Symbol.asyncDispose]();
    this.gateway = await this.connect();
  }

  /**
   * Nothing lost, nothing twice, nothing out of order but the alarms; the cursor where the receipts are; and intake
   * undisturbed.
   * @param aside what was put aside, and has to be nowhere but in its letter
   */
  async judge(fault: string, trials: number, aside: readonly number[] = []): Promise<void> {
    const [acknowledged, alarms] = await idsOf(this.journal, aside);
    const records = this.platform.sink.records;
    const there = records.filter(({ kind }) => kind !== RecordKind.alarm).map(({ id }) => hex(id));
    const alarmsThere = records.filter(({ kind }) => kind === RecordKind.alarm).map(({ id }) => hex(id));
    const handed = new Set(there);
    const missing = acknowledged.filter((id) => !handed.has(id)).length;
    const broken = acknowledged.join() === there.join() ? 0 : 1;
    publish({ fault: `feed: ${fault}`, trials, acknowledged: acknowledged.length, broken, worstLoss: missing });
    expect(there).toEqual(acknowledged);
    expect(alarmsThere.sort()).toEqual(alarms.sort());
    expect(await this.journal.cursor("platform")).toBe(this.journal.lastSeq);
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length * 0.99)]).toBeLessThan(APPEND_P99_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway.destination[Symbol.asyncDispose]();
    await this.platform.feed[Symbol.asyncDispose]();
    await this.proxy[Symbol.asyncDispose]();
    await this.journal.close();
    await rm(this.folder, { recursive: true });
  }
}

/** A receiver that knows the gateway under test. */
export function openTestPlatform(
  url: string,
  version: MqttVersion,
  more: Parameters<typeof openPlatform>[2] = {},
): Platform {
  return openPlatform(url, version, { keys: gatewayKeys({ [GATEWAY]: publicKey }), ...more });
}

/** Of all that the journal holds: those of the measures, in order, and those of the alarms. */
async function idsOf(journal: Journal, aside: readonly number[]): Promise<[measures: string[], alarms: string[]]> {
  const segments = await journal.segments(1, journal.lastSeq);
  const whole = segments.flatMap(({ records }) =>
    records.flatMap((record) => ("id" in record && !aside.includes(record.seq) ? [record] : [])),
  );
  const of = (isAlarm: boolean) =>
    whole.filter(({ kind }) => (kind === RecordKind.alarm) === isAlarm).map(({ id }) => hex(id));
  return [of(false), of(true)];
}

const hex = (id: Uint8Array): string => Buffer.from(id).toString("hex");

/** Some 300 bytes that no dictionary makes smaller. */
const reading = () => Buffer.from(JSON.stringify({ waveform: randomBytes(200).toString("base64") }));
