/** The one question of all fault tests: does the journal in this folder keep what was promised? */
import { randomBytes } from "node:crypto";
import type { Journal } from "../../src/journal/port.ts";
import { isWithheld, RecordKind } from "../../src/seal/record.ts";
import { Verifier } from "../../src/seal/verifier.ts";
import { openUnderTest, ring } from "./journal-under-test.ts";
import { last, type Promises } from "./promises.ts";

export interface Judgement {
  /** What is broken, in words; empty where every promise is kept. */
  readonly broken: readonly string[];
  /** How many acknowledged records are not there as acknowledged. */
  readonly lost: number;
}

/**
 * Opens the journal as a restarted gateway would. Every acknowledged record must be there, once, under its number; the
 * chain must verify from its first segment on; and what is appended next must come behind all that was acknowledged.
 */
export async function judge(folder: string, promises: Promises): Promise<Judgement> {
  let journal: Journal;
  try {
    journal = await openUnderTest(folder);
  } catch (error) {
    return { broken: [`it does not open: ${error}`], lost: promises.acknowledged.size };
  }
  try {
    return await judgeOpen(journal, promises);
  } catch (error) {
    return { broken: [`it does not read: ${error}`], lost: promises.acknowledged.size };
  } finally {
    await journal.close();
  }
}

export async function judgeOpen(journal: Journal, promises: Promises): Promise<Judgement> {
  const { acknowledged } = promises;
  const broken = [...promises.broken];
  const verifier = new Verifier(ring);
  const kept = new Map<number, string>();
  const ids = new Set<string>();
  for (let next = 1; next <= journal.lastSeq; ) {
    const segments = await journal.segments(next, 1_000);
    if (segments.length === 0) break;
    for (const segment of segments) {
      verifier.add(segment);
      next = segment.lastSeq + 1;
      for (const record of segment.records) {
        if (isWithheld(record)) {
          broken.push(`the body of ${record.seq} is not there`);
          continue;
        }
        const id = Buffer.from(record.id).toString("hex");
        if (ids.has(id)) broken.push(`record ${record.seq} was there before under another number`);
        ids.add(id);
        kept.set(record.seq, id);
      }
    }
  }
  const { findings, firstSeq } = verifier.result();
  for (const { seq, because } of findings) broken.push(`the chain at ${seq}: ${because.en}`);
  if (firstSeq !== undefined && firstSeq !== 1) broken.push(`the chain begins at ${firstSeq}`);

  const lost = [...acknowledged].filter(([seq, id]) => kept.get(seq) !== id).length;
  if (lost > 0) broken.push(`${lost} of ${acknowledged.size} acknowledged records are lost`);
  if (acknowledged.size > 0 && promises.epoch !== BigInt(journal.epoch)) broken.push("the journal was begun anew");
  if ((await journal.cursor("platform")) < promises.through) broken.push("the destination's cursor went back");

  const { seq } = await journal.append({ kind: RecordKind.event, id: randomBytes(16), body: Buffer.from("{}") });
  if (seq <= last(promises)) broken.push(`sequence ${seq} is used again, ${last(promises)} was acknowledged`);
  return { broken, lost };
}
