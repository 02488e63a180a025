import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assignmentFor, registryOf } from "../../src/registry/attribute.ts";
import type { Assignment } from "../../src/registry/port.ts";

const cuff = "5C:31:3E:00:00:01";
const monday = Date.parse("2026-11-16T00:00:00+01:00");
const friday = Date.parse("2026-11-20T00:00:00+01:00");

test("a reading is whose the device was when it was taken, not whose it is now", () => {
  const moved: Assignment[] = [
    { device: cuff, person: "p-12", from: monday, until: friday },
    { device: cuff, person: "p-14", from: friday },
  ];
  expect(assignmentFor(moved, cuff, undefined, { at: friday - 1 })).toMatchObject({ assignment: { person: "p-12" } });
  expect(assignmentFor(moved, cuff, undefined, { at: friday })).toMatchObject({ assignment: { person: "p-14" } });
  expect(assignmentFor(moved, cuff, undefined, { at: monday - 1 })).toEqual({ quarantine: "unassigned-then" });
  expect(assignmentFor(moved, "another", undefined, { at: friday })).toEqual({ quarantine: "unassigned" });
});

test("on a device of several users, the slot must be told and be somebody's", () => {
  const couple: Assignment[] = [
    { device: cuff, userSlot: 1, person: "p-1", from: monday },
    { device: cuff, userSlot: 2, person: "p-2", from: monday },
  ];
  expect(assignmentFor(couple, cuff, 2, { at: friday })).toMatchObject({ assignment: { person: "p-2" } });
  expect(assignmentFor(couple, cuff, undefined, { at: friday })).toEqual({ quarantine: "user-slot-unknown" });
  expect(assignmentFor(couple, cuff, 3, { at: friday })).toEqual({ quarantine: "user-slot-unknown" });
});

test("two assignments that both fit are an ambiguity, never a choice", () => {
  const both: Assignment[] = [
    { device: cuff, person: "p-1", from: monday },
    { device: cuff, person: "p-2", from: monday },
  ];
  expect(assignmentFor(both, cuff, 1, { at: friday })).toEqual({ quarantine: "user-slot-unknown" });
});

test("a person who is named by an assignment and not known is nobody", () => {
  const registry = registryOf({ persons: [], assignments: [{ device: cuff, person: "p-1", from: monday }] });
  expect(registry.attribute(cuff, undefined, { at: friday })).toEqual({ quarantine: "unassigned" });
});

test("whatever the assignments, a reading is attributed only to one that covers its device, slot and time", () => {
  const assignment = fc.record(
    {
      device: fc.constantFrom("A", "B"),
      person: fc.constantFrom("p", "q", "r"),
      from: fc.nat(20),
      userSlot: fc.nat(2),
      until: fc.nat(30),
    },
    { requiredKeys: ["device", "person", "from"] },
  );
  fc.assert(
    fc.property(
      fc.array(assignment, { maxLength: 6 }),
      fc.constantFrom("A", "B", "C"),
      fc.option(fc.nat(2), { nil: undefined }),
      fc.nat(30),
      (assignments, device, slot, at) => {
        const outcome = assignmentFor(assignments, device, slot, { at: at });
        if ("quarantine" in outcome) return;
        const covering = assignments.filter(
          (one) =>
            one.device === device &&
            one.from <= at &&
            (one.until === undefined || at < one.until) &&
            (one.userSlot === undefined || one.userSlot === slot),
        );
        expect(covering.map(({ person }) => person)).toEqual([outcome.assignment.person]);
      },
    ),
  );
});

describe("a reading whose time is uncertain", () => {
  const moved: Assignment[] = [
    { device: cuff, person: "p-12", from: monday, until: friday },
    { device: cuff, person: "p-14", from: friday },
  ];
  const alone: Assignment[] = [{ device: cuff, person: "p-12", from: monday }];
  const later = friday + 3_600_000;

  test.each([
    ["an old memory, perhaps of whoever had the device before", moved, { at: later, unless: "earlier" }],
    ["a clock that stood still, perhaps from before the move", moved, { at: friday - 1, unless: "later" }],
    ["a clock that stood still, before an end that may be past", moved.slice(0, 1), { at: monday, unless: "later" }],
    ["a clock that stood still before anything was assigned", alone, { at: monday - 1, unless: "later" }],
    ["no time at all", alone, undefined],
  ] as const)("waits: %s", (_name, assignments, moment) => {
    expect(assignmentFor(assignments, cuff, undefined, moment)).toEqual({ quarantine: "time-impossible" });
  });

  test.each([
    ["a device that has been one person's only, its clock wrong", alone, { at: later, unless: "earlier" }],
    ["the gateway's clock behind, an assignment without an end", alone, { at: later, unless: "later" }],
    ["both, and one person ever", alone, { at: later, unless: "either" }],
    ["the gateway's clock behind, after the move", moved, { at: later, unless: "later" }],
  ] as const)("is theirs who it must be: %s", (_name, assignments, moment) => {
    expect(assignmentFor(assignments, cuff, undefined, moment)).toMatchObject({ assignment: assignments.at(-1) });
  });
});

test("whatever it is uncertain about, a reading is a person's only where it would be theirs at every possible time", () => {
  const assignment = fc.record(
    { device: fc.constant("A"), person: fc.constantFrom("p", "q"), from: fc.nat(20), until: fc.nat(30) },
    { requiredKeys: ["device", "person", "from"] },
  );
  const unless = fc.constantFrom("earlier", "later", "either");
  fc.assert(
    fc.property(fc.array(assignment, { maxLength: 5 }), fc.nat(30), unless, (assignments, at, side) => {
      const outcome = assignmentFor(assignments, "A", undefined, { at, unless: side });
      if ("quarantine" in outcome) return;
      for (let time = -1; time <= 32; time += 1) {
        if ((time < at && side === "later") || (time > at && side === "earlier")) continue;
        const then = assignmentFor(assignments, "A", undefined, { at: time });
        if ("assignment" in then) expect(then.assignment.person).toBe(outcome.assignment.person);
      }
    }),
  );
});
