import fc from "fast-check";
import { expect, test } from "vitest";
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
  expect(assignmentFor(moved, cuff, undefined, friday - 1)).toEqual({ person: "p-12" });
  expect(assignmentFor(moved, cuff, undefined, friday)).toEqual({ person: "p-14" });
  expect(assignmentFor(moved, cuff, undefined, monday - 1)).toEqual({ quarantine: "unassigned-then" });
  expect(assignmentFor(moved, "another", undefined, friday)).toEqual({ quarantine: "unassigned" });
});

test("on a device of several users, the slot must be told and be somebody's", () => {
  const couple: Assignment[] = [
    { device: cuff, userSlot: 1, person: "p-1", from: monday },
    { device: cuff, userSlot: 2, person: "p-2", from: monday },
  ];
  expect(assignmentFor(couple, cuff, 2, friday)).toEqual({ person: "p-2" });
  expect(assignmentFor(couple, cuff, undefined, friday)).toEqual({ quarantine: "user-slot-unknown" });
  expect(assignmentFor(couple, cuff, 3, friday)).toEqual({ quarantine: "user-slot-unknown" });
});

test("two assignments that both fit are an ambiguity, never a choice", () => {
  const both: Assignment[] = [
    { device: cuff, person: "p-1", from: monday },
    { device: cuff, person: "p-2", from: monday },
  ];
  expect(assignmentFor(both, cuff, 1, friday)).toEqual({ quarantine: "user-slot-unknown" });
});

test("a person who is named by an assignment and not known is nobody", () => {
  const registry = registryOf({ persons: [], assignments: [{ device: cuff, person: "p-1", from: monday }] });
  expect(registry.attribute(cuff, undefined, friday)).toEqual({ quarantine: "unassigned" });
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
        const outcome = assignmentFor(assignments, device, slot, at);
        if ("quarantine" in outcome) return;
        const covering = assignments.filter(
          (one) =>
            one.device === device &&
            one.from <= at &&
            (one.until === undefined || at < one.until) &&
            (one.userSlot === undefined || one.userSlot === slot),
        );
        expect(covering.map(({ person }) => person)).toEqual([outcome.person]);
      },
    ),
  );
});
