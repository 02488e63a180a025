import type { Person } from "../fhir/port.ts";
import type { Assignment, Attribution, Registry } from "./port.ts";

/** A registry over what is known now; both lists are read anew at every reading, so they may grow. */
export function registryOf(known: {
  readonly persons: readonly Person[];
  readonly assignments: readonly Assignment[];
}): Registry {
  return {
    attribute: (device, userSlot, at) => {
      const outcome = assignmentFor(known.assignments, device, userSlot, at);
      if ("quarantine" in outcome) return outcome;
      const person = known.persons.find(({ reference }) => reference === outcome.person);
      return person === undefined ? { quarantine: "unassigned" } : { person };
    },
  };
}

/**
 * Whose reading it is, by the assignment that was valid when it was taken.
 *
 * On a device where slots are assigned, a reading must name one of them; on a device assigned as a whole, the slot does
 * not matter. Two assignments that both fit (which the registry refuses to store) are an ambiguity, not a choice.
 */
export function assignmentFor(
  assignments: readonly Assignment[],
  device: string,
  userSlot: number | undefined,
  at: number,
): { readonly person: string } | Extract<Attribution, { quarantine: unknown }> {
  const ofDevice = assignments.filter((assignment) => assignment.device === device);
  if (ofDevice.length === 0) return { quarantine: "unassigned" };
  const then = ofDevice.filter(({ from, until }) => from <= at && (until === undefined || at < until));
  if (then.length === 0) return { quarantine: "unassigned-then" };
  const fitting = then.filter((assignment) => assignment.userSlot === undefined || assignment.userSlot === userSlot);
  const [only, another] = fitting;
  if (only === undefined || another !== undefined) return { quarantine: "user-slot-unknown" };
  return { person: only.person };
}
