/** Devices and persons: put into the registry, changed, and taken out again where nothing hangs on them. */
import { say, verbatim } from "../errors/sentence.ts";
import type { InsType } from "../fhir/port.ts";
import type { Actor } from "./audit.ts";
import { errors } from "./errors.ts";
import { parsed } from "./parsed.ts";
import { deviceShape, type KnownDevice, type KnownPerson, personShape, transportOf } from "./shape.ts";
import { copyOf, type State } from "./state.ts";
import type { RegistryPolicy, RegistryStore } from "./store.ts";

/** Adds a device, or replaces what is known of it. @throws REGISTRY_INVALID, DEVICE_DRIVER_UNFIT, DEVICE_PORT_TAKEN */
export function putDevice(registry: RegistryStore, given: unknown, actor: Actor): Promise<void> {
  return registry.change(actor, (draft) => {
    const device = parsed(deviceShape, given);
    const action = draft.devices.get(device.address) === undefined ? "device-added" : "device-changed";
    placeDevice(draft, device, registry);
    const { address, driver } = device;
    return { deed: { action, subject: { device: address, driver }, device: address }, result: undefined };
  });
}

/** @throws what putDevice() would */
export function checkDevice(registry: RegistryStore, given: unknown): void {
  placeDevice(copyOf(registry.state), parsed(deviceShape, given), registry);
}

/** Enrols a device that was paired, or paired anew; `method` says how. @throws as putDevice() */
export function enrolDevice(
  registry: RegistryStore,
  given: unknown,
  { method, driver }: { readonly method: string; readonly driver: string },
  actor: Actor,
): Promise<void> {
  return registry.change(actor, (draft) => {
    const device = parsed(deviceShape, given);
    placeDevice(draft, device, registry);
    const { address } = device;
    const subject = { device: address, driver, method };
    return { deed: { action: "device-paired", subject, device: address }, result: undefined, isDone: true };
  });
}

/** Adds a person, or replaces what is known of them. @throws REGISTRY_INVALID, INS_TEST_REFUSED, BADGE_TAKEN */
export function putPerson(registry: RegistryStore, given: unknown, actor: Actor): Promise<void> {
  return registry.change(actor, (draft) => {
    const person = parsed(personShape, given);
    const { reference, system } = person;
    const action = draft.persons.get(reference) === undefined ? "person-added" : "person-changed";
    placePerson(draft, person, registry.policy);
    const subject = {
      person: reference,
      system,
      qualified: person.ins !== undefined,
      badge: person.badge !== undefined,
    };
    return { deed: { action, subject, person: reference }, result: undefined };
  });
}

/** Gives a person a badge, another one, or none. @throws PERSON_NOT_REGISTERED, REGISTRY_INVALID, BADGE_TAKEN */
export function giveBadge(
  registry: RegistryStore,
  { person, badge }: { readonly person: string; readonly badge: string | undefined },
  actor: Actor,
): Promise<void> {
  return registry.change(actor, (draft) => {
    const known = draft.persons.get(person);
    if (known === undefined) throw errors.PERSON_NOT_REGISTERED();
    const { badge: _, ...others } = known;
    const changed = parsed(personShape, badge === undefined ? others : { ...others, badge });
    placePerson(draft, changed, registry.policy);
    const action = badge === undefined ? "badge-taken" : "badge-given";
    return { deed: { action, subject: { person }, person }, result: undefined };
  });
}

/** @throws DEVICE_UNKNOWN, DEVICE_ASSIGNED */
export function removeDevice(registry: RegistryStore, address: string, actor: Actor): Promise<void> {
  return registry.change(actor, (draft, { wall }) => {
    if (draft.devices.get(address) === undefined) throw errors.DEVICE_UNKNOWN();
    takeDevice(draft, address, wall);
    return { deed: { action: "device-removed", subject: { device: address }, device: address }, result: undefined };
  });
}

/** Their readings stay theirs. @throws PERSON_NOT_REGISTERED, PERSON_ASSIGNED */
export function removePerson(registry: RegistryStore, reference: string, actor: Actor): Promise<void> {
  return registry.change(actor, (draft, { wall }) => {
    if (draft.persons.get(reference) === undefined) throw errors.PERSON_NOT_REGISTERED();
    takePerson(draft, reference, wall);
    return { deed: { action: "person-removed", subject: { person: reference }, person: reference }, result: undefined };
  });
}

/** A repeat changes nothing. @throws REGISTRY_INVALID, DEVICE_DRIVER_UNFIT, DEVICE_PORT_TAKEN */
export function placeDevice(draft: State, device: KnownDevice, { transportOf: known }: Drivers): void {
  const transport = transportOf(device.address);
  const { driver, port, line } = device;
  if (driver !== undefined && known !== undefined && known(driver) !== transport) {
    throw errors.DEVICE_DRIVER_UNFIT({ found: verbatim(driver) });
  }
  if (transport === "ble" && (port ?? line) !== undefined)
    throw errors.REGISTRY_INVALID({ found: say("`port`, `line`", "`port`, `line`") });
  if (port !== undefined && driver === undefined)
    throw errors.REGISTRY_INVALID({
      found: say("`port` seul", "`port` alone"),
      expected: say("`driver` aussi", "`driver` too"),
    });
  const other = port === undefined ? undefined : draft.devices.values().find((one) => one.port === port);
  if (other !== undefined && other.address !== device.address)
    throw errors.DEVICE_PORT_TAKEN({ found: verbatim(other.address) });
  if (!isSame(draft.devices.get(device.address), device)) draft.devices.put(device);
}

/** What a forced driver is checked against. */
export type Drivers = Pick<RegistryStore, "transportOf">;

/** A repeat changes nothing. @throws INS_TEST_REFUSED, BADGE_TAKEN */
export function placePerson(draft: State, person: KnownPerson, { testIdentities }: RegistryPolicy): void {
  if (person.ins !== undefined && !testIdentities && isTest(person.ins.type)) throw errors.INS_TEST_REFUSED();
  const { badge, reference } = person;
  const other = badge === undefined ? undefined : draft.persons.values().find((one) => one.badge === badge);
  if (other !== undefined && other.reference !== reference) throw errors.BADGE_TAKEN();
  if (!isSame(draft.persons.get(reference), person)) draft.persons.put(person);
}

/** @throws DEVICE_ASSIGNED */
export function takeDevice(draft: State, address: string, now: number): void {
  const assignment = heldBy(draft, now, (one) => one.device === address);
  if (assignment !== undefined)
    throw errors.DEVICE_ASSIGNED({ found: say(`attribution ${assignment.id}`, `assignment ${assignment.id}`) });
  draft.devices.drop(address);
}

/** @throws PERSON_ASSIGNED */
export function takePerson(draft: State, reference: string, now: number): void {
  const assignment = heldBy(draft, now, (one) => one.person === reference);
  if (assignment !== undefined)
    throw errors.PERSON_ASSIGNED({ found: say(`attribution ${assignment.id}`, `assignment ${assignment.id}`) });
  draft.persons.drop(reference);
}

/** An assignment that is not over yet. */
function heldBy({ assignments }: State, now: number, concerns: (one: { device: string; person: string }) => boolean) {
  return assignments
    .values()
    .find((one) => one.correctedBy === undefined && concerns(one) && (one.until === undefined || one.until > now));
}

const isTest = (type: InsType): boolean => type === "INS-NIR-TEST" || type === "INS-NIR-DEMO";

/** Both come out of the same shape, so their keys stand in the same order. */
const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
