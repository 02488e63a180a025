/** Answers what the command line asks. */

import type { DeadLetters } from "../delivery/dead-letters.ts";
import { isVigieError } from "../errors/error.ts";
import { say, verbatim } from "../errors/sentence.ts";
import { hasReadingsOutside } from "../intake/amend.ts";
import { correct, discard, end, give, release, withdraw } from "../intake/desk.ts";
import type { DeskParts } from "../intake/parts.ts";
import { readWaiting, type Waiting } from "../intake/waiting.ts";
import type { Journal } from "../journal/port.ts";
import type { BadgeReader, Radio } from "../link/port.ts";
import { measuredAt } from "../measure/site-time.ts";
import { assign } from "../registry/assignments.ts";
import { auditDraft } from "../registry/audit.ts";
import { applyDocument, documentOf } from "../registry/desired-state.ts";
import { errors as registryErrors } from "../registry/errors.ts";
import { giveBadge, putDevice, putPerson, removeDevice, removePerson } from "../registry/known.ts";
import type { SessionBook } from "../registry/sessions.ts";
import type { KnownAssignment } from "../registry/shape.ts";
import { encodeMessage } from "../seal/message.ts";
import { type HealthParts, healthOf, type Line } from "./health.ts";
import { Pairings } from "./pairing.ts";
import type { Answer, Control, Request } from "./port.ts";
import { type RotatingJournal, rotateKey } from "./rotate.ts";

export interface ControlParts extends DeskParts {
  /** What the journal's own commands read. */
  readonly reader: Pick<Journal, "status" | "segments" | "lastSeq" | "verify">;
  /** What the health of the gateway is read from. */
  readonly health: HealthParts["journal"];
  /** The destinations, where the gateway runs. */
  readonly lines: () => readonly Line[];
  /** Whose keys are changed. */
  readonly keys: RotatingJournal;
  readonly sessions: SessionBook;
  /** What the log of this run calls a device; there where there is a log. */
  readonly nameInLog?: (address: string) => string;
  readonly deadLetters: Pick<DeadLetters, "list" | "sendAgain" | "forgetErased">;
  /** What pairs devices. @throws PAIRING_…: why there is none */
  readonly radio: () => Radio;
  /** By their names. */
  readonly readers: () => ReadonlyMap<string, BadgeReader>;
}

interface Answering extends ControlParts {
  readonly pairings: Pairings;
}

export function createControl(parts: ControlParts): Control {
  const answering = { ...parts, pairings: new Pairings(parts) };
  return {
    ask: async (request) => {
      try {
        return await answer(request, answering);
      } catch (error) {
        if (!isVigieError(error)) throw error;
        const { found, expected, where } = error.detail;
        return {
          is: "refused",
          code: error.code,
          ...(found === undefined ? {} : { found }),
          ...(expected === undefined ? {} : { expected }),
          ...(where === undefined ? {} : { where }),
        };
      }
    },
  };
}

const done: Answer = { is: "done" };

async function answer(request: Request, parts: Answering): Promise<Answer> {
  const { journal, registry, sessions, pairings } = parts;
  switch (request.do) {
    case "health": {
      const { gateway, destinations, lines } = parts;
      const { timeZone } = gateway;
      return {
        is: "health",
        health: await healthOf({ journal: parts.health, timeZone, destinations, lines: lines() }),
      };
    }
    case "journal-status": {
      const { cursors, ...status } = await parts.reader.status();
      return { is: "status", status: { ...status, cursors: { ...cursors } } };
    }
    case "journal-segments":
      return segments(parts.reader, request.from, request.max);
    case "journal-verify": {
      const { findings, ...verification } = await parts.reader.verify();
      return { is: "verification", verification: { ...verification, findings: [...findings] } };
    }
    case "key-rotate":
      await rotateKey(parts.keys, request, request.actor, registry.now());
      return done;
    case "registry-show":
      return show(parts);
    case "registry-export":
      return { is: "document", document: documentOf(registry.state, request.identities) };
    case "registry-apply": {
      const hasReadings = (one: KnownAssignment, until: number) =>
        hasReadingsOutside(one, { from: Number.NEGATIVE_INFINITY, until }, parts);
      return { is: "changes", changes: [...(await applyDocument(registry, request, hasReadings, request.actor))] };
    }
    case "device-put":
      await putDevice(registry, request.device, request.actor);
      return done;
    case "device-remove":
      await removeDevice(registry, request.device, request.actor);
      return done;
    case "pairing-begin":
      return pairings.begin();
    case "pairing-look":
      return pairings.look(request.pairing, request.since);
    case "pairing-pick":
      pairings.pick(request.pairing, request);
      return done;
    case "pairing-answer":
      pairings.answer(request.pairing, request);
      return done;
    case "pairing-end":
      pairings.end(request.pairing);
      return done;
    case "person-put":
      await putPerson(registry, request.person, request.actor);
      return done;
    case "person-badge":
      await giveBadge(registry, { person: request.person, badge: request.badge }, request.actor);
      return done;
    case "badge-learn":
      await learnBadge(request, parts);
      return done;
    case "person-remove":
      await removePerson(registry, request.person, request.actor);
      return done;
    case "person-erase":
      return { is: "done", erased: await erase(request, parts) };
    case "assign-add": {
      const { do: _, actor, from = registry.now().wall, ...given } = request;
      return { is: "done", id: await assign(registry, { ...given, from }, actor) };
    }
    case "assign-end":
      return { is: "done", id: await end(request, parts, request.actor) };
    case "assign-correct":
      return { is: "done", ...(await correct(request, parts, request.actor)) };
    case "session-open": {
      const { person, badge } = request;
      if ((person === undefined) === (badge === undefined)) {
        throw registryErrors.REGISTRY_INVALID({
          found: say("`person` et `badge`, ou aucun", "`person` and `badge`, or neither"),
          expected: say("l'un des deux", "one of them"),
        });
      }
      const who = badge !== undefined ? { badge } : { person: person ?? "" };
      return { is: "done", id: (await sessions.start({ ...request, who }, request.actor)).id };
    }
    case "session-close":
      await sessions.close(request.device, request.actor);
      return done;
    case "quarantine-list":
      return { is: "quarantine", waiting: (await readWaiting(journal)).map((one) => shown(one, parts)) };
    case "quarantine-release":
      await release(request, parts, request.actor);
      return done;
    case "quarantine-discard":
      await discard(request.id, parts, request.actor);
      return done;
    case "deliveries-dead":
      return {
        is: "dead-letters",
        timeZone: parts.gateway.timeZone,
        letters: [...parts.deadLetters.list(request.destination)],
      };
    case "deliveries-retry":
      return { is: "again", count: await again(request, parts) };
    case "consent-say":
      if (request.what === "withdrawn") {
        const erased = await withdraw(request, parts, request.actor);
        await parts.deadLetters.forgetErased();
        return { is: "done", erased };
      }
      await give(request, parts, request.actor);
      return done;
  }
}

/** All that the journal holds of a person (RGPD, article 17). Who ordered it is said first; of whom, nowhere. */
async function erase(
  { person, actor }: Extract<Request, { do: "person-erase" }>,
  { journal, deadLetters, registry }: ControlParts,
): Promise<number> {
  await journal.append(auditDraft(actor, { action: "erasure-ordered", subject: {} }, registry.now()));
  const erased = await journal.erasePerson(person, actor.reason);
  await deadLetters.forgetErased();
  return erased;
}

async function again(
  { destination, seqs, actor }: Extract<Request, { do: "deliveries-retry" }>,
  { deadLetters, registry }: ControlParts,
): Promise<number> {
  const deed = { action: "delivery-retried", subject: { destination, seqs } };
  return deadLetters.sendAgain(destination, seqs, auditDraft(actor, deed, registry.now()));
}

/** The number goes from the reader to the registry; nobody reads or types it. */
async function learnBadge(
  { person, reader: name, actor }: Extract<Request, { do: "badge-learn" }>,
  { registry, readers }: ControlParts,
): Promise<void> {
  const reader = readers().get(name);
  if (reader === undefined)
    throw registryErrors.BADGE_READER_UNKNOWN({ expected: verbatim([...readers().keys()].join(", ")) });
  if (registry.state.persons.get(person) === undefined) throw registryErrors.PERSON_NOT_REGISTERED();
  const badge = await reader.next();
  if (badge === undefined) throw registryErrors.BADGE_NOT_SHOWN();
  await giveBadge(registry, { person, badge }, actor);
}

function show({ gateway, registry, sessions, nameInLog }: ControlParts): Answer {
  const { devices, persons, assignments, consents } = registry.state;
  return {
    is: "registry",
    timeZone: gateway.timeZone,
    devices: [...devices.values()],
    ...(nameInLog === undefined ? {} : { inLog: devices.values().map(({ address }) => nameInLog(address)) }),
    persons: persons.values().map(({ reference, system, label, ins, badge }) => ({
      reference,
      system,
      label,
      qualified: ins !== undefined,
      badge: badge !== undefined,
    })),
    assignments: [...assignments.values()],
    consents: [...consents.values()],
    sessions: [...sessions.list()],
  };
}

function shown({ id, reason, measurement }: Waiting, { gateway }: ControlParts) {
  const { kind, device, userSlot } = measurement;
  const { iso, receivedIso } = measuredAt(measurement, gateway.timeZone);
  return {
    id,
    reason,
    kind,
    device: device.address,
    ...(userSlot === undefined ? {} : { userSlot }),
    measuredAt: iso,
    receivedAt: receivedIso,
  };
}

async function segments(journal: ControlParts["reader"], from: number, max: number): Promise<Answer> {
  const read = await journal.segments(from, max);
  return {
    is: "segments",
    lastSeq: journal.lastSeq,
    segments: read.map(({ epoch, firstSeq, lastSeq, ...message }) => {
      return { epoch, firstSeq, lastSeq, message: Buffer.from(encodeMessage(message)).toString("base64") };
    }),
  };
}
