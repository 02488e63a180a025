/**
 * The versions of one measure. Once one that corrects was taken, what came before it and was refused or stands aside must
 * never go again: it would put the wrong person back.
 */
import type { JournalReader, StoredWholeRecord } from "../../journal/port.ts";
import { isWithheld, type TravellingRecord } from "../../seal/record.ts";
import type { DeadLetters } from "../dead-letters.ts";
import { recordAt } from "../record-at.ts";
import type { Item, Lanes } from "./lanes.ts";
import { asSealed } from "./render.ts";

export interface VersionParts {
  readonly destination: string;
  readonly journal: Pick<JournalReader, "segments">;
  readonly deadLetters: DeadLetters;
  readonly lanes: Lanes<Item & { readonly record: StoredWholeRecord }>;
}

/** Resolves when nothing that was put aside before this record is a version of the same measure. */
export async function supersede(taken: StoredWholeRecord, parts: VersionParts): Promise<void> {
  const { destination, journal, deadLetters, lanes } = parts;
  const isBefore = ({ seq }: { readonly seq: number }) => seq < taken.seq;
  const [aside, letters] = [lanes.aside.filter(isBefore), deadLetters.list(destination).filter(isBefore)];
  if (aside.length + letters.length === 0) return;
  const { measure, isCorrection } = versionOf(taken);
  if (measure === undefined || !isCorrection) return;
  for (const { seq, record } of aside) if (versionOf(record).measure === measure) lanes.drop(seq);
  for (const { seq } of letters) {
    const record = await recordAt(seq, journal);
    const isVersion = record !== undefined && versionOf(record).measure === measure;
    if (isVersion) await deadLetters.superseded(destination, seq);
  }
}

/** Records read at once while later versions are looked for. */
const STEP = 256;

/**
 * Whether a later record, up to `through`, corrects the same measure. All of them are read: somebody asked for this one by
 * hand, which is seldom, and a wrong person must not come back by it.
 */
export async function isSuperseded(
  record: StoredWholeRecord,
  through: number,
  journal: VersionParts["journal"],
): Promise<boolean> {
  const { measure } = versionOf(record);
  // The value alone, as it stands in the bundle: most bodies need not be parsed to see that they are of another measure.
  const value = measure?.slice(measure.lastIndexOf("|") + 1);
  if (value === undefined) return false;
  const corrects = (one: TravellingRecord): boolean =>
    one.seq > record.seq &&
    !isWithheld(one) &&
    Buffer.from(one.body).includes(value) &&
    versionOf(one).measure === measure &&
    versionOf(one).isCorrection;
  for (let from = record.seq + 1; from <= through; ) {
    const segments = await journal.segments(from, STEP);
    const last = segments.at(-1);
    if (last === undefined) return false;
    if (segments.some(({ records }) => records.some(corrects))) return true;
    from = last.lastSeq + 1;
  }
  return false;
}

function versionOf({ body }: Pick<StoredWholeRecord, "body">): {
  readonly measure?: string;
  readonly isCorrection: boolean;
} {
  const sealed = asSealed(body);
  return sealed.type === "bundle" ? sealed : { isCorrection: false };
}
