import fc from "fast-check";
import { expect, test } from "vitest";
import { BadgeCutter } from "../../../src/link/badges/cutter.ts";
import { ascii } from "../fixtures.ts";

const heard = (...chunks: readonly string[]) => {
  const cutter = new BadgeCutter();
  return chunks.flatMap((chunk) => [...cutter.push(ascii(chunk))]);
};

test.each([
  ["CR LF", "0004711\r\n"],
  ["LF", "0004711\n"],
  ["CR", "0004711\r"],
  ["STX and ETX, as an RDM6300 has it", "\x020004711\x03"],
  ["spaces round it", "  0004711 \r\n"],
])("a number ended by %s", (_what, text) => expect(heard(text)).toEqual([{ badge: "0004711" }]));

test("numbers come in pieces and one behind the other", () => {
  expect(heard("00", "04711\r", "\n04A2", "F1\r\n\r\n")).toEqual([{ badge: "0004711" }, { badge: "04A2F1" }]);
});

test("noise and what is too long are no badges, and the next one is read", () => {
  expect(heard("\xff\x00abc\r\n0004711\r\n")).toEqual([{ unreadable: true }, { badge: "0004711" }]);
  expect(heard(`${"1".repeat(65)}\r\n0004711\r\n`)).toEqual([{ unreadable: true }, { badge: "0004711" }]);
  expect(heard("000\x020004711\x03")).toEqual([{ badge: "0004711" }]); // STX begins anew
});

test("half a number of a line that broke is none", () => {
  const cutter = new BadgeCutter();
  expect([...cutter.push(ascii("000"))]).toEqual([]);
  cutter.reset();
  expect([...cutter.push(ascii("4711\r\n"))]).toEqual([{ badge: "4711" }]);
});

test("whatever arrives, a badge is 1 to 64 printable characters, and nothing is kept beyond them", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), (chunks) => {
      const cutter = new BadgeCutter();
      for (const chunk of chunks) {
        for (const one of cutter.push(chunk)) if ("badge" in one) expect(one.badge).toMatch(/^[\x20-\x7e]{1,64}$/);
      }
    }),
  );
});
