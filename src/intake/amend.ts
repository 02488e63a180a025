/** The readings of an assignment that was wrong, issued again for the right person: same identifiers, status "amended". */
import { randomBytes } from "node:crypto";
import type { Fact } from "../journal/port.ts";
import { digest, readingId } from "../measure/identity.ts";
import { hex } from "../measure/json.ts";
import type { Measurement } from "../measure/measurement.ts";
import { measuredAt } from "../measure/site-time.ts";
import { readSource } from "../measure/source.ts";
import { errors } from "../registry/errors.ts";
import { momentOf } from "../registry/moment.ts";
import type { KnownAssignment } from "../registry/shape.ts";
import { RecordKind } from "../seal/record.ts";
import { type DeskParts, personOf, readingOf } from "./parts.ts";
import { recordOf } from "./record.ts";

/** How many records are in memory at a time. */
const STEP = 256;

/** The measures that an assignment made its person's, with their place in the journal. */
export async function* measuresOf(
  { id, device, person }: KnownAssignment,
  { journal }: Pick<DeskParts, "journal">,
  afterSeq = 0,
): AsyncGenerator<{ readonly seq: number; readonly measurement: Measurement }> {
  for (let from = afterSeq; ; ) {
    const records = await journal.find({ kind: RecordKind.measure, device, person, afterSeq: from, limit: STEP });
    for (const { seq, source } of records) {
      const { measurement, by } = source === undefined ? {} : readSource(source);
      if (measurement !== undefined && by === `assignment:${id}`) yield { seq, measurement };
    }
    const last = records.at(-1);
    if (last === undefined || records.length < STEP) return;
    from = last.seq;
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
    for await (const { seq, measurement } of measuresOf(wrong, parts, seen)) {
      await reissue(measurement, right, parts);
      seen = seq;
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

async function reissue(measurement: Measurement, right: KnownAssignment, parts: DeskParts): Promise<void> {
  const { gateway, journal } = parts;
  const person = personOf(right.person, parts);
  const { content } = recordOf(readingOf(measurement, parts), person, `assignment:${right.id}`, gateway, "amended");
  const id = digest(["amended", hex(readingId(measurement, gateway.id)), right.id]);
  await journal.append({ ...content, id });
}
