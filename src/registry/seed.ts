/**
 * What the configuration lists of devices, persons and assignments goes into the registry, each entry once: at the first
 * start that sees it. From then on the registry is what counts; ending or removing an entry there is not undone by a start.
 */
import { isVigieError, type VigieError } from "../errors/error.ts";
import { type NewAssignment, placeAssignment } from "./assignments.ts";
import { placeDevice, placePerson } from "./known.ts";
import { parsed } from "./parsed.ts";
import { deviceShape, type KnownDevice, type KnownPerson, personShape } from "./shape.ts";
import type { State } from "./state.ts";
import type { RegistryStore } from "./store.ts";

export interface Seeds {
  readonly devices: readonly KnownDevice[];
  readonly persons: readonly KnownPerson[];
  readonly assignments: readonly NewAssignment[];
}

/** @returns why an entry was not taken: it is tried again at the next start. */
export async function seed(registry: RegistryStore, seeds: Seeds): Promise<readonly VigieError[]> {
  const refused: VigieError[] = [];
  const change = registry.change({ by: "configuration" }, (draft) => {
    const taken: string[] = [];
    for (const { entry, place } of entriesOf(seeds, draft, registry)) {
      if (draft.seeds.get(entry) !== undefined) continue;
      try {
        place();
        draft.seeds.put({ entry });
        taken.push(entry);
      } catch (error) {
        if (!isVigieError(error)) throw error;
        refused.push(error);
      }
    }
    return { deed: { action: "registry-seeded", subject: { entries: taken } }, result: undefined };
  });
  // A full journal is no reason not to start: what is delivered makes room.
  await change.catch((error: unknown) => {
    if (!isVigieError(error, "JOURNAL_FULL")) throw error;
    refused.push(error);
  });
  return refused;
}

/** What is known already stays as it is known. */
function entriesOf({ devices, persons, assignments }: Seeds, draft: State, registry: RegistryStore) {
  return [
    ...devices.map((device) => ({
      entry: `device ${device.address}`,
      place: () => draft.devices.get(device.address) ?? placeDevice(draft, parsed(deviceShape, device), registry),
    })),
    ...persons.map((person) => ({
      entry: `person ${person.reference}`,
      place: () =>
        draft.persons.get(person.reference) ?? placePerson(draft, parsed(personShape, person), registry.policy),
    })),
    ...assignments.map((one) => ({
      entry: `assignment ${one.device} ${one.userSlot ?? "*"} ${new Date(one.from).toISOString()} ${one.person}`,
      place: () => placeAssignment(draft, one),
    })),
  ];
}
