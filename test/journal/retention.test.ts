import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Journal, REFUSALS, type RetentionPolicy } from "../../src/journal/port.ts";
import { faultyRecords, follow } from "../../src/seal/chain.ts";
import { anchorIn } from "../../src/seal/checkpoint.ts";
import { isWithheld, RecordKind } from "../../src/seal/record.ts";
import { openSegment } from "../../src/seal/segment.ts";
import { Verifier } from "../../src/seal/verifier.ts";
import { FakeClock } from "../fixtures/clock.ts";
import { ringOf, testKey } from "../fixtures/seal.ts";
import { draft, newFolder, open, tamper } from "./setting.ts";

let folder: string;
let clock: FakeClock;
beforeEach(async () => {
  folder = await newFolder();
  clock = new FakeClock();
});
afterEach(() => rm(folder, { recursive: true }));

const DAY = 86_400_000;
const policy = (change: Partial<RetentionPolicy> = {}): RetentionPolicy => ({
  destinations: ["platform", "hospital"],
  eraseAfterDays: 7,
  pruneAfterDays: 30,
  now: clock.now(),
  ...change,
});

async function fill(journal: Journal, count: number, body = 300): Promise<void> {
  for (let n = 1; n <= count; n += 5) {
    const five = Array.from({ length: 5 }, (_, i) => n + i);
    await Promise.all(
      five.map((i) =>
        journal.append(draft(i, { day: 20_000, body: Buffer.alloc(body + (i % 7) * 90, 0x30 + (i % 10)) })),
      ),
    );
  }
}

async function receipt(journal: Journal, through: number): Promise<void> {
  for (const destination of ["platform", "hospital"]) await journal.advance(destination, through);
}

async function erasedSeqs(journal: Journal): Promise<number[]> {
  const segments = await journal.segments(1, 10_000);
  return segments.flatMap(({ records }) => records.filter(isWithheld).map(({ seq }) => seq));
}

const boxes = async (where: string) =>
  (await tamper(folder, `SELECT box FROM body WHERE ${where}`)).flatMap(({ box }) =>
    box instanceof Uint8Array ? [box] : [],
  );

/** The pieces of boxes that still stand in the file or its log: a box lies in one page, or in one and its overflow pages. */
async function remains(of: readonly Uint8Array[]): Promise<number> {
  const raw = Buffer.concat([
    await readFile(join(folder, "journal.db")),
    await readFile(join(folder, "journal.db-wal")).catch(() => Buffer.alloc(0)),
  ]);
  let found = 0;
  for (const box of of) {
    for (let at = 0; at + 24 <= box.length; at += 24) if (raw.indexOf(box.subarray(at, at + 24)) >= 0) found += 1;
  }
  return found;
}

describe("bodies", () => {
  test("go when every destination has had them for the days of the policy, and no sooner", async () => {
    const journal = await open(folder, { clock });
    await fill(journal, 20);
    await journal.advance("platform", 20);
    await journal.advance("hospital", 10);
    expect(await journal.retain(policy())).toEqual({ erased: 0, prunedThrough: 0 });
    clock.advance(6 * DAY);
    expect(await journal.retain(policy())).toMatchObject({ erased: 0 });
    clock.advance(DAY);
    expect(await journal.retain(policy())).toMatchObject({ erased: 10 });
    expect(await erasedSeqs(journal)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    // A destination that is new has had nothing yet.
    await journal.advance("hospital", 20);
    await journal.retain(policy());
    clock.advance(7 * DAY);
    expect(await journal.retain(policy({ destinations: ["platform", "hospital", "region"] }))).toMatchObject({
      erased: 0,
    });
    expect(await journal.retain(policy({ destinations: [] }))).toMatchObject({ erased: 0 });
    expect((await journal.verify()).findings).toEqual([]);
    await journal.close();
  });

  test("stay where the clock is not to be trusted, and after it jumped ahead and came back", async () => {
    const journal = await open(folder, { clock });
    await fill(journal, 10);
    await receipt(journal, 10);
    await journal.retain(policy());
    clock.advance(20 * DAY);
    clock.synchronised = false;
    expect(await journal.retain(policy())).toMatchObject({ erased: 0 });
    clock.synchronised = true;
    clock.advance(-20 * DAY - 3_650 * DAY);
    expect(await journal.retain(policy())).toMatchObject({ erased: 0 });
    await journal.close();
  });

  test("of quarantined readings and of the audit trail stay, unless the policy counts days for the first", async () => {
    const journal = await open(folder, { clock });
    await journal.append(draft(1, { kind: RecordKind.quarantine }));
    await journal.append(draft(2, { kind: RecordKind.audit }));
    await journal.append(draft(3));
    await receipt(journal, 3);
    await journal.retain(policy());
    clock.advance(400 * DAY);
    expect(await journal.retain(policy())).toEqual({ erased: 1, prunedThrough: 0 });
    expect(await erasedSeqs(journal)).toEqual([3]);
    expect(await journal.retain(policy({ quarantineAfterDays: 300 }))).toEqual({ erased: 1, prunedThrough: 3 });
    await journal.close();
  });

  test("of what a destination put aside stay until it took them after all; a person's are erased all the same", async () => {
    const journal = await open(folder, { clock });
    for (let n = 1; n <= 20; n += 1) await journal.append(draft(n));
    const letter = (seq: number, value?: string) => ({ shelf: REFUSALS, key: `fhir/${seq}`, ...(value && { value }) });
    const event = (n: number) => draft(n, { kind: RecordKind.event, person: "nobody" });
    await journal.append(event(101), [letter(3, "{}"), letter(5, "{}"), letter(7, "{}")]);
    await receipt(journal, 21);
    await journal.retain(policy());
    clock.advance(60 * DAY);
    expect(await journal.retain(policy())).toEqual({ erased: 18, prunedThrough: 2 });
    expect(await journal.retain(policy())).toEqual({ erased: 0, prunedThrough: 2 });
    await journal.append(event(102), [letter(3)]);
    expect(await journal.retain(policy())).toEqual({ erased: 1, prunedThrough: 4 });
    // Of person-1 is record 7.
    await journal.erasePerson("person-1", "demande de la famille");
    await journal.append(event(103), [letter(5)]);
    expect(await journal.retain(policy())).toMatchObject({ erased: 1 });
    expect((await journal.verify()).findings).toEqual([]);
    await journal.close();
  });

  test("that are erased are in neither the file nor its log any more; the salt is gone with them", async () => {
    let journal = await open(folder, { clock });
    await fill(journal, 400);
    await journal.append(draft(401, { body: Buffer.alloc(30_000, 0x31) }));
    await receipt(journal, 351);
    await journal.retain(policy());
    await journal.close();
    const [gone, kept] = [await boxes("seq <= 351"), await boxes("seq > 351")];
    expect(await remains(gone)).toBeGreaterThan(351 * 10);
    journal = await open(folder, { clock });
    clock.advance(7 * DAY);
    expect(await journal.retain(policy())).toMatchObject({ erased: 351 });
    expect(await remains(gone)).toBe(0);
    expect((await journal.verify()).findings).toEqual([]);
    await journal.close();
    expect(await remains(gone)).toBe(0);
    expect(await remains(kept)).toBeGreaterThan(50 * 10);
  });

  test("of one person go at once, from between the others', and the audit trail says so without a name", async () => {
    let journal = await open(folder, { clock });
    await fill(journal, 300);
    const seqs = Array.from({ length: 300 }, (_, i) => i + 1).filter((n) => n % 3 === 1);
    await journal.close();
    const gone = await boxes("seq % 3 = 1");
    journal = await open(folder, { clock });
    expect(await journal.erasePerson("person-1", "demande de la famille")).toBe(100);
    expect(await remains(gone)).toBe(0);
    expect(await erasedSeqs(journal)).toEqual(seqs);
    expect((await journal.verify()).findings).toEqual([]);
    const [last] = await journal.segments(301, 1);
    const audit = last?.records[0];
    const said = audit !== undefined && "body" in audit ? Buffer.from(audit.body).toString() : "";
    expect(JSON.parse(said)).toMatchObject({ type: "person-erased", reason: "demande de la famille", records: 100 });
    expect(said).not.toContain("person-1");
    expect(await journal.append(draft(1, { day: 20_000 }))).toEqual({ seq: 1, duplicate: true });
    await journal.close();
  });

  test("of one person go with what destinations said of them, and the others' words stay", async () => {
    let journal = await open(folder, { clock });
    await fill(journal, 30);
    for (const seq of [1, 2, 3, 4]) {
      const words = `no such patient: person-${seq % 3} `.repeat(20);
      const event = draft(100 + seq, { kind: RecordKind.event, person: "nobody" });
      await journal.append(event, [{ shelf: REFUSALS, key: `fhir/${seq}`, value: JSON.stringify({ seq, words }) }]);
    }
    const kept = await journal.facts(REFUSALS);
    await journal.close();
    // Of person-1 are records 1 and 4.
    const facts = await tamper(folder, `SELECT box FROM fact WHERE shelf = '${REFUSALS}'`);
    const before = facts.flatMap(({ box }) => (box instanceof Uint8Array ? [box] : []));
    journal = await open(folder, { clock });
    expect(await remains(before)).toBeGreaterThan(4 * 10);
    await journal.erasePerson("person-1", "demande de la famille");
    expect(await journal.facts(REFUSALS)).toEqual(kept.filter(({ key }) => ["fhir/2", "fhir/3"].includes(key)));
    const live = await Promise.all(before.map((box) => remains([box])));
    expect(live.filter((pieces) => pieces === 0)).toHaveLength(2);
    await journal.eraseRange("person-2", { after: 0, through: 3 });
    expect((await journal.facts(REFUSALS)).map(({ key }) => key)).toEqual(["fhir/3"]);
    expect((await journal.verify()).findings).toEqual([]);
    await journal.close();
    const closed = await Promise.all(before.map((box) => remains([box])));
    expect(closed.filter((pieces) => pieces === 0)).toHaveLength(3);
  });

  test("of one person, when a cut ends it halfway, go at the next opening, and are told of once", async () => {
    let journal = await open(folder, { clock });
    await fill(journal, 300);
    const erasing = journal.erasePerson("person-1", "retrait du consentement");
    // Closing asks every long work to stop between two steps.
    await new Promise((resolve) => setImmediate(resolve));
    const closing = journal.close();
    await expect(erasing).rejects.toMatchObject({ code: "JOURNAL_CLOSED" });
    await closing;
    journal = await open(folder, { clock });
    expect(await erasedSeqs(journal)).toHaveLength(100);
    expect(journal.lastSeq).toBe(301);
    expect((await journal.verify()).findings).toEqual([]);
    await journal.close();
  });

  test("that a quarantine holds can be discarded, and no others", async () => {
    const journal = await open(folder, { clock });
    await journal.append(draft(1, { kind: RecordKind.quarantine }));
    await journal.append(draft(2));
    await journal.discard(1, "released as 2");
    await journal.discard(1, "released as 2");
    await expect(journal.discard(2, "no")).rejects.toThrow(RangeError);
    await expect(journal.discard(9, "no")).rejects.toThrow(RangeError);
    expect(await erasedSeqs(journal)).toEqual([1]);
    expect(journal.lastSeq).toBe(3);
    await journal.close();
  });
});

describe("segments", () => {
  /** Sixty records, all receipted, the first forty long enough ago to be pruned. */
  async function pruned(): Promise<Journal> {
    const journal = await open(folder, { clock });
    await fill(journal, 40);
    await receipt(journal, 40);
    await journal.retain(policy());
    clock.advance(30 * DAY);
    await fill(journal, 60);
    await receipt(journal, 60);
    expect(await journal.retain(policy())).toEqual({ erased: 40, prunedThrough: 40 });
    return journal;
  }

  test("are pruned behind a checkpoint; what remains verifies from it, here and anywhere", async () => {
    const journal = await pruned();
    expect(await journal.verify()).toMatchObject({ firstSeq: 41, lastSeq: 61, findings: [] });
    const segments = await journal.segments(1, 1_000);
    const verified = (messages: typeof segments) => {
      const verifier = new Verifier(ringOf(testKey()), { complete: true });
      for (const message of messages) verifier.add(message);
      return verifier.result().findings;
    };
    expect(verified(segments)).toEqual([]);
    expect(verified(segments.slice(1))).toMatchObject([{ seq: 46, fault: "bad-start" }]);
    expect(verified(segments.slice(0, -1))).toMatchObject([{ seq: 41, fault: "bad-start" }]);
    // Nothing new to prune: no checkpoint more.
    expect(await journal.retain(policy())).toEqual({ erased: 0, prunedThrough: 40 });
    expect(journal.lastSeq).toBe(61);
    await journal.close();
  });

  test("that remain can be followed by a receiver that begins with the checkpoint", async () => {
    const journal = await pruned();
    const checkpoint = await journal.checkpoint();
    if (checkpoint === undefined) throw new Error("no checkpoint");
    const opened = openSegment(checkpoint.segment, ringOf(testKey()));
    if (!opened.ok) throw new Error(opened.because.en);
    expect(faultyRecords(opened.payload, checkpoint.records)).toEqual([]);
    let head = anchorIn(opened.payload, checkpoint.records);
    expect(head).toMatchObject({ epoch: journal.epoch, lastSeq: 40 });
    for (const { segment } of await journal.segments(41, 1_000)) {
      const next = openSegment(segment, ringOf(testKey()));
      const judged = next.ok ? follow(head, segment, next.payload) : undefined;
      if (judged?.ok !== true) throw new Error("does not follow");
      head = judged.head;
    }
    expect(head?.lastSeq).toBe(61);
    await journal.close();
  });

  test("that were pruned leave what makes a repeat a no-op, after a restart too", async () => {
    await (await pruned()).close();
    const journal = await open(folder, { clock });
    expect(await journal.append(draft(7, { day: 20_000 }))).toEqual({ seq: 7, duplicate: true });
    expect(await journal.append(draft(57, { day: 20_000 }))).toEqual({ seq: 57, duplicate: true });
    expect(await journal.append(draft(900))).toEqual({ seq: 62, duplicate: false });
    expect((await journal.verify()).findings).toEqual([]);
    await journal.close();
    await tamper(folder, "UPDATE pruned SET seq = 8 WHERE seq = 7");
    const again = await open(folder, { clock });
    expect((await again.verify()).findings).toMatchObject([{ seq: 8, fault: "index" }]);
    await again.close();
  });

  test("of which the first is missing without a checkpoint are not taken for pruned", async () => {
    await (await pruned()).close();
    await tamper(folder, "DELETE FROM segment WHERE first_seq = 41");
    const journal = await open(folder, { clock });
    const { findings } = await journal.verify();
    expect(findings).toContainEqual(expect.objectContaining({ seq: 46, fault: "bad-start" }));
    await journal.close();
  });

  test("whose pruning a cut ended verify all the same, and go the next time", async () => {
    const journal = await open(folder, { clock });
    await fill(journal, 100);
    await receipt(journal, 100);
    await journal.retain(policy());
    clock.advance(30 * DAY);
    const retaining = journal.retain(policy());
    for (;;) {
      const [first] = await journal.segments(1, 1);
      if (first !== undefined && first.firstSeq > 1) break;
    }
    const closing = journal.close();
    await retaining.catch(() => undefined);
    await closing;
    const again = await open(folder, { clock });
    expect((await again.verify()).findings).toEqual([]);
    expect(await again.retain(policy())).toMatchObject({ prunedThrough: 100 });
    expect((await again.verify()).findings).toEqual([]);
    expect(await again.checkpoint()).toBeDefined();
    await again.close();
  });
});
