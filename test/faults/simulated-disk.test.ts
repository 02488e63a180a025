import { describe, expect, test } from "vitest";
import type { DiskEvent } from "./disk-log.ts";
import { randomFrom } from "./random.ts";
import { type Cut, cuts, SimulatedDisk } from "./simulated-disk.ts";

const file = 7n;
const folder = 0n;
const flushed = (inode: bigint): DiskEvent[] => [
  { op: "flush-begin", inode },
  { op: "flush-end", inode },
];
const write = (offset: number, letter: string, length = letter.length): DiskEvent => ({
  op: "write",
  inode: file,
  offset,
  data: Buffer.alloc(length, letter),
});
const made: DiskEvent[] = [{ op: "create", inode: file, name: "a" }, ...flushed(folder)];

/** All that a cut after these events can leave, over many random choices. */
function outcomes(cut: Cut, events: readonly DiskEvent[]): Set<string> {
  const disk = new SimulatedDisk();
  for (const event of events) disk.apply(event);
  const random = randomFrom(1);
  const found = new Set<string>();
  for (let trial = 0; trial < 200; trial += 1) {
    const files = [...disk.cut(cut, random)].map(([name, bytes]) => `${name}=${bytes.toString("latin1")}`);
    found.add(files.join(","));
  }
  return found;
}

test("what was flushed is there after every cut", () => {
  for (const cut of cuts) expect(outcomes(cut, [...made, write(0, "x"), ...flushed(file)])).toEqual(new Set(["a=x"]));
});

test("what was written after the flush began is not covered by it", () => {
  const events: DiskEvent[] = [
    ...made,
    { op: "flush-begin", inode: file },
    write(0, "x"),
    { op: "flush-end", inode: file },
  ];
  expect(outcomes("drop", events)).toEqual(new Set(["a="]));
  expect(outcomes("subset", events)).toEqual(new Set(["a=", "a=x"]));
});

test("a new file is nowhere until its folder was flushed, though its content was", () => {
  const events: DiskEvent[] = [{ op: "create", inode: file, name: "a" }, write(0, "x"), ...flushed(file)];
  expect(outcomes("drop", events)).toEqual(new Set([""]));
  expect(outcomes("torn", events)).toEqual(new Set(["", "a=x"]));
});

test("a removed or renamed file is back, with its content, until its folder was flushed", () => {
  const there = [...made, write(0, "x"), ...flushed(file)];
  expect(outcomes("drop", [...there, { op: "unlink", name: "a" }])).toEqual(new Set(["a=x"]));
  expect(outcomes("drop", [...there, { op: "rename", from: "a", to: "b" }])).toEqual(new Set(["a=x"]));
  expect(outcomes("drop", [...there, { op: "rename", from: "a", to: "b" }, ...flushed(folder)])).toEqual(
    new Set(["b=x"]),
  );
});

test("a torn write keeps each 512-byte sector in one of its versions", () => {
  const torn = outcomes("torn", [...made, write(0, "o", 1_024), ...flushed(file), write(0, "n", 1_024)]);
  const [old, fresh] = ["o".repeat(512), "n".repeat(512)];
  expect(torn).toEqual(new Set([`a=${old}${old}`, `a=${old}${fresh}`, `a=${fresh}${old}`, `a=${fresh}${fresh}`]));
});

test("a hole that no write filled reads as zeros, and so does what a truncation cut away", () => {
  expect(outcomes("drop", [...made, write(2, "x"), ...flushed(file)])).toEqual(new Set(["a=\0\0x"]));
  const cutAway: DiskEvent[] = [...made, write(0, "xyz"), { op: "truncate", inode: file, size: 0 }, write(2, "w")];
  expect(outcomes("drop", [...cutAway, ...flushed(file)])).toEqual(new Set(["a=\0\0w"]));
});

test("what was on the disk before is there, and a file found again is the same file under any name", () => {
  const disk = new SimulatedDisk(new Map([["a", Buffer.from("old")]]));
  disk.apply({ op: "found", inode: file, name: "a" });
  disk.apply({ op: "rename", from: "a", to: "b" });
  for (const event of [write(0, "n"), ...flushed(file)]) disk.apply(event);
  expect([...disk.cut("drop", randomFrom(1))]).toEqual([["a", Buffer.from("nld")]]);
});

describe("a flush that failed", () => {
  const failed: DiskEvent[] = [
    ...made,
    write(0, "x"),
    { op: "flush-begin", inode: file },
    { op: "flush-failed", inode: file },
  ];
  test("takes what it was to write with it, and a later one does not bring that back", () => {
    for (const cut of cuts) expect(outcomes(cut, [...failed, ...flushed(file)])).toEqual(new Set(["a="]));
    expect(outcomes("drop", [...failed, write(0, "y"), ...flushed(file)])).toEqual(new Set(["a=y"]));
  });
});
