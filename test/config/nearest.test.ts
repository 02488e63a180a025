import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { editDistance, nearest } from "../../src/config/nearest.ts";

describe("the nearest word", () => {
  test("distance counts letters added, dropped or changed", () => {
    expect(editDistance("adress", "address")).toBe(1);
    expect(editDistance("kitten", "sitting")).toBe(3);
    expect(editDistance("", "abc")).toBe(3);
  });

  test("distance is a metric", () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(editDistance(a, a)).toBe(0);
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
      }),
    );
  });

  test("a slip finds its word, in whatever case; a guess finds none", () => {
    const known = ["address", "driver", "label"];
    expect(nearest("Adress", known)).toBe("address");
    expect(nearest("drivre", known)).toBe("driver");
    expect(nearest("colour", known)).toBeUndefined();
    expect(nearest("x", [])).toBeUndefined();
  });
});
