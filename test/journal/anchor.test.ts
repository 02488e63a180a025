import { rm } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Timers, watchClock } from "../../src/journal/anchor.ts";
import type { Draft } from "../../src/journal/port.ts";
import { isWithheld } from "../../src/seal/record.ts";
import { clockAnchor, redate } from "../../src/seal/redate.ts";
import { openSegment } from "../../src/seal/segment.ts";
import { FakeClock } from "../fixtures/clock.ts";
import { ringOf, testKey } from "../fixtures/seal.ts";
import { draft, newFolder, open } from "./setting.ts";

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rm(folder, { recursive: true }));

/** Timers that wait until they are told that time has passed. */
class FakeTimers implements Timers {
  #due: (() => void) | undefined;
  after(_ms: number, callback: () => void): () => void {
    this.#due = callback;
    return () => {
      this.#due = undefined;
    };
  }
  /** Runs what is due, and lets what it appends be written. */
  async pass(): Promise<void> {
    const due = this.#due;
    this.#due = undefined;
    due?.();
    while (this.#due === undefined) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Watches a clock over a journal that keeps drafts only. */
async function watching(clock: FakeClock, timers: FakeTimers, taken: Draft[], failures: { left: number }) {
  const writer = {
    append: async (draft: Draft) => {
      if (failures.left > 0) {
        failures.left -= 1;
        throw new Error("full");
      }
      taken.push(draft);
      return { seq: taken.length, duplicate: false };
    },
  };
  const stop = watchClock(writer, clock, timers, { onFailed: () => undefined });
  await new Promise((resolve) => setImmediate(resolve));
  return stop;
}

const anchorsOf = (drafts: readonly Draft[]) => drafts.map(({ body }) => clockAnchor(body));

test("an anchor stands where the clock becomes trusted, where it jumps, and nowhere else", async () => {
  const clock = new FakeClock(0);
  clock.synchronised = false;
  const timers = new FakeTimers();
  const taken: Draft[] = [];
  const stop = await watching(clock, timers, taken, { left: 0 });
  clock.advance(60_000);
  await timers.pass();
  expect(taken).toHaveLength(0);

  clock.synchronised = true;
  clock.wall = new FakeClock().wall;
  await timers.pass();
  clock.advance(10_000);
  await timers.pass();
  expect(anchorsOf(taken)).toMatchObject([{ monotonicMs: 61_000, wallMs: clock.wall - 10_000, synchronised: true }]);

  for (const years of [10, -20]) {
    clock.wall = new FakeClock(clock.wall + years * 31_557_600_000).wall;
    await timers.pass();
  }
  clock.wall = new FakeClock(clock.wall + 900).wall;
  await timers.pass();
  expect(taken).toHaveLength(3);
  await stop();
});

test("an anchor that the journal refuses is tried again", async () => {
  const timers = new FakeTimers();
  const taken: Draft[] = [];
  const stop = await watching(new FakeClock(), timers, taken, { left: 1 });
  expect(taken).toHaveLength(0);
  await timers.pass();
  expect(taken).toHaveLength(1);
  await stop();
});

test("ten years either way, and a step every second for an hour, change no order and no identifier", async () => {
  const clock = new FakeClock();
  const journal = await open(folder, { clock });
  const timers = new FakeTimers();
  const stop = watchClock(journal, clock, timers);
  const taken: number[] = [];
  for (let second = 0; second < 3_600; second += 1) {
    // Readings carry their own day: what the gateway's clock says does not enter into what they are.
    if (second % 10 === 0) {
      const { seq, duplicate } = await journal.append(draft(second, { day: 20_000 }));
      expect(duplicate).toBe(false);
      taken.push(seq);
      await timers.pass();
    }
    clock.advance(1_000);
    const years = second % 600 === 0 ? 10 : 0;
    clock.wall = new FakeClock(clock.wall + ((second % 2) * 2 - 1) * (3_600_000 + years * 31_557_600_000)).wall;
  }
  await stop();
  expect(taken).toEqual([...taken].sort((a, b) => a - b));
  expect(await journal.append(draft(600, { day: 20_000 }))).toMatchObject({ duplicate: true });
  expect((await journal.verify()).findings).toEqual([]);
  await journal.close();
});

test("what a board sealed in 1970 is dated again from the anchor of the same boot, and nothing signed changes", async () => {
  const clock = new FakeClock(5_000);
  clock.synchronised = false;
  const journal = await open(folder, { clock });
  await journal.append(draft(1, { day: 20_000 }));
  clock.advance(3_600_000);
  clock.wall = new FakeClock().wall;
  clock.synchronised = true;
  const timers = new FakeTimers();
  await watchClock(journal, clock, timers)();
  await journal.close();

  const again = await open(folder, { clock });
  const segments = await again.segments(1, 10);
  const anchors = segments
    .flatMap(({ records }) => records)
    .flatMap((record) => (isWithheld(record) ? [] : [clockAnchor(record.body)]))
    .filter((anchor) => anchor !== undefined);
  const first = segments[0] && openSegment(segments[0].segment, ringOf(testKey()));
  if (first?.ok !== true) throw new Error("no segment");
  expect(first.payload.sealedAtMs).toBe(5_000);
  expect(redate(first.payload, anchors)).toBe(clock.wall - 3_600_000);
  expect(redate(first.payload, [])).toBeUndefined();
  await again.close();
});
