import fc from "fast-check";
import { expect, test } from "vitest";
import { backoff } from "../../../src/link/serial/backoff.ts";
import { type Heard, isRepeat } from "../../../src/link/serial/repeats.ts";
import { ms } from "../../../src/measure/time.ts";
import { ascii } from "../fixtures.ts";

const heard = (text: string, at: number): Heard => ({ bytes: ascii(text), at: ms(at) });

/** How many measures a stream of frames is, as the session counts them. */
function measures(stream: readonly Heard[], withinMs = 2_000): number {
  return stream.filter((frame, index) => !isRepeat(stream[index - 1], frame, withinMs)).length;
}

test("a settled reading that is streamed is one measure, however long somebody stands there", () => {
  const minute = Array.from({ length: 600 }, (_, index) => heard("ST,+0061.55kg", index * 100));
  expect(measures(minute)).toBe(1);
});

test("two residents of the same weight are two measures: the platform was empty between them", () => {
  expect(measures([heard("ST,+0061.55kg", 0), heard("ST,+0000.00kg", 900), heard("ST,+0061.55kg", 1_800)])).toBe(3);
});

test("two residents of the same weight who press print one after the other are two measures", () => {
  expect(measures([heard("ST,+0061.55kg", 0), heard("ST,+0061.55kg", 2_001)])).toBe(2);
});

test("an unsettled frame between two equal readings makes them two", () => {
  expect(measures([heard("ST,+0061.55kg", 0), heard("US,+0061.50kg", 100), heard("ST,+0061.55kg", 200)])).toBe(3);
});

test("the first frame, another value, the beginning of another value are no repeats", () => {
  expect(isRepeat(undefined, heard("a", 0), 2_000)).toBe(false);
  expect(isRepeat(heard("ST,+0061.55kg", 0), heard("ST,+0061.56kg", 1), 2_000)).toBe(false);
  expect(isRepeat(heard("ST,+0061.55kg", 0), heard("ST,+0061.55", 1), 2_000)).toBe(false);
});

test("without a time, nothing is a repeat", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat(), (bytes, at) => {
      expect(isRepeat({ bytes, at: ms(at) }, { bytes, at: ms(at) }, -1)).toBe(false);
    }),
  );
});

test("waits grow from 1 to 30 seconds and stay there", () => {
  expect([0, 1, 2, 3, 4, 5, 6, 1_000].map(backoff)).toEqual([
    1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000,
  ]);
});
