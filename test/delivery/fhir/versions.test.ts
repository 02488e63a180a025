import { expect, test } from "vitest";
import { DeadLetters } from "../../../src/delivery/dead-letters.ts";
import { Lanes } from "../../../src/delivery/fhir/lanes.ts";
import { supersede } from "../../../src/delivery/fhir/versions.ts";
import { recordAt } from "../../../src/delivery/record-at.ts";
import type { StoredWholeRecord } from "../../../src/journal/port.ts";
import { FakeClock } from "../../fixtures/clock.ts";
import { newJournal } from "../../fixtures/feed.ts";
import { measureDraft } from "../../fixtures/fhir-feed.ts";

/** Two measures of one device, each amended; all versions but the last two stand aside, and were refused once before. */
async function arrange() {
  const journal = newJournal();
  const amended = { status: "amended" } as const;
  const [one, two] = [measureDraft(1, undefined, amended), measureDraft(2, undefined, amended)];
  journal.commit(measureDraft(1), one, measureDraft(2), two, one, two);
  const deadLetters = await DeadLetters.open({ journal, clock: new FakeClock(), observe: () => {} });
  const lanes = new Lanes<{ seq: number; lane: string; record: StoredWholeRecord }>(0);
  const records = await Promise.all([1, 2, 3, 4, 5, 6].map((seq) => recordAt(seq, journal)));
  for (const record of records) if (record !== undefined) lanes.add({ seq: record.seq, lane: "", record });
  for (const seq of [1, 2, 3, 4]) {
    for (let failures = 0; failures < 3; failures += 1) {
      lanes.next();
      lanes.doubt(seq);
    }
    const record = records[seq - 1];
    if (record !== undefined) await deadLetters.put({ ...record, destination: "fhir" }, { code: "422", words: "" });
  }
  const taken = async (seq: number) => {
    const record = await recordAt(seq, journal);
    if (record !== undefined) await supersede(record, { destination: "fhir", journal, deadLetters, lanes });
  };
  const left = () => [lanes.aside.map(({ seq }) => seq), deadLetters.list("fhir").map(({ seq }) => seq)];
  return { taken, left };
}

test("an amended measure that was taken ends all its earlier versions, and no other measure's", async () => {
  const { taken, left } = await arrange();
  expect(left()).toEqual([
    [1, 2, 3, 4],
    [1, 2, 3, 4],
  ]);
  await taken(5);
  expect(left()).toEqual([
    [3, 4],
    [3, 4],
  ]);
  await taken(4);
  expect(left()).toEqual([[4], [4]]);
});

test("a first version ends nothing", async () => {
  const { taken, left } = await arrange();
  await taken(3);
  expect(left()[0]).toEqual([1, 2, 3, 4]);
});
