/** What was put aside and is wanted once more: shown again, unless that would bring back what was corrected. */
import { expect, test } from "vitest";
import { Aside } from "../../src/delivery/aside.ts";
import { DeadLetters } from "../../src/delivery/dead-letters.ts";
import { cuff, measured, pressure, quantity } from "../fhir/samples.ts";
import { FakeClock } from "../fixtures/clock.ts";
import { newJournal } from "../fixtures/feed.ts";
import { draftOf, measureDraft } from "../fixtures/fhir-feed.ts";

async function asideOf(journal: ReturnType<typeof newJournal>) {
  const deadLetters = await DeadLetters.open({ journal, clock: new FakeClock(), observe: () => undefined });
  const aside = new Aside({ destination: "platform", journal, deadLetters });
  await aside.put(1, { code: "refused", words: "422" });
  return { aside, letters: () => deadLetters.list("platform").map(({ seq }) => seq) };
}
const nothingWithheld = () => false;

test("a measure that was refused is shown once more in its segment", async () => {
  const journal = newJournal();
  journal.commit(measureDraft(1), measureDraft(2));
  const { aside, letters } = await asideOf(journal);
  expect((await aside.onceMore(1, nothingWithheld))?.firstSeq).toBe(1);
  expect(letters()).toEqual([1]);
});

test.each(["entered-in-error", "amended"] as const)(
  "a measure of which a later version is %s never goes again, and its letter is closed",
  async (status) => {
    const reading = measured({ ...pressure, sequence: 1, systolic: quantity("142", "mm[Hg]") }, { device: cuff });
    const journal = newJournal();
    journal.commit(draftOf(reading), measureDraft(2));
    journal.commit(measureDraft(3));
    journal.commit(draftOf(reading, { status }));
    const { aside, letters } = await asideOf(journal);
    expect(await aside.onceMore(1, nothingWithheld)).toBeUndefined();
    expect(letters()).toEqual([]);
  },
);
