/**
 * The readings of an assignment that was wrong: each is taken back from the wrong person (status "entered-in-error"), then given
 * to the right one ("amended"), under the same identifier. A destination that may not have the right person's is so left with
 * nothing of it, and not with the wrong one's.
 */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { Person } from "../fhir/port.ts";
import type { Draft, Fact, SeqRange } from "../journal/port.ts";
import { digest, readingId } from "../measure/identity.ts";
import { hex } from "../measure/json.ts";
import { measuredAt } from "../measure/site-time.ts";
import { readSource, type Source } from "../measure/source.ts";
import { errors } from "../registry/errors.ts";
import { momentOf } from "../registry/moment.ts";
import type { KnownAssignment } from "../registry/shape.ts";
import { RecordKind } from "../seal/record.ts";
import { type DeskParts, personOf, readingOf } from "./parts.ts";
import { type Kept, recordOf } from "./record.ts";

/** How many records are in memory at a time. */
const STEP = 256;

/** A measure, with its place in the journal and what it was made from. */
export interface Made extends Source {
  readonly seq: number;
  readonly body: Uint8Array;
}

/** The measures that an assignment made its person's, with their place in the journal. */
export async function* measuresOf(
  { id, device, person }: KnownAssignment,
  { journal }: Pick<DeskParts, "journal">,
  afterSeq = 0,
): AsyncGenerator<Made> {
  for await (const made of measures({ device, person, afterSeq }, journal)) {
    if (made.by === `assignment:${id}`) yield made;
  }
}

/** The records of a range that take measures back from a person. */
export async function retractionsOf(
  person: string,
  { after, through }: SeqRange,
  { journal }: Pick<DeskParts, "journal">,
): Promise<readonly number[]> {
  const seqs: number[] = [];
  for await (const { seq, retractsSince } of measures({ person, afterSeq: after }, journal)) {
    if (seq > through) break;
    if (retractsSince !== undefined) seqs.push(seq);
  }
  return seqs;
}

async function* measures(
  query: { readonly device?: string; readonly person: string; readonly afterSeq: number },
  journal: DeskParts["journal"],
): AsyncGenerator<Made> {
  for (let { afterSeq } = query; ; ) {
    const records = await journal.find({ ...query, kind: RecordKind.measure, afterSeq, limit: STEP });
    for (const { seq, source, body } of records) if (source !== undefined) yield { ...readSource(source), seq, body };
    const last = records.at(-1);
    if (last === undefined || records.length < STEP) return;
    afterSeq = last.seq;
  }
}

/** Whether a reading of an assignment lies outside of a period. */
export async function hasReadingsOutside(
  assignment: KnownAssignment,
  { from, until = Number.POSITIVE_INFINITY }: Pick<KnownAssignment, "from" | "until">,
  parts: DeskParts,
): Promise<boolean> {
  for await (const { measurement } of measuresOf(assignment, parts)) {
    const at = momentOf(measuredAt(measurement, parts.gateway.timeZone))?.at;
    if (at === undefined || at < from || at >= until) return true;
  }
  return false;
}

/**
 * Issues the readings of a corrected assignment again. What the wrong one made is searched twice: a reading that was on
 * its way to the disk when the correction came is found behind the record that says "done".
 * @param done takes the order off its shelf. @returns how many were issued again.
 */
export async function amend(assignment: string, done: Fact, parts: DeskParts): Promise<number> {
  const { journal, registry, clock } = parts;
  const right = registry.state.assignments.get(assignment);
  const wrong = right?.corrects === undefined ? undefined : registry.state.assignments.get(right.corrects);
  if (right === undefined || wrong === undefined) throw errors.ASSIGNMENT_UNKNOWN();

  let [count, seen] = [0, 0];
  const again = async () => {
    for await (const measure of measuresOf(wrong, parts, seen)) {
      await putRight(measure, right, parts);
      seen = measure.seq;
      count += 1;
    }
  };
  await again();
  const body = {
    type: "readings-amended",
    assignment,
    corrects: wrong.id,
    count,
    at: new Date(clock.now().wall).toISOString(),
  };
  const id = new Uint8Array(randomBytes(16));
  await journal.append({ kind: RecordKind.audit, id, body: Buffer.from(JSON.stringify(body)), device: right.device }, [
    done,
  ]);
  await again();
  return count;
}

/** Both are appended in one go, so they land in one segment; each has an identifier of its own, the same at every try. */
async function putRight(measure: Made, right: KnownAssignment, parts: DeskParts): Promise<void> {
  const { gateway, journal, clock } = parts;
  const { measurement } = measure;
  const now = clock.now();
  const made = now.synchronised ? { madeAt: now.wall } : {};
  const reading = readingOf(measurement, parts);
  const wrongly = subjectIn(measure);
  const drafts: Draft[] = [];
  const add = (word: string, { content }: Kept) =>
    drafts.push({ ...content, id: digest([word, hex(readingId(measurement, gateway.id)), right.id]) });
  if (wrongly.reference !== right.person) {
    const retraction = { status: "entered-in-error", ...made, retractsSince: sinceWhen(measure) } as const;
    add("retracted", recordOf(reading, wrongly, `retraction:${right.id}`, gateway, retraction));
  }
  const amended = { status: "amended", ...made } as const;
  add("amended", recordOf(reading, personOf(right.person, parts), `assignment:${right.id}`, gateway, amended));
  const appended = await Promise.allSettled(drafts.map((draft) => journal.append(draft)));
  for (const one of appended) if (one.status === "rejected") throw one.reason;
}

/** What a clock says that is not to be trusted may be late: then since ever. */
function sinceWhen({ madeAt, measurement: { receivedAt } }: Made): number {
  return madeAt ?? (receivedAt.synchronised ? receivedAt.wall : 0);
}

const subjectShape = z.object({
  entry: z
    .tuple([
      z.object({
        resource: z.object({ subject: z.object({ identifier: z.object({ system: z.string(), value: z.string() }) }) }),
      }),
    ])
    .rest(z.unknown()),
});

/** Whose the record says that it is: the registry may know nothing of them any more. */
function subjectIn({ body }: Made): Person {
  const { system, value } = subjectShape.parse(JSON.parse(Buffer.from(body).toString())).entry[0].resource.subject
    .identifier;
  return { reference: value, system, label: "" };
}
