import { afterEach, beforeEach, expect, test } from "vitest";
import { DeadLetters } from "../../src/delivery/dead-letters.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { House } from "../fixtures/registry.ts";
import { draft } from "../journal/setting.ts";

let house: House;
let letters: DeadLetters;
const refused = { code: "422", words: "no such patient: DURAND" };
const letter = (seq: number) => ({ destination: "fhir", seq, kind: RecordKind.measure });
const open = () => DeadLetters.open({ journal: house.journal, clock: house.clock, observe: () => {} });

beforeEach(async () => {
  house = await House.open();
  letters = await open();
  // Of person-1 are records 1 and 4.
  for (let n = 1; n <= 4; n += 1) await house.journal.append(draft(n));
});
afterEach(() => house[Symbol.asyncDispose]());

test("a person who is erased takes along what destinations said of them, on disk and in memory", async () => {
  for (const seq of [1, 2, 4]) await letters.put(letter(seq), refused);
  await house.journal.erasePerson("person-1", "demande");
  await letters.forgetErased();
  for (const each of [letters, await open()]) expect(each.list().map(({ seq }) => seq)).toEqual([2]);
});

test("what is answered to a record that was erased meanwhile is told by its code alone", async () => {
  await house.journal.erasePerson("person-1", "demande");
  await letters.put(letter(4), refused);
  expect((await open()).list()).toMatchObject([{ seq: 4, code: "422", words: "" }]);
});
