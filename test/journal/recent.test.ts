/** What is answered from memory is what the file says. */
import { rm } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { StoredSegment } from "../../src/journal/port.ts";
import { Recent } from "../../src/journal/recent.ts";
import { encodeMessage } from "../../src/seal/message.ts";
import { draft, newFolder, open } from "./setting.ts";

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rm(folder, { recursive: true }));

const sent = (segments: readonly StoredSegment[]) =>
  segments.map((one) => Buffer.from(encodeMessage(one)).toString("hex"));
const sources = (segments: readonly StoredSegment[]) =>
  segments.flatMap(({ records }) =>
    records.map((one) => ("source" in one ? Buffer.from(one.source ?? []).toString() : "")),
  );

test("segments read as soon as they are committed are those that the file gives after a restart", async () => {
  const journal = await open(folder);
  journal.onCommit(() => undefined);
  for (const numbers of [[1], [2, 3, 4], [5], [6, 7]]) await Promise.all(numbers.map((n) => journal.append(draft(n))));
  const ranges = [1, 2, 3, 4, 5, 7, 8].flatMap((from) => [1, 2, 3, 100].map((most) => [from, most] as const));
  const early = await Promise.all(ranges.map(([from, most]) => journal.segments(from, most)));
  await journal.close();
  const again = await open(folder);
  for (const [index, [from, most]] of ranges.entries()) {
    const late = await again.segments(from, most);
    expect(sent(early[index] ?? []), `from ${from}, at most ${most}`).toEqual(sent(late));
    expect(sources(early[index] ?? [])).toEqual(sources(late));
  }
  await again.close();
});

test("a body that was erased is not given from memory", async () => {
  const journal = await open(folder);
  journal.onCommit(() => undefined);
  for (const n of [1, 2, 3]) await journal.append(draft(n));
  await journal.erasePerson("person-1", "test");
  const withheld = (await journal.segments(1, 100)).flatMap(({ records }) =>
    records.filter((one) => "withheld" in one),
  );
  expect(withheld).toEqual([{ seq: 1, withheld: true }]);
  await journal.close();
});

test("what was committed while nobody delivered is read from the file: no answer has a gap", async () => {
  const journal = await open(folder);
  for (const n of [1, 2, 3, 4, 5, 6]) {
    const stop = n === 3 ? () => undefined : journal.onCommit(() => undefined);
    await journal.append(draft(n));
    stop();
  }
  for (const from of [1, 2, 3, 4, 5, 6]) {
    const seqs = (await journal.segments(from, 100)).map(({ firstSeq }) => firstSeq);
    expect(seqs).toEqual([1, 2, 3, 4, 5, 6].slice(from - 1));
  }
  await journal.close();
});

test("holds no more than a mebibyte of bodies, and nothing while it is paused", () => {
  const recent = new Recent();
  const segment = (seq: number): StoredSegment => {
    const body = new Uint8Array(100_000);
    const record = { seq, kind: 1, id: new Uint8Array(16), salt: new Uint8Array(16), body } as const;
    return { epoch: 1, firstSeq: seq, lastSeq: seq, segment: new Uint8Array(250), records: [record] };
  };
  for (let seq = 1; seq <= 30; seq += 1) recent.add(segment(seq));
  expect(recent.segments(20, 1)).toBeUndefined();
  expect(recent.segments(21, 100)?.map(({ firstSeq }) => firstSeq)).toEqual([21, 22, 23, 24, 25, 26, 27, 28, 29, 30]);
  recent.pause();
  recent.add(segment(31));
  recent.resume();
  expect(recent.segments(31, 1)).toBeUndefined();
  expect(recent.segments(30, 1)).toBeUndefined();
});
