/**
 * The registry as one document (docs/desired-state.md): what a platform or a site wants to be known, applied so that
 * applying it again changes nothing. A section that is there is complete; one that is not is left alone.
 */
import { z } from "zod";
import { say, verbatim } from "../errors/sentence.ts";
import { type HasReadings, moveEnd, type NewAssignment, placeAssignment } from "./assignments.ts";
import type { Actor } from "./audit.ts";
import { errors } from "./errors.ts";
import { placeDevice, placePerson, takeDevice, takePerson } from "./known.ts";
import { parsed } from "./parsed.ts";
import {
  assignmentShape,
  consentShape,
  deviceShape,
  type KnownAssignment,
  type KnownPerson,
  personShape,
} from "./shape.ts";
import { consentKey, copyOf, type State } from "./state.ts";
import type { RegistryStore } from "./store.ts";

const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const { device, userSlot, person } = assignmentShape.shape;
/** When it was learned is this gateway's own to know. */
const said = consentShape.shape.said.element.omit({ learned: true });

export const documentShape = z.strictObject({
  version: z.literal(1),
  devices: z.array(deviceShape).exactOptional(),
  /** An `ins` that is absent leaves a known one alone; null takes it away. */
  persons: z.array(personShape.extend({ ins: personShape.shape.ins.nullable().exactOptional() })).exactOptional(),
  assignments: z
    .array(z.strictObject({ device, userSlot, person, from: instant, until: instant.exactOptional() }))
    .exactOptional(),
  consents: z.array(consentShape.extend({ said: z.array(said.extend({ at: instant })).min(1) })).exactOptional(),
});
type Document = z.output<typeof documentShape>;

/** One line of what applying a document does. */
export interface StateChange {
  readonly do: "add" | "change" | "end" | "remove";
  readonly what: "device" | "person" | "assignment" | "consent";
  /** An address, an opaque reference, an assignment's id. */
  readonly name: string;
}

export interface Application {
  readonly document: unknown;
  /** Says what would change, and changes nothing. */
  readonly dryRun: boolean;
}

/** @throws REGISTRY_INVALID, STATE_REFUSED, and what each single change throws; then nothing was changed. */
export async function applyDocument(
  registry: RegistryStore,
  { document, dryRun }: Application,
  hasReadings: HasReadings,
  actor: Actor,
): Promise<readonly StateChange[]> {
  const wanted = parsed(documentShape, document);
  const work = (draft: State, now: number) => apply(draft, wanted, registry, hasReadings, now);
  if (dryRun) return work(copyOf(registry.state), registry.now().wall);
  return registry.change(actor, async (draft, { wall }) => {
    const result = await work(draft, wall);
    return { deed: { action: "registry-applied", subject: { changes: result } }, result };
  });
}

async function apply(
  draft: State,
  wanted: Document,
  registry: RegistryStore,
  hasReadings: HasReadings,
  now: number,
): Promise<readonly StateChange[]> {
  const before = copyOf(draft);
  const changes: StateChange[] = [];
  for (const one of wanted.devices ?? []) {
    const known = before.devices.get(one.address);
    placeDevice(draft, one, registry);
    if (draft.devices.get(one.address) !== known) {
      changes.push({ do: known === undefined ? "add" : "change", what: "device", name: one.address });
    }
  }
  for (const one of wanted.persons ?? []) {
    const known = before.persons.get(one.reference);
    placePerson(draft, withKnownIdentity(one, known), registry.policy);
    if (draft.persons.get(one.reference) !== known) {
      changes.push({ do: known === undefined ? "add" : "change", what: "person", name: one.reference });
    }
  }
  if (wanted.assignments !== undefined) {
    changes.push(...(await applyAssignments(draft, wanted.assignments, hasReadings, now)));
  }
  for (const one of wanted.consents ?? []) {
    const key = consentKey(one.person, one.destination);
    const known = draft.consents.get(key)?.said ?? [];
    const isNew = (entry: (typeof known)[number]) =>
      !known.some(({ at, what }) => at === entry.at && what === entry.what);
    const added = one.said.filter(isNew).map((entry) => ({ ...entry, learned: now }));
    if (added.length === 0) continue;
    if (draft.persons.get(one.person) === undefined) throw errors.PERSON_NOT_REGISTERED();
    draft.consents.put({ ...one, said: [...known, ...added].sort((a, b) => a.at - b.at) });
    changes.push({
      do: known.length === 0 ? "add" : "change",
      what: "consent",
      name: `${one.person} ${one.destination}`,
    });
  }
  for (const { address } of wanted.devices === undefined ? [] : before.devices.values()) {
    if (wanted.devices?.some((one) => one.address === address)) continue;
    takeDevice(draft, address, now);
    changes.push({ do: "remove", what: "device", name: address });
  }
  for (const { reference } of wanted.persons === undefined ? [] : before.persons.values()) {
    if (wanted.persons?.some((one) => one.reference === reference)) continue;
    takePerson(draft, reference, now);
    changes.push({ do: "remove", what: "person", name: reference });
  }
  return changes;
}

/** Ends come before beginnings, so that a device can go from one person to the next in one document. */
async function applyAssignments(
  draft: State,
  wanted: readonly NewAssignment[],
  hasReadings: HasReadings,
  now: number,
): Promise<readonly StateChange[]> {
  const changes: StateChange[] = [];
  const added: NewAssignment[] = [];
  const kept = new Set<string>();
  const inForce = draft.assignments.values().filter(({ correctedBy }) => correctedBy === undefined);
  for (const one of wanted) {
    const known = inForce.find((other) => isSameRule(other, one));
    if (known === undefined) {
      added.push(one);
      continue;
    }
    if (known.person !== one.person) {
      const { id } = known;
      const found = say(`une autre personne pour l'attribution ${id}`, `another person for assignment ${id}`);
      throw errors.STATE_REFUSED({ found });
    }
    kept.add(known.id);
    if (known.until === one.until) continue;
    await assertLeavesNobody(known, one.until, hasReadings);
    moveEnd(draft, known, one.until);
    changes.push({ do: "change", what: "assignment", name: known.id });
  }
  for (const known of inForce) {
    if (kept.has(known.id) || (known.until !== undefined && known.until <= now)) continue;
    if (known.from >= now) draft.assignments.drop(known.id);
    else moveEnd(draft, known, now);
    changes.push({ do: known.from >= now ? "remove" : "end", what: "assignment", name: known.id });
  }
  for (const one of added) changes.push({ do: "add", what: "assignment", name: placeAssignment(draft, one).id });
  return changes;
}

async function assertLeavesNobody(known: KnownAssignment, until: number | undefined, hasReadings: HasReadings) {
  const isShorter = until !== undefined && until < (known.until ?? Number.POSITIVE_INFINITY);
  if (isShorter && (await hasReadings(known, until)))
    throw errors.ASSIGNMENT_HAS_READINGS({ found: verbatim(known.id) });
}

const isSameRule = (a: NewAssignment, b: NewAssignment): boolean =>
  a.device === b.device && a.userSlot === b.userSlot && a.from === b.from;

function withKnownIdentity(
  { ins, ...person }: NonNullable<Document["persons"]>[number],
  known: KnownPerson | undefined,
) {
  const identity = ins === undefined ? known?.ins : (ins ?? undefined);
  return parsed(personShape, { ...person, ...(identity === undefined ? {} : { ins: identity }) });
}

/** The registry as a document that applies to itself without a change. @param identities whether the INS are in it. */
export function documentOf(state: State, identities: boolean) {
  const iso = (at: number) => new Date(at).toISOString();
  return {
    version: 1 as const,
    devices: state.devices.values(),
    persons: state.persons.values().map(({ ins, ...one }) => (identities && ins !== undefined ? { ...one, ins } : one)),
    assignments: state.assignments
      .values()
      .filter(({ correctedBy }) => correctedBy === undefined)
      .map(({ device, userSlot, person, from, until }) => ({
        device,
        ...(userSlot === undefined ? {} : { userSlot }),
        person,
        from: iso(from),
        ...(until === undefined ? {} : { until: iso(until) }),
      })),
    consents: state.consents
      .values()
      .map((one) => ({ ...one, said: one.said.map(({ learned: _, ...entry }) => ({ ...entry, at: iso(entry.at) })) })),
  };
}
