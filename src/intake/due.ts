/**
 * What a recorded decision has ordered and what is not all in the journal yet: a release, a correction. The order is
 * written with the decision's audit record and taken away with the last record that it asked for, so a power cut between
 * the two loses nothing; each record has an identifier of its own, so doing it again changes nothing.
 */
import { z } from "zod";
import { isVigieError, type VigieError } from "../errors/error.ts";
import type { Fact, StoredFact } from "../journal/port.ts";
import { digest, readingId } from "../measure/identity.ts";
import { hex, parseJson, readMeasurement, toJson } from "../measure/json.ts";
import type { Measurement } from "../measure/measurement.ts";
import { amend } from "./amend.ts";
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
  /** The new assignment; which one it corrects, it says itself. */
  | { readonly type: "amend"; readonly assignment: string };

export function dueFact(due: Due): Required<Fact> {
  return { shelf: SHELF, key: keyOf(due), value: toJson(due) };
}

const keyOf = (due: Due): string => (due.type === "release" ? `release ${due.quarantine}` : `amend ${due.assignment}`);

/** Carries out what is due. @returns how many records it made. */
export async function carryOut(due: Due, parts: DeskParts): Promise<number> {
  const done: Fact = { shelf: SHELF, key: keyOf(due) };
  if (due.type === "amend") return amend(due.assignment, done, parts);
  const { journal, gateway } = parts;
  const { measurement, quarantine } = due;
  const person = personOf(due.person, parts);
  const { content } = recordOf(readingOf(measurement, parts), person, `release:${quarantine}`, gateway);
  const id = digest(["released", hex(readingId(measurement, gateway.id)), due.person]);
  await journal.append({ ...content, id }, [done]);
  return 1;
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
  z.object({ type: z.literal("amend"), assignment: z.string() }),
]);

function parse({ value }: StoredFact): Due {
  const due = shape.parse(parseJson(value));
  return due.type === "amend" ? due : { ...due, measurement: readMeasurement(due.measurement) };
}
