/** The whole line: bytes → decoded → bundle → durable, signed → delivered → verified and receipted. */
import { randomBytes } from "node:crypto";
import mqtt from "mqtt";
import thermometer from "../../drivers/gatt-thermometer.ts";
import { createIntake } from "../../src/intake/intake.ts";
import type { Frame } from "../../src/intake/port.ts";
import type { Draft } from "../../src/journal/port.ts";
import { registryOf } from "../../src/registry/attribute.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { clock, GATEWAY, startFeed } from "./feed.ts";
import { quantile, type Row, seconds } from "./report.ts";

const BURST = 20_000;
/** As many devices as could ever speak at once, each waiting for its answer before it sends the next reading. */
const CALLERS = 512;
const BODY_BYTES = 500;

export async function line(): Promise<readonly Row[]> {
  const bundles = await burstOfFrames();
  const signed = await burstOfBodies(true);
  const unsigned = await burstOfBodies(false);
  const bare = await mqttAlone();
  const { durable, receipted } = await steady();
  const ratio = (value: number) => `${(value / bare).toFixed(2)} × mqtt.js`;
  return [
    {
      what: "bytes → FHIR bundle → receipted, burst of 20 000",
      value: bundles,
      unit: "readings/s",
      ratio: ratio(bundles),
    },
    {
      what: "bodies of 500 bytes → receipted, burst of 20 000",
      value: signed,
      unit: "readings/s",
      ratio: ratio(signed),
    },
    { what: "the same, without signing", value: unsigned, unit: "readings/s", ratio: ratio(unsigned) },
    { what: "mqtt.js alone, the same bodies, QoS 1, no journal", value: bare, unit: "messages/s", ratio: "1" },
    { what: "200 readings/s: bytes to durable, p50", value: quantile(durable, 0.5), unit: "ms" },
    { what: "200 readings/s: bytes to durable, p99", value: quantile(durable, 0.99), unit: "ms" },
    { what: "200 readings/s: bytes to receipt, p50", value: quantile(receipted, 0.5), unit: "ms" },
    { what: "200 readings/s: bytes to receipt, p99", value: quantile(receipted, 0.99), unit: "ms" },
    {
      what: "resident memory of the gateway's process, after all of the above",
      value: process.memoryUsage.rss() / 2 ** 20,
      unit: "MiB",
    },
  ];
}

async function burstOfFrames(): Promise<number> {
  await using feed = await startFeed({ signed: true });
  const intake = intakeOf(feed.journal);
  const started = seconds();
  await together(BURST, async (n) => void (await intake.take(reading(n))));
  await feed.receipted(BURST);
  return BURST / (seconds() - started);
}

async function burstOfBodies(signed: boolean): Promise<number> {
  await using feed = await startFeed({ signed });
  const drafts = Array.from({ length: BURST }, (): Draft => {
    return { kind: RecordKind.measure, id: randomBytes(16), body: randomBytes(BODY_BYTES), device: "d", person: "p" };
  });
  const started = seconds();
  await together(BURST, async (n) => {
    const draft = drafts[n];
    if (draft !== undefined) await feed.journal.append(draft);
  });
  await feed.receipted(BURST);
  return BURST / (seconds() - started);
}

async function mqttAlone(): Promise<number> {
  await using feed = await startFeed({ signed: true });
  const client = await mqtt.connectAsync(feed.broker.url, { protocolVersion: 5 });
  const bodies = Array.from({ length: BURST }, () => randomBytes(BODY_BYTES));
  const started = seconds();
  // The window that Mosquitto grants by default: more would wait in MQTT.js's memory.
  await together(BURST, async (n) => void (await client.publishAsync("bench", bodies[n] ?? "", { qos: 1 })), 20);
  const rate = BURST / (seconds() - started);
  await client.endAsync();
  return rate;
}

/** An open loop at 200 a second for 10 s: who is late does not slow the next one down. */
async function steady(): Promise<{ durable: readonly number[]; receipted: readonly number[] }> {
  await using feed = await startFeed({ signed: true });
  const intake = intakeOf(feed.journal);
  const [durable, receipted]: [number[], number[]] = [[], []];
  const pending: Promise<void>[] = [];
  const started = seconds();
  for (let n = 0; n < 2_000; n += 1) {
    const due = started + n / 200;
    while (seconds() < due) await new Promise((resolve) => setTimeout(resolve, Math.max(0, (due - seconds()) * 1_000)));
    const taken = seconds();
    pending.push(
      intake.take(reading(n)).then(async () => {
        durable.push((seconds() - taken) * 1_000);
        await feed.receipted(n + 1);
        receipted.push((seconds() - taken) * 1_000);
      }),
    );
  }
  await Promise.all(pending);
  return { durable, receipted };
}

const device = { address: "5C:31:3E:00:00:02", transport: "ble", manufacturer: "Vigie", model: "Bench" } as const;

export function intakeOf(journal: { append: Parameters<typeof createIntake>[0]["journal"]["append"] }) {
  return createIntake({
    gateway: { id: GATEWAY, structure: { finess: "750000001", name: "Bench" }, timeZone: "Europe/Paris", version: "0" },
    registry: registryOf({
      persons: [{ reference: "p", system: "urn:oid:1.2.3", label: "p" }],
      assignments: [{ device: device.address, person: "p", from: 0 }],
    }),
    journal: { append: (draft) => journal.append(draft) },
    observe: () => {},
  });
}

const began = clock.now().wall;

/** A thermometer's reading, each at a second of its own: none is a repeat of another. */
export function reading(n: number): Frame {
  const at = new Date(began - n * 1_000);
  const bytes = Buffer.from("0670010000000000000000000002", "hex").subarray(0, 13);
  bytes[4] = 0xff;
  bytes.writeUInt16LE(at.getUTCFullYear(), 5);
  bytes.set([at.getUTCMonth() + 1, at.getUTCDate(), at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds(), 2], 7);
  return { driver: thermometer, channel: 0x2a1c, device, receivedAt: clock.now(), bytes };
}

export async function together(count: number, work: (n: number) => Promise<void>, callers = CALLERS): Promise<void> {
  let next = 0;
  const caller = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: callers }, caller));
}
