/** What releases and corrections work with. */
import type { GatewayIdentity, Person } from "../fhir/port.ts";
import type { Journal } from "../journal/port.ts";
import type { Specialization } from "../measure/codes.ts";
import type { Measurement } from "../measure/measurement.ts";
import { measuredAt } from "../measure/site-time.ts";
import type { Clock } from "../measure/time.ts";
import { errors } from "../registry/errors.ts";
import type { RegistryStore } from "../registry/store.ts";
import type { Reading } from "./record.ts";

export type DeskJournal = Pick<
  Journal,
  "append" | "facts" | "find" | "lastSeq" | "cursor" | "discard" | "eraseRange" | "erasePerson"
>;

export interface DeskParts {
  readonly gateway: GatewayIdentity;
  readonly journal: DeskJournal;
  /** The names of the configured destinations. */
  readonly destinations: readonly string[];
  readonly registry: RegistryStore;
  readonly clock: Clock;
  /** What kind of device a driver's devices are. @throws where no such driver exists. */
  readonly specializationOf: (driver: string) => Specialization;
}

export function readingOf(measurement: Measurement, { gateway, specializationOf }: DeskParts): Reading {
  const effective = measuredAt(measurement, gateway.timeZone);
  return { measurement, effective, specialization: specializationOf(measurement.driver) };
}

/** @throws PERSON_NOT_REGISTERED */
export function personOf(reference: string, { registry }: Pick<DeskParts, "registry">): Person {
  const person = registry.state.persons.get(reference);
  if (person === undefined) throw errors.PERSON_NOT_REGISTERED();
  return person;
}
