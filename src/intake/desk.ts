/** What a person decides about measurements: release, discard, correct. Each with who and why, in the audit trail. */
import { verbatim } from "../errors/sentence.ts";
import type { SeqRange } from "../journal/port.ts";
import { measuredAt } from "../measure/site-time.ts";
import { type Correction, correctAssignment, endAssignment } from "../registry/assignments.ts";
import type { Actor } from "../registry/audit.ts";
import { giveConsent, type Said, withdrawConsent } from "../registry/consents.ts";
import { errors as registryErrors } from "../registry/errors.ts";
import { momentOf } from "../registry/moment.ts";
import { quarantineWords } from "../registry/port.ts";
import { hasReadingsOutside } from "./amend.ts";
import { carryOut, type Due, dueFact } from "./due.ts";
import { errors } from "./errors.ts";
import { forget } from "./forget.ts";
import { type DeskParts, personOf } from "./parts.ts";
import { readWaiting, WAITING, type Waiting } from "./waiting.ts";

export type WithReason = Actor & Required<Pick<Actor, "reason">>;

/**
 * Makes a waiting measurement its person's: the one who is named, else the one whom the registry names by now.
 * @throws QUARANTINE_UNKNOWN, QUARANTINE_UNRESOLVED, PERSON_NOT_REGISTERED
 */
export async function release(
  { id, person }: { readonly id: string; readonly person?: string },
  parts: DeskParts,
  actor: WithReason,
): Promise<void> {
  const due = await parts.registry.change(actor, async () => {
    const { measurement, reason } = await waitingAs(id, parts);
    const whose = personOf(person ?? resolved(measurement, parts), parts).reference;
    const device = measurement.device.address;
    const subject = { quarantine: id, because: reason, device, person: whose, named: person !== undefined };
    const result: Due = { type: "release", quarantine: id, person: whose, measurement };
    return {
      deed: { action: "quarantine-released", subject, device, person: whose },
      facts: [{ shelf: WAITING, key: id }, dueFact(result)],
      result,
    };
  });
  await carryOut(due, parts);
}

/** It is nobody's, or no measure: its body goes, its signed trace stays. @throws QUARANTINE_UNKNOWN */
export function discard(id: string, parts: DeskParts, actor: WithReason): Promise<void> {
  return parts.registry.change(actor, async () => {
    const { measurement, reason } = await waitingAs(id, parts);
    // The body first: cut here, the reading still waits, and can be discarded again.
    await forget(measurement, "discarded", parts);
    const device = measurement.device.address;
    const deed = { action: "quarantine-discarded", subject: { quarantine: id, because: reason, device }, device };
    return { deed, facts: [{ shelf: WAITING, key: id }], result: undefined };
  });
}

/**
 * Puts a wrong assignment right, and issues its readings again as the right person's.
 * @returns the new assignment's id, and how many readings were amended.
 * @throws as correctAssignment(); ASSIGNMENT_HAS_READINGS where the new period leaves out a reading that was sent
 */
export async function correct(correction: Correction, parts: DeskParts, actor: WithReason) {
  const { id } = await correctAssignment(
    parts.registry,
    correction,
    async (wrong, right) => {
      if (await hasReadingsOutside(wrong, right, parts)) throw registryErrors.ASSIGNMENT_HAS_READINGS();
      return [dueFact({ type: "amend", assignment: right.id })];
    },
    actor,
  );
  return { id, amended: await carryOut({ type: "amend", assignment: id }, parts) };
}

/** @throws as endAssignment() */
export function end(ending: { readonly id: string; readonly at?: number }, parts: DeskParts, actor: Actor) {
  const hasReadings = (assignment: Parameters<typeof hasReadingsOutside>[0], until: number) =>
    hasReadingsOutside(assignment, { from: Number.NEGATIVE_INFINITY, until }, parts);
  return endAssignment(parts.registry, ending, hasReadings, actor);
}

/**
 * From then on nothing more of a person's goes to a destination. What was waiting for it stays on the box until its
 * retention ends, or goes at once where the policy says so; what another destination still waits for stays for that one.
 * @returns how many bodies were erased. @throws DESTINATION_UNKNOWN, PERSON_NOT_REGISTERED
 */
export async function withdraw(said: Said, parts: DeskParts, actor: Actor): Promise<number> {
  const { registry } = parts;
  assertDestination(said.destination, parts);
  const due: Due[] = [];
  await withdrawConsent(registry, said, actor, async (now) => {
    if (registry.policy.withdrawnConsent === "hold" || (said.at ?? now) > now) return [];
    const range = await waitingFor(said.destination, parts);
    if (range.after >= range.through) return [];
    const { person, destination } = said;
    due.push({ type: "erase", person, destination, range });
    return due.map(dueFact);
  });
  let erased = 0;
  for (const one of due) erased += await carryOut(one, parts);
  return erased;
}

/** @throws DESTINATION_UNKNOWN, PERSON_NOT_REGISTERED */
export async function give(said: Said, parts: DeskParts, actor: Actor): Promise<void> {
  assertDestination(said.destination, parts);
  await giveConsent(parts.registry, said, actor);
}

/** What a destination has not receipted, and every other one has. */
async function waitingFor(destination: string, { journal, destinations }: DeskParts): Promise<SeqRange> {
  const others = destinations.filter((other) => other !== destination);
  const receipted = await Promise.all(others.map((other) => journal.cursor(other)));
  return { after: await journal.cursor(destination), through: Math.min(journal.lastSeq, ...receipted) };
}

/** A slip in a name would withhold nothing, unseen. */
function assertDestination(destination: string, { destinations }: DeskParts): void {
  if (destinations.includes(destination)) return;
  throw errors.DESTINATION_UNKNOWN({ found: verbatim(destination), expected: verbatim(destinations.join(", ")) });
}

async function waitingAs(id: string, { journal }: DeskParts): Promise<Waiting> {
  const waiting = (await readWaiting(journal)).find((one) => one.id === id);
  if (waiting === undefined) throw errors.QUARANTINE_UNKNOWN();
  return waiting;
}

function resolved(
  { device, userSlot, ...measurement }: Waiting["measurement"],
  { registry, gateway }: DeskParts,
): string {
  const whose = registry.attribute(device.address, userSlot, momentOf(measuredAt(measurement, gateway.timeZone)));
  if ("quarantine" in whose) throw errors.QUARANTINE_UNRESOLVED({ found: quarantineWords[whose.quarantine] });
  return whose.person.reference;
}
