/**
 * What a recorded decision has ordered and what is not all in the journal yet: a release, a correction. The order is
 * written with the decision's audit record and taken away with the last record that it asked for, so a power cut between
 * the two loses nothing; each record has an identifier of its own, so doing it again changes nothing.
 */
import { z } from "zod";
import { isVigieError, type VigieError } from "../errors/error.ts";
import type { Fact, SeqRange, StoredFact } from "../journal/port.ts";
import { digest, readingId } from "../measure/identity.ts";
import { hex, parseJson, readMeasurement, toJson } from "../measure/json.ts";
import type { Measurement } from "../measure/measurement.ts";
import { auditDraft } from "../registry/audit.ts";
import { amend, retractionsOf } from "./amend.ts";
import { forget } from "./forget.ts";
import { type DeskParts, personOf, readingOf } from "./parts.ts";
import { recordOf } from "./record.ts";

const SHELF = "due";

export type Due =
  | {
      readonly type: "release";
      readonly quarantine: string;
      readonly person: string;
      readonly measurement: Measurement;
    }
  /** What was waiting for a destination when consent was withdrawn. */
  | { readonly type: "erase"; readonly person: string; readonly destination: string; readonly range: SeqRange }
  /** The new assignment; which one it corrects, it says itself. */
  | { readonly type: "amend"; readonly assignment: string };

export function dueFact(due: Due): Required<Fact> {
  return { shelf: SHELF, key: keyOf(due), value: toJson(due) };
}

function keyOf(due: Due): string {
  switch (due.type) {
    case "release":
      return `release ${due.quarantine}`;
    case "erase":
      return `erase ${due.destination} ${due.range.through} ${due.person}`;
    case "amend":
      return `amend ${due.assignment}`;
  }
}

/** @returns whose records of which numbers a fact orders to be erased; undefined where it is no such order. */
export function erasureOrdered({ shelf, key, value }: Fact): { person: string; range: SeqRange } | undefined {
  if (shelf !== SHELF || value === undefined) return undefined;
  const due = parse({ key, value });
  return due.type === "erase" ? { person: due.person, range: due.range } : undefined;
}

/** Carries out what is due. @returns how many records it made, or erased the bodies of. */
export async function carryOut(due: Due, parts: DeskParts): Promise<number> {
  const done: Fact = { shelf: SHELF, key: keyOf(due) };
  switch (due.type) {
    case "release":
      return carryOutRelease(due, done, parts);
    case "erase":
      return carryOutErasure(due, done, parts);
    case "amend":
      return amend(due.assignment, done, parts);
  }
}

async function carryOutRelease(due: Extract<Due, { type: "release" }>, done: Fact, parts: DeskParts): Promise<number> {
  const { journal, gateway } = parts;
  const { measurement, quarantine } = due;
  const person = personOf(due.person, parts);
  // The reading itself is in the order, and stays there until the measure is on disk.
  await forget(measurement, "released", parts);
  const { content } = recordOf(readingOf(measurement, parts), person, `release:${quarantine}`, gateway);
  const id = digest(["released", hex(readingId(measurement, gateway.id)), due.person]);
  await journal.append({ ...content, id }, [done]);
  return 1;
}

async function carryOutErasure(due: Extract<Due, { type: "erase" }>, done: Fact, parts: DeskParts): Promise<number> {
  const { person, destination, range } = due;
  let [records, after] = [0, range.after];
  // What takes a measure back from this person has to reach whoever has it, whatever they consent to by now.
  for (const seq of [...(await retractionsOf(person, range, parts)), range.through + 1]) {
    if (seq - 1 > after) records += await parts.journal.eraseRange(person, { after, through: seq - 1 });
    after = seq;
  }
  const deed = { action: "waiting-erased", subject: { person, destination, ...range, records }, person };
  await parts.journal.append(auditDraft({ by: "gateway" }, deed, parts.clock.now()), [done]);
  return records;
}

/** Carries out what a power cut left over. @returns why some of it cannot be: it stays due. */
export async function carryOutAll(parts: DeskParts): Promise<readonly VigieError[]> {
  const refused: VigieError[] = [];
  for (const fact of await parts.journal.facts(SHELF)) {
    try {
      await carryOut(parse(fact), parts);
    } catch (error) {
      if (!isVigieError(error)) throw error;
      refused.push(error);
    }
  }
  return refused;
}

const shape = z.discriminatedUnion("type", [
  z.object({ type: z.literal("release"), quarantine: z.string(), person: z.string(), measurement: z.unknown() }),
  z.object({
    type: z.literal("erase"),
    person: z.string(),
    destination: z.string(),
    range: z.object({ after: z.int(), through: z.int() }),
  }),
  z.object({ type: z.literal("amend"), assignment: z.string() }),
]);

const exact = z.object({ measurement: z.unknown() });

function parse({ value }: StoredFact): Due {
  const due = shape.parse(JSON.parse(value));
  if (due.type !== "release") return due;
  // Read again, so that its decimals keep their digits.
  const { measurement } = exact.parse(parseJson(value));
  return { ...due, measurement: readMeasurement(measurement) };
}
