import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { withDamaged } from "../../src/journal/salvage.ts";
import { factsAround, readWhole, type Salvaged } from "../../src/journal/salvage-read.ts";
import { lostCommits } from "../../src/journal/wal.ts";
import { mendLog } from "../../src/journal/wal-mend.ts";
import { testKey } from "../fixtures/seal.ts";
import { boxKey, draft, newFolder, open, tamper } from "./setting.ts";

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rm(folder, { recursive: true }));

const keys = { boxKey, signingKey: testKey() };
const files = ["journal.db", "journal.db-wal"];

/** A journal as a power cut leaves it: all commits in the log. */
async function cut(records: number): Promise<string> {
  const live = join(folder, "live");
  const journal = await open(live);
  for (let n = 1; n <= records; n += 1) {
    await journal.append(draft(n), [{ shelf: "person", key: `p${n % 4}`, value: JSON.stringify({ n }) }]);
  }
  const copy = join(folder, "cut");
  await mkdir(copy);
  for (const name of files) await copyFile(join(live, name), join(copy, name));
  await journal.close();
  return join(copy, "journal.db");
}

/** What a salvage of the file finds, with the numbers of the whole records and the bodies as text. */
async function salvage(file: string, change = keys) {
  return withDamaged(file, folder, change, async (damaged, salvaged) => {
    const bodies = new Map<number, string>();
    await readWhole(damaged, async ({ drafts }) => {
      for (const [seq, one] of drafts) bodies.set(seq, Buffer.from(one.body).toString());
    });
    return { salvaged, bodies, ...(await factsAround(damaged)) };
  });
}

const lostOf = ({ lost }: Salvaged): number[] =>
  lost.flatMap(({ after, through }) => Array.from({ length: through - after }, (_, i) => after + 1 + i));

test("wherever a bit of the log flips, what is whole and what is lost are all there was, and the damage takes a page's worth at most", async () => {
  const file = await cut(30);
  const wal = await readFile(`${file}-wal`);
  let [damagedLogs, mostLost] = [0, 0];
  for (let at = 3; at < wal.length; at += 3_001) {
    const flipped = Buffer.from(wal);
    flipped[at] = (flipped[at] ?? 0) ^ 0x10;
    if (lostCommits(flipped) === undefined) continue;
    damagedLogs += 1;
    await writeFile(`${file}-wal`, flipped);
    const { salvaged, bodies } = await salvage(file);
    const lost = lostOf(salvaged);
    expect(
      [...bodies.keys(), ...lost].sort((a, b) => a - b),
      `byte ${at}`,
    ).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    for (const [seq, body] of bodies) expect(body).toBe(`{"n":${seq}}`);
    mostLost = Math.max(mostLost, lost.length);
    expect(salvaged.lastSeq).toBe(30);
  }
  expect(damagedLogs).toBeGreaterThan(15);
  // A page of 1024 bytes holds some five bodies of 170 bytes, and of a segment's row some four.
  expect(mostLost).toBeLessThan(8);
});

test("without the mended log all that followed the flipped bit would be gone", async () => {
  const file = await cut(30);
  const wal = await readFile(`${file}-wal`);
  const flipped = Buffer.from(wal);
  const at = Math.floor(wal.length / 4);
  flipped[at] = (flipped[at] ?? 0) ^ 1;
  const mended = mendLog(flipped, 1_024);
  expect(mended === undefined ? "" : lostCommits(mended)).toBeUndefined();
  await writeFile(`${file}-wal`, flipped);
  const { salvaged } = await salvage(file);
  expect(salvaged.records).toBeGreaterThan(22);
});

test("a log that nothing has happened to is mended to the same records, and one without a proven commit to none", async () => {
  const file = await cut(5);
  expect((await salvage(file)).salvaged).toMatchObject({ records: 5, lost: [], findings: [], gateway: "ehpad-test" });
  expect(mendLog(new Uint8Array(), 1_024)).toBeUndefined();
  expect(mendLog(new Uint8Array(5_000), 1_024)).toBeUndefined();
});

test("a page of the file that is gone takes its own rows, and names them; the facts come from both sides of theirs", async () => {
  const live = join(folder, "live");
  const journal = await open(live);
  for (let n = 1; n <= 60; n += 1) {
    const fact = { shelf: "person", key: `p${n}`, value: JSON.stringify({ n, label: `Chambre ${n}` }) };
    await journal.append(draft(n), [fact]);
  }
  await journal.close();
  const file = join(live, "journal.db");
  const whole = await readFile(file);
  const pages = whole.length / 1_024;
  for (let page = 1; page < pages; page += 3) {
    const damaged = Buffer.from(whole);
    damaged.fill(0xff, page * 1_024, (page + 1) * 1_024);
    await writeFile(file, damaged);
    const { salvaged, bodies, facts, isWhole } = await salvage(file);
    for (const [seq, body] of bodies) expect(body).toBe(`{"n":${seq}}`);
    expect(salvaged.records).toBe(bodies.size);
    for (const { key, value } of facts)
      expect(JSON.parse(value ?? "")).toMatchObject({ label: `Chambre ${key.slice(1)}` });
    expect(isWhole, `page ${page}`).toBe(facts.length === 60);
  }
});

test("what was erased stays so, also where a cut came before the erasure's end; and nothing of it counts as lost", async () => {
  const live = join(folder, "live");
  const journal = await open(live);
  for (let n = 1; n <= 9; n += 1) await journal.append(draft(n));
  await journal.erasePerson("person-1", "demande");
  await journal.close();
  const { salvaged, bodies } = await salvage(join(live, "journal.db"));
  expect([...bodies.keys()]).toEqual([2, 3, 5, 6, 8, 9, 10]);
  expect(salvaged).toMatchObject({ records: 7, lost: [], findings: [] });
});

test("the chain is read across changes of key, and behind a prune", async () => {
  const live = join(folder, "live");
  const journal = await open(live);
  for (let n = 1; n <= 5; n += 1) await journal.append(draft(n));
  await journal.rotateSigningKey(testKey(8));
  for (let n = 6; n <= 9; n += 1) await journal.append(draft(n));
  await journal.close();
  const { salvaged } = await salvage(join(live, "journal.db"), { boxKey, signingKey: testKey(8) });
  expect(salvaged).toMatchObject({ records: 10, lastSeq: 10, lost: [], findings: [] });
  // With the key from before the change, half of it would seem lost.
  await expect(salvage(join(live, "journal.db"))).rejects.toMatchObject({ code: "JOURNAL_SIGNING_KEY_CHANGED" });
});

test("a destination that has confirmed more than there is tells of what is lost at the end", async () => {
  const live = join(folder, "live");
  const journal = await open(live);
  for (let n = 1; n <= 9; n += 1) await journal.append(draft(n));
  await journal.advance("platform", 9);
  await journal.close();
  for (const table of ["segment WHERE first_seq", "record WHERE seq", "body WHERE seq"]) {
    await tamper(live, `DELETE FROM ${table} > 6`);
  }
  const { salvaged } = await salvage(join(live, "journal.db"));
  expect(salvaged).toMatchObject({ lastSeq: 6, lost: [{ after: 6, through: 9 }] });
});
