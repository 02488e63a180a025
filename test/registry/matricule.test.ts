import fc from "fast-check";
import { expect, test } from "vitest";
import { isMatricule, keyOf } from "../../src/registry/matricule.ts";

test.each([
  ["255081416802538", "the example of the INSEE's own page"],
  ["123456789012212", "the guides' example with the key that it should have"],
])("%s is a matricule: %s", (matricule) => expect(isMatricule(matricule)).toBe(true));

test.each([
  ["123456789012244", "the wrong key of the guides' example"],
  ["255081416802537", "another key"],
  ["25508141680253", "14 characters"],
  ["955081416802538", "no sex begins with 9"],
  ["2550814168O2538", "a letter O"],
  ["255082C16802538", "no department 2C"],
])("%s is none: %s", (matricule) => expect(isMatricule(matricule)).toBe(false));

test("Corsica counts as 19 (2A) and 18 (2B)", () => {
  expect(keyOf("185052A004001")).toBe(97 - (1850519004001 % 97));
  expect(keyOf("185052B033001")).toBe(97 - (1850518033001 % 97));
  expect(isMatricule(`185052A004001${String(keyOf("185052A004001")).padStart(2, "0")}`)).toBe(true);
});

test("one wrong digit is always found", () => {
  const body = fc.stringMatching(/^[12]\d{4}[013-9]\d\d{6}$/);
  fc.assert(
    fc.property(body, fc.nat(12), fc.integer({ min: 1, max: 9 }), (first, place, by) => {
      const whole = `${first}${String(keyOf(first)).padStart(2, "0")}`;
      const wrong = [...whole];
      wrong[place] = String((Number(wrong[place]) + by) % 10);
      expect(isMatricule(wrong.join(""))).toBe(false);
    }),
  );
});
