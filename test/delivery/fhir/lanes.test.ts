import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Lanes } from "../../../src/delivery/fhir/lanes.ts";

type Item = { readonly seq: number; readonly lane: string };
const lanesOf = (items: readonly string[], through = 0): Lanes<Item> => {
  const lanes = new Lanes<Item>(through);
  for (const [index, lane] of items.entries()) lanes.add({ seq: through + index + 1, lane });
  lanes.newRound();
  return lanes;
};

describe("which record goes next", () => {
  it("is one of each device at a time, devices side by side, each device in order", () => {
    const lanes = lanesOf(["a", "a", "b"]);
    expect([lanes.next()?.seq, lanes.next()?.seq, lanes.next()]).toEqual([1, 3, undefined]);
    lanes.taken(1);
    expect([lanes.next()?.seq, lanes.through]).toEqual([2, 1]);
    lanes.taken(2);
    expect(lanes.through).toBe(2);
    lanes.taken(3);
    expect([lanes.through, lanes.size]).toEqual([3, 0]);
  });

  it("is the same one again where it did not go", () => {
    const lanes = lanesOf(["a", "a"]);
    lanes.next();
    lanes.back(1);
    expect(lanes.next()?.seq).toBe(1);
  });

  it("is another one once it has failed three times, and it comes last, once a round", () => {
    const lanes = lanesOf(["a", "a"]);
    for (let i = 0; i < 3; i += 1) {
      expect(lanes.next()?.seq).toBe(1);
      expect(lanes.doubt(1)).toBe(false);
    }
    expect(lanes.next()?.seq).toBe(2);
    lanes.taken(2);
    expect(lanes.next()).toBeUndefined();
    lanes.newRound();
    expect(lanes.next()?.seq).toBe(1);
    expect(lanes.doubt(1)).toBe(false);
    lanes.newRound();
    lanes.next();
    expect(lanes.doubt(1)).toBe(true);
    lanes.drop(1);
    expect([lanes.through, lanes.size]).toEqual([2, 0]);
  });

  it("is never given up on while nothing else is taken", () => {
    const lanes = lanesOf(["a"]);
    for (let i = 0; i < 100; i += 1) {
      lanes.newRound();
      expect(lanes.next()?.seq).toBe(1);
      expect(lanes.doubt(1)).toBe(false);
    }
  });

  it("keeps every device's order and loses nobody, whatever comes back", () => {
    const outcomes = fc.infiniteStream(fc.constantFrom("taken", "back"));
    const devices = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(devices, outcomes, fc.nat(4), (names, stream, more) => {
        const lanes = lanesOf(names);
        const taken: Item[] = [];
        for (let steps = 0; steps < 5_000 && lanes.size > 0; steps += 1) {
          const out: Item[] = [];
          for (let item = lanes.next(); item !== undefined; item = lanes.next()) {
            out.push(item);
            if (out.length > more) break;
          }
          expect(new Set(out.map(({ lane }) => lane)).size).toBe(out.length);
          for (const item of out) {
            if (stream.next().value === "back" && steps < 100) lanes.back(item.seq);
            else {
              lanes.taken(item.seq);
              taken.push(item);
            }
          }
        }
        expect(lanes.through).toBe(names.length);
        for (const name of new Set(names)) {
          const seqs = taken.filter(({ lane }) => lane === name).map(({ seq }) => seq);
          expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
        }
      }),
    );
  });
});
