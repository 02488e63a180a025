import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { segmentsTopic } from "../../../src/delivery/mqtt/topics.ts";
import { connectMqtt } from "../../../src/delivery/mqtt/transport.ts";
import { memoryState } from "../../../src/receiver/memory-state.ts";
import type { HandedRecord } from "../../../src/receiver/port.ts";
import { Receiver } from "../../../src/receiver/receiver.ts";
import { randomFrom } from "../../faults/random.ts";
import {
  address,
  gatewayKeys,
  KeepingSink,
  newJournal,
  openGateway,
  openPlatform,
  platformKey,
} from "../../fixtures/feed.ts";
import { LossyLine } from "../../fixtures/lossy-line.ts";
import type { MemoryJournal } from "../../fixtures/memory-journal.ts";
import { hasMosquitto, startMosquitto } from "../../fixtures/mosquitto.ts";
import { ManualTimers } from "../../fixtures/timers.ts";

const BACKLOG = 256;
const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

/** One measure of a device, as its body says it. */
const measure = (device: string, n: number) => ({ device, body: `${device} ${n}` });
const parsed = ({ body }: HandedRecord) => {
  const [device = "", n] = Buffer.from(body).toString().split(" ");
  return { device, n: Number(n) };
};

/** What each device measured, in the order in which it was handed over. */
function byDevice(records: readonly HandedRecord[]): ReadonlyMap<string, readonly number[]> {
  const devices = new Map<string, number[]>();
  for (const { device, n } of records.map(parsed)) devices.set(device, [...(devices.get(device) ?? []), n]);
  return devices;
}

const counting = (to: number): number[] => Array.from({ length: to }, (_, n) => n + 1);

describe.skipIf(!hasMosquitto)("fresh measures while a backlog drains (needs mosquitto)", () => {
  it("are at the platform before it, but for those of devices that have a backlog themselves; all once, each device's in order", async () => {
    const broker = await startMosquitto();
    open.push(broker);
    const platform = openPlatform(broker.url, "5");
    open.push(platform.feed);
    await platform.feed.ready;
    const journal = newJournal();
    const [away, here] = [devices("away"), devices("here")];
    for (let n = 1; n <= 60; n += 1)
      for (const some of chunks(away, 10)) journal.commit(...some.map((device) => measure(device, n)));
    const backlog = journal.lastSeq;
    expect(backlog).toBe(3_000);

    // The drain stands still in its middle until all fresh measures that may overtake it have.
    let goOn = (): void => {};
    const gate = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    let published = 0;
    const gateway = await openGateway(
      journal,
      { url: broker.url, version: "5", window: 4 },
      {
        connect: async (options, handlers, stop) => {
          const session = await connectMqtt(options, handlers, stop);
          const publish: typeof session.publish = async (topic, payload) => {
            if (topic === segmentsTopic(address)) {
              published += 1;
              if (published > 50) await gate;
            }
            return session.publish(topic, payload);
          };
          return { ...session, publish };
        },
      },
    );
    open.push(gateway.destination);
    await gateway.receipted(100);
    // Every device measures three times; some of it together in one segment.
    for (const device of away) journal.commit(measure(device, 61));
    for (const some of chunks(here, 5))
      journal.commit(...some.flatMap((device) => [measure(device, 1), measure(device, 2)]));
    for (const device of here) journal.commit(measure(device, 3));
    for (const device of away) journal.commit(measure(device, 62), measure(device, 63));

    const fresh = () => platform.sink.records.filter((record) => parsed(record).device.startsWith("here"));
    await platform.told.first(() => fresh().length === 150);
    const behind = platform.sink.records.filter((record) => parsed(record).device.startsWith("away"));
    expect(behind.length).toBeLessThanOrEqual(500);
    goOn();
    await gateway.receipted(journal.lastSeq);
    const handed = byDevice(platform.sink.records);
    for (const device of here) expect(handed.get(device)).toEqual(counting(3));
    for (const device of away) expect(handed.get(device)).toEqual(counting(63));
    expect(platform.sink.records).toHaveLength(journal.lastSeq);
  });
});

describe("whatever is lost, doubled or overtaken while fresh measures go ahead", () => {
  it("each is handed over once, each device's in order, and none that is kept back", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const random = randomFrom(seed);
        const sink = new KeepingSink();
        const receiver = new Receiver({ keys: gatewayKeys(), state: memoryState(), sinks: [sink], platformKey });
        const line = new LossyLine(receiver, random.next);
        line.limits = { receiveMaximum: 4, maximumPacketSize: 4_000 };
        const journal = newJournal();
        const counts = new Map<string, number>();
        const commit = (records: number): void => {
          const drafts = Array.from({ length: records }, () => {
            const device = `d${random.below(12)}`;
            counts.set(device, (counts.get(device) ?? 0) + 1);
            return measure(device, counts.get(device) ?? 0);
          });
          journal.commit(...drafts);
        };
        const isKeptBack = ({ seq }: { readonly seq: number }): boolean => seq % 7 === 0;
        while (journal.lastSeq < BACKLOG + 100) commit(1 + random.below(20));
        const timers = new ManualTimers();
        const gateway = await openGateway(
          journal,
          { url: "mqtt://nowhere", version: "5", window: 6 },
          { timers, connect: line.connect, withhold: isKeptBack },
        );
        for (let turn = 0; turn < 40; turn += 1) {
          await line.happen(10, timers);
          commit(1 + random.below(4));
        }
        line.calm = true;
        line.cut();
        for (let patience = 0; (await journal.cursor("platform")) < journal.lastSeq; patience += 1) {
          if (patience > 200) throw new Error(`stands at ${await journal.cursor("platform")} of ${journal.lastSeq}`);
          await line.deliver();
          await timers.advance(2_000);
        }
        await gateway.destination[Symbol.asyncDispose]();
        expect(byDevice(sink.records)).toEqual(await owed(journal, isKeptBack));
        expect(sink.records.some(isKeptBack)).toBe(false);
      }),
      { numRuns: 12 },
    );
  }, 120_000);
});

/** What each device measured and is not kept back. */
async function owed(journal: MemoryJournal, isKeptBack: (record: HandedRecord) => boolean) {
  const records = (await journal.segments(1, journal.lastSeq)).flatMap((segment) => segment.records);
  return byDevice(records.flatMap((record) => ("body" in record && !isKeptBack(record) ? [record] : [])));
}

const devices = (kind: string): string[] => Array.from({ length: 50 }, (_, index) => `${kind}-${index}`);

function chunks<Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] {
  return Array.from({ length: items.length / size }, (_, at) => items.slice(at * size, (at + 1) * size));
}
