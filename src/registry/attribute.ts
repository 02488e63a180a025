import type { Person } from "../fhir/port.ts";
import type { Assignment, Attribution, Moment, Registry } from "./port.ts";

/** A registry over what is known now; both lists are read anew at every reading, so they may grow. */
export function registryOf(known: {
  readonly persons: readonly Person[];
  readonly assignments: readonly Assignment[];
}): Registry {
  const byReference = (reference: string) => known.persons.find((person) => person.reference === reference);
  return { attribute: (...reading) => attribute(known.assignments, byReference, ...reading) };
}

/** Whose reading it is: the person of the assignment that covers it. */
export function attribute(
  assignments: readonly Assignment[],
  personOf: (reference: string) => Person | undefined,
  device: string,
  userSlot: number | undefined,
  moment: Moment | undefined,
): Attribution {
  const outcome = assignmentFor(assignments, device, userSlot, moment);
  if ("quarantine" in outcome) return outcome;
  const { id, person: reference } = outcome.assignment;
  const person = personOf(reference);
  if (person === undefined) return { quarantine: "unassigned" };
  return { person, ...(id === undefined ? {} : { assignment: id }) };
}

/**
 * The assignment that was valid when a reading was taken.
 *
 * On a device where slots are assigned, a reading must name one of them; on a device assigned as a whole, the slot does
 * not matter. Two assignments that both fit (which the registry refuses to store) are an ambiguity, not a choice. Where
 * the time is uncertain, all assignments that it could fall under must be the same person's, without a gap towards the
 * side where nothing bounds it.
 */
export function assignmentFor(
  assignments: readonly Assignment[],
  device: string,
  userSlot: number | undefined,
  moment: Moment | undefined,
): { readonly assignment: Assignment } | Extract<Attribution, { quarantine: unknown }> {
  const ofDevice = assignments.filter((assignment) => assignment.device === device);
  if (ofDevice.length === 0) return { quarantine: "unassigned" };
  if (moment === undefined) return { quarantine: "time-impossible" };
  const then = ofDevice.filter(({ from, until }) => from <= moment.at && (until === undefined || moment.at < until));
  if (then.length === 0) return { quarantine: moment.unless === undefined ? "unassigned-then" : "time-impossible" };
  const fits = (one: Assignment) => one.userSlot === undefined || one.userSlot === userSlot;
  const [only, another] = then.filter(fits);
  if (only === undefined || another !== undefined) return { quarantine: "user-slot-unknown" };
  const couldBe = ofDevice.filter((one) => fits(one) && isPossible(one, moment));
  const isCertain = couldBe.every(({ person }) => person === only.person) && !endsBefore(only, moment);
  return isCertain ? { assignment: only } : { quarantine: "time-impossible" };
}

/** Whether a reading of that moment could fall under an assignment. */
function isPossible({ from, until = Number.POSITIVE_INFINITY }: Assignment, { at, unless }: Moment): boolean {
  const earliest = unless === "earlier" || unless === "either" ? Number.NEGATIVE_INFINITY : at;
  const latest = unless === "later" || unless === "either" ? Number.POSITIVE_INFINITY : at;
  return from <= latest && until > earliest;
}

/** Whether the assignment may be over at the reading's true time, which lies after the one that is known. */
function endsBefore({ until }: Assignment, { unless }: Moment): boolean {
  return until !== undefined && (unless === "later" || unless === "either");
}
