/** All that the registry knows, as a value: a change is made on a copy, and the copy takes over once it is on disk. */
import { z } from "zod";
import type { Fact, JournalFacts } from "../journal/port.ts";
import { assignmentShape, consentShape, deviceShape, personShape } from "./shape.ts";
import { Shelf, type ShelfKind } from "./shelf.ts";

/** An entry of the configuration that has been taken into the registry once. */
const seedShape = z.strictObject({ entry: z.string() });

const kind = <Item>(name: string, shape: z.ZodType<Item>, keyOf: (item: Item) => string): ShelfKind<Item> => ({
  name,
  shape,
  keyOf,
});

const kinds = {
  devices: kind("device", deviceShape, ({ address }) => address),
  persons: kind("person", personShape, ({ reference }) => reference),
  assignments: kind("assignment", assignmentShape, ({ id }) => id),
  consents: kind("consent", consentShape, ({ person, destination }) => consentKey(person, destination)),
  seeds: kind("seed", seedShape, ({ entry }) => entry),
};

export const consentKey = (person: string, destination: string): string => `${destination} ${person}`;

export type State = {
  readonly [Kind in keyof typeof kinds]: (typeof kinds)[Kind] extends ShelfKind<infer Item> ? Shelf<Item> : never;
};

export async function loadState(journal: JournalFacts): Promise<State> {
  return {
    devices: Shelf.from(kinds.devices, await journal.facts("device")),
    persons: Shelf.from(kinds.persons, await journal.facts("person")),
    assignments: Shelf.from(kinds.assignments, await journal.facts("assignment")),
    consents: Shelf.from(kinds.consents, await journal.facts("consent")),
    seeds: Shelf.from(kinds.seeds, await journal.facts("seed")),
  };
}

export function copyOf({ devices, persons, assignments, consents, seeds }: State): State {
  return {
    devices: devices.copy(),
    persons: persons.copy(),
    assignments: assignments.copy(),
    consents: consents.copy(),
    seeds: seeds.copy(),
  };
}

export function changesOf(state: State): readonly Fact[] {
  return Object.values(state).flatMap((shelf) => shelf.changes());
}
