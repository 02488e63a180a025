import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoff } from "../../src/delivery/backoff.ts";

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe("back-off", () => {
  it("stays between 1 s and 5 min for a network, however long the outage", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), random, (failures, r) => {
        const wait = backoff(failures, "network", () => r);
        return wait >= 1_000 && wait <= 300_000;
      }),
    );
  });

  it("stays between 1 min and 1 h for credentials", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), random, (failures, r) => {
        const wait = backoff(failures, "credentials", () => r);
        return wait >= 60_000 && wait <= 3_600_000;
      }),
    );
  });

  it("doubles its ceiling with each failure", () => {
    const ceilings = [1, 2, 3, 8, 9].map((failures) => backoff(failures, "network", () => 1));
    expect(ceilings).toEqual([2_000, 4_000, 8_000, 256_000, 300_000]);
  });

  it("spreads ten thousand boxes over the whole range", () => {
    const tenths = new Set<number>();
    for (let box = 0; box < 10_000; box += 1) tenths.add(Math.floor(backoff(9, "network", Math.random) / 30_000));
    expect(tenths.size).toBe(10);
  });
});
