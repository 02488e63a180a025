/** Assignments: made, ended, put right. What was said stays; what says something never overlaps. */
import { type Sentence, say, verbatim } from "../errors/sentence.ts";
import type { Fact } from "../journal/port.ts";
import type { Actor } from "./audit.ts";
import { newId } from "./audit.ts";
import { errors } from "./errors.ts";
import { parsed } from "./parsed.ts";
import type { Assignment } from "./port.ts";
import { assignmentShape, type KnownAssignment } from "./shape.ts";
import type { State } from "./state.ts";
import type { Decision, RegistryStore } from "./store.ts";

/** What a caller says of an assignment: everything but its id. */
export type NewAssignment = Pick<KnownAssignment, "device" | "userSlot" | "person" | "from" | "until">;

/**
 * @returns its id.
 * @throws REGISTRY_INVALID, DEVICE_UNKNOWN, PERSON_NOT_REGISTERED, ASSIGNMENT_PERIOD, ASSIGNMENT_OVERLAPS
 */
export function assign(registry: RegistryStore, given: NewAssignment, actor: Actor): Promise<string> {
  return registry.change(actor, (draft) => {
    const assignment = placeAssignment(draft, given);
    return decision("assignment-added", assignment);
  });
}

/** The readings of an assignment that were taken at or after a time; asked before it is ended in the past. */
export type HasReadings = (assignment: KnownAssignment, from: number) => Promise<boolean>;

/** @throws ASSIGNMENT_UNKNOWN, ASSIGNMENT_CORRECTED, ASSIGNMENT_PERIOD, ASSIGNMENT_HAS_READINGS, ASSIGNMENT_OVERLAPS */
export function endAssignment(
  registry: RegistryStore,
  { id, at }: { readonly id: string; readonly at?: number },
  hasReadings: HasReadings,
  actor: Actor,
): Promise<string> {
  return registry.change(actor, async (draft, now) => {
    const known = inForce(draft, id);
    const ended = moveEnd(draft, known, at ?? now.wall);
    if (await hasReadings(known, ended.until ?? Number.POSITIVE_INFINITY)) throw errors.ASSIGNMENT_HAS_READINGS();
    return decision("assignment-ended", ended);
  });
}

export interface Correction {
  readonly id: string;
  readonly person: string;
  readonly from?: number;
  readonly until?: number;
}

/**
 * Puts a wrong assignment right by a new one, which takes its place.
 * @param affected what follows from it, to be written with it: given both, it may refuse.
 * @returns the new one. @throws as assign(); ASSIGNMENT_UNKNOWN, ASSIGNMENT_CORRECTED
 */
export function correctAssignment(
  registry: RegistryStore,
  { id, person, from, until }: Correction,
  affected: (wrong: KnownAssignment, right: KnownAssignment) => Promise<readonly Fact[]>,
  actor: Actor,
): Promise<KnownAssignment> {
  return registry.change(actor, async (draft) => {
    const wrong = inForce(draft, id);
    draft.assignments.drop(id);
    const end = until ?? wrong.until;
    const right = placeAssignment(
      draft,
      {
        device: wrong.device,
        person,
        from: from ?? wrong.from,
        ...(wrong.userSlot === undefined ? {} : { userSlot: wrong.userSlot }),
        ...(end === undefined ? {} : { until: end }),
      },
      id,
    );
    draft.assignments.put({ ...wrong, correctedBy: right.id });
    return { ...decision("assignment-corrected", right), result: right, facts: await affected(wrong, right) };
  });
}

/** @throws as assign() */
export function placeAssignment(draft: State, given: NewAssignment, corrects?: string): KnownAssignment {
  const assignment = parsed(assignmentShape, {
    id: freshId(draft),
    ...given,
    ...(corrects === undefined ? {} : { corrects }),
  });
  if (draft.devices.get(assignment.device) === undefined) throw errors.DEVICE_UNKNOWN();
  if (draft.persons.get(assignment.person) === undefined) throw errors.PERSON_NOT_REGISTERED();
  assertPeriod(draft, assignment);
  draft.assignments.put(assignment);
  return assignment;
}

/** @throws ASSIGNMENT_PERIOD, ASSIGNMENT_OVERLAPS */
export function moveEnd(draft: State, known: KnownAssignment, until: number | undefined): KnownAssignment {
  const { until: _, ...open } = known;
  const ended = parsed(assignmentShape, until === undefined ? open : { ...open, until });
  assertPeriod(draft, ended);
  draft.assignments.put(ended);
  return ended;
}

/** Whether a reading could fall under both. */
export function compete(a: Assignment, b: Assignment): boolean {
  const sameUser = a.userSlot === undefined || b.userSlot === undefined || a.userSlot === b.userSlot;
  const end = ({ until = Number.POSITIVE_INFINITY }: Assignment) => until;
  return a.device === b.device && sameUser && a.from < end(b) && b.from < end(a);
}

function assertPeriod(draft: State, assignment: KnownAssignment): void {
  if (assignment.until !== undefined && assignment.until <= assignment.from) throw errors.ASSIGNMENT_PERIOD();
  const other = draft.assignments
    .values()
    .find((one) => one.correctedBy === undefined && one.id !== assignment.id && compete(one, assignment));
  if (other !== undefined) throw errors.ASSIGNMENT_OVERLAPS({ found: period(other) });
}

function inForce({ assignments }: State, id: string): KnownAssignment {
  const known = assignments.get(id);
  if (known === undefined) throw errors.ASSIGNMENT_UNKNOWN();
  if (known.correctedBy !== undefined) throw errors.ASSIGNMENT_CORRECTED({ found: verbatim(known.correctedBy) });
  return known;
}

function freshId({ assignments }: State): string {
  for (let id = newId(); ; id = newId()) if (assignments.get(id) === undefined) return id;
}

function decision(action: string, assignment: KnownAssignment): Decision<string> {
  const { id, device, person, from, until } = assignment;
  const subject = {
    ...assignment,
    assignment: id,
    id: undefined,
    from: new Date(from).toISOString(),
    until: until === undefined ? undefined : new Date(until).toISOString(),
  };
  return { deed: { action, subject, device, person }, result: id };
}

function period({ id, from, until }: KnownAssignment): Sentence {
  const [begins, ends] = [new Date(from).toISOString(), until === undefined ? "…" : new Date(until).toISOString()];
  return say(`${id}, du ${begins} au ${ends}`, `${id}, from ${begins} to ${ends}`);
}
