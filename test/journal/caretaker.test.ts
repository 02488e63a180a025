import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { verbatim } from "../../src/errors/sentence.ts";
import { Caretaker } from "../../src/journal/caretaker.ts";
import { errors } from "../../src/journal/errors.ts";
import type { Journal } from "../../src/journal/port.ts";
import { isWithheld } from "../../src/seal/record.ts";
import { FakeClock } from "../fixtures/clock.ts";
import { ManualTimers } from "../fixtures/timers.ts";
import { draft, newFolder, open } from "./setting.ts";

let folder: string;
let journal: Journal;
let timers: ManualTimers;
let clock: FakeClock;
let told: string[];
let caretaker: Caretaker;
let retained: Promise<unknown>[];

const MIB = 1024 ** 2;
const [MINUTE, DAY] = [60_000, 86_400_000];

beforeEach(async () => {
  folder = await newFolder();
  [timers, clock, told, retained] = [new ManualTimers(), new FakeClock(), [], []];
  const policy = { destinations: ["platform"], eraseAfterDays: 7, pruneAfterDays: 30 };
  caretaker = new Caretaker({
    policy,
    clock,
    timers,
    told: ({ code }) => told.push(code),
    relieved: (fullFor) => told.push(`relieved ${fullFor}`),
  });
  journal = await open(folder, { clock, maxBytes: 4 * MIB, ballastBytes: 0, ...caretaker.hooks });
  caretaker.keep({
    append: (one) => journal.append(one),
    retain: (how) => {
      const done = journal.retain(how);
      retained.push(done);
      return done;
    },
  });
});
afterEach(async () => {
  await journal.close();
  await rm(folder, { recursive: true });
});

/** Lets so much time pass, and what it sets off come to its end. */
async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await timers.advance(ms);
  await Promise.allSettled(retained);
  await timers.advance(0);
}

async function withheld(): Promise<number> {
  const segments = await journal.segments(1, 100_000);
  return segments.flatMap(({ records }) => records).filter(isWithheld).length;
}

test("what every destination has had for a week goes, without anybody asking", async () => {
  await Promise.all([1, 2, 3].map((n) => journal.append(draft(n))));
  await journal.advance("platform", 3);
  for (let day = 0; day < 7; day += 1) await pass(DAY);
  expect(await withheld()).toBe(0);
  await pass(DAY);
  expect(await withheld()).toBe(3);
  expect(told).toEqual([]);
});

test("a full journal is told of once; a receipt makes room at once; and it says in itself how long it was full", async () => {
  const since = clock.now().wall;
  for (let n = 1, isFull = false; !isFull; n += 1) {
    isFull = await journal.append(draft(n, { body: randomBytes(16_000) })).then(
      () => false,
      () => true,
    );
  }
  await Promise.allSettled(retained);
  expect(told).toEqual(["JOURNAL_FULL"]);
  expect(await withheld()).toBe(0);
  clock.advance(MINUTE);
  await journal.advance("platform", journal.lastSeq);
  caretaker.receipted();
  await Promise.all(retained);
  expect(await withheld()).toBeGreaterThan(10);
  await journal.append(draft(100_000));
  await journal.append(draft(100_001)); // behind the event
  const records = (await journal.segments(journal.lastSeq - 2, 10)).flatMap((segment) => segment.records);
  const texts = records.map((record) => (isWithheld(record) ? "" : Buffer.from(record.body).toString()));
  const [from, until] = [since, clock.now().wall].map((wall) => new Date(wall).toISOString());
  expect(texts).toContain(JSON.stringify({ type: "journal-full", since: from, until }));
  expect(told).toEqual(["JOURNAL_FULL", `relieved ${MINUTE}`]);
});

test("a journal that stopped ends the process; a damaged record is told of once", async () => {
  caretaker.hooks.onDamage?.(3, verbatim(0));
  caretaker.hooks.onDamage?.(3, verbatim(0));
  expect(told).toEqual(["JOURNAL_DAMAGED"]);
  caretaker.hooks.onStopped?.(errors.JOURNAL_WRITE_FAILED());
  expect(await caretaker.failed).toMatchObject({ code: "JOURNAL_WRITE_FAILED" });
  expect(told).toEqual(["JOURNAL_DAMAGED", "JOURNAL_WRITE_FAILED"]);
});

test("what else has its days is done before retention, and its failure is told and hinders nothing", async () => {
  const order: string[] = [];
  const policy = { destinations: ["platform"], eraseAfterDays: 7, pruneAfterDays: 30 };
  const first = () => {
    order.push("first");
    return Promise.reject(errors.JOURNAL_DAMAGED());
  };
  const own = new ManualTimers();
  const another = new Caretaker({ policy, clock, timers: own, first, told: ({ code }) => order.push(code) });
  const end = another.keep({
    append: (one) => journal.append(one),
    retain: async (how) => {
      order.push("retained");
      return journal.retain(how);
    },
  });
  await own.advance(5 * MINUTE);
  await new Promise((resolve) => setImmediate(resolve));
  expect(order).toEqual(["first", "JOURNAL_DAMAGED", "retained"]);
  end();
});
