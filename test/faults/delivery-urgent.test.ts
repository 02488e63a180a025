/** An alarm during the drain of a backlog (issue 4 §7): it goes ahead, and what is measured meanwhile is taken as ever. */
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { RecordKind } from "../../src/seal/record.ts";
import { hasMosquitto, type Mosquitto, startMosquitto } from "../fixtures/mosquitto.ts";
import { Line } from "./delivery-line.ts";

const BACKLOG = 30_000;
const ALARMS = 20;
/** What the window lets be on its way, 8 segments of 256, and as much again that the platform holds meanwhile. How long that takes, the benchmark says. */
const MOST_BETWEEN = 2 * 8 * 256;

describe.skipIf(!hasMosquitto)("while a backlog drains (needs mosquitto)", () => {
  let broker: Mosquitto;
  let line: Line;
  beforeEach(async () => {
    broker = await startMosquitto();
    // The window that src/config/broker.ts gives: what is ahead of an alarm on the broker is at most that.
    line = await Line.open(broker.port, { keepaliveSeconds: 30, config: { window: 8 } });
  });
  afterEach(async () => {
    await line[Symbol.asyncDispose]();
    await broker[Symbol.asyncDispose]();
  });

  test("alarms go ahead of it, behind no more than is on its way; each record arrives once; order is kept among the others", async () => {
    await line.take(1);
    await line.receipted();
    line.proxy.refuse = true;
    line.proxy.cut();
    await line.takeTogether(BACKLOG);
    const duringOutage = await line.alarm();
    await line.takeTogether(5_000);

    const { sink } = line.platform;
    const handed = new Map<string, { readonly at: number; readonly measuresBefore: number }>();
    let measures = 0;
    sink.before = async ({ records }) => {
      for (const { id, kind } of records) {
        if (kind === RecordKind.alarm)
          handed.set(Buffer.from(id).toString("hex"), { at: performance.now(), measuresBefore: measures });
        else measures += 1;
      }
    };
    line.proxy.refuse = false;
    await line.platform.told.first((event) => event.type === "held");
    const raised: { readonly id: string; readonly at: number; readonly measuresBefore: number }[] = [];
    for (let alarm = 0; alarm < ALARMS; alarm += 1) {
      const at = performance.now();
      raised.push({ id: await line.alarm(), at, measuresBefore: measures });
      await line.take(1);
      await pause(20); // the pace at which things happen in a home, not a wait for anything
    }
    await line.receipted();
    expect(handed.get(duringOutage)?.measuresBefore).toBeLessThan(BACKLOG / 2);
    const ahead = raised.filter(({ id }) => (handed.get(id)?.measuresBefore ?? BACKLOG) < BACKLOG);
    expect(ahead.length).toBeGreaterThan(0);
    const waits = raised
      .map(({ id, at }) => (handed.get(id)?.at ?? Number.POSITIVE_INFINITY) - at)
      .sort((a, b) => a - b);
    console.log(
      `alarm to sink: median ${waits[ALARMS / 2]} ms, worst ${waits.at(-1)} ms; ${ahead.length} of ${ALARMS} during the drain`,
    );
    for (const { id, measuresBefore } of raised) {
      expect((handed.get(id)?.measuresBefore ?? BACKLOG) - measuresBefore).toBeLessThan(MOST_BETWEEN);
    }
    await line.judge("alarms during the drain of a backlog", ALARMS);
  }, 60_000);
});
