/** What a person decides about measurements: release, discard, correct. Each with who and why, in the audit trail. */
import { measuredAt } from "../measure/site-time.ts";
import { type Correction, correctAssignment, endAssignment } from "../registry/assignments.ts";
import type { Actor } from "../registry/audit.ts";
import { errors as registryErrors } from "../registry/errors.ts";
import { momentOf } from "../registry/moment.ts";
import { hasReadingsOutside } from "./amend.ts";
import { carryOut, type Due, dueFact } from "./due.ts";
import { errors } from "./errors.ts";
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

/** It is nobody's, or no measure. Its signed record stays in the journal. @throws QUARANTINE_UNKNOWN */
export function discard(id: string, parts: DeskParts, actor: WithReason): Promise<void> {
  return parts.registry.change(actor, async () => {
    const { measurement, reason } = await waitingAs(id, parts);
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
  if ("quarantine" in whose) throw errors.QUARANTINE_UNRESOLVED({ found: whose.quarantine });
  return whose.person.reference;
}
