import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Cut, FrameCutter, lines } from "../../src/driver/framing.ts";

const ascii = (text: string) => Uint8Array.from(Buffer.from(text, "latin1"));
const framing = lines({ max: 8 });

/** What a cutter makes of chunks, in words. */
function cut(chunks: readonly Uint8Array[], by = framing): string[] {
  const cutter = new FrameCutter(by);
  const cuts = chunks.flatMap((chunk) => [...cutter.push(chunk)]);
  const rest = cutter.broken();
  return [...cuts, ...(rest === undefined ? [] : [rest])].map(inWords);
}

const inWords = (cut: Cut) =>
  "frame" in cut
    ? Buffer.from(cut.frame).toString("latin1")
    : `${cut.because}:${Buffer.from(cut.discarded).toString("latin1")}`;

test("the same bytes give the same frames, however they are cut into chunks", () => {
  const bytes = fc
    .uint8Array({ maxLength: 200 })
    .map((noise) => noise.map((byte) => (byte < 40 ? 0x0a : byte < 60 ? 0x0d : byte)));
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(12)), (stream, sizes) => {
      const chunks: Uint8Array[] = [];
      let at = 0;
      for (const size of sizes) {
        chunks.push(stream.subarray(at, at + size));
        at += size;
      }
      expect(cut([...chunks, stream.subarray(at)])).toEqual(cut([stream]));
    }),
  );
});

test("nothing disappears: every byte but line ends is in a frame or in what is reported, or follows what was too long", () => {
  const text = fc.stringMatching(/^[a-z]{0,12}$/);
  fc.assert(
    fc.property(fc.array(text), (parts) => {
      const expected = parts.flatMap((part) =>
        part === "" ? [] : part.length <= 8 ? [part] : [`oversized:${`${part}\r`.slice(0, 10)}`],
      );
      expect(cut([ascii(parts.map((part) => `${part}\r\n`).join(""))])).toEqual(expected);
    }),
  );
});

describe("lines", () => {
  test.each([
    ["a\r\nb\n", ["a", "b"]],
    ["\r\n\n\r\na\n", ["a"]], // empty lines are no frames
    ["12345678\r\n", ["12345678"]], // the longest, with its carriage return
    ["123456789\n", ["oversized:123456789"]],
    ["a\rb\n", ["a\rb"]],
  ])("%j gives %j", (text, frames) => expect(cut([ascii(text)])).toEqual(frames));

  test("may end in a carriage return alone", () => {
    expect(cut([ascii("a\rb\r")], lines({ max: 8, terminator: 0x0d }))).toEqual(["a", "b"]);
  });

  test.each([0, -1, 1.5, 65_537, Number.NaN])("cannot be %s bytes long", (max) => {
    expect(() => lines({ max })).toThrow(RangeError);
  });
});

test("bytes without an end are reported once, at once, and dropped up to the next end", () => {
  const cutter = new FrameCutter(framing);
  const cuts = Array.from({ length: 1_000 }, () => [...cutter.push(ascii("abcdefg"))]).flat();
  expect(cuts.map(inWords)).toEqual(["oversized:abcdefgabc"]);
  expect([...cutter.push(ascii("tail\nwhole\n"))].map(inWords)).toEqual(["whole"]);
});

test("what a broken line leaves behind is truncated, and nothing of it enters the next frame", () => {
  const cutter = new FrameCutter(framing);
  expect([...cutter.push(ascii("half"))]).toEqual([]);
  expect(cutter.broken()).toEqual({ discarded: ascii("half"), because: "truncated" });
  expect(cutter.broken()).toBeUndefined();
  expect([...cutter.push(ascii("whole\n"))].map(inWords)).toEqual(["whole"]);
});

test("a frame is a copy: the next bytes do not change it", () => {
  const cutter = new FrameCutter(framing);
  const [first] = cutter.push(ascii("one\n"));
  [...cutter.push(ascii("two\n"))];
  expect(first && inWords(first)).toBe("one");
});
