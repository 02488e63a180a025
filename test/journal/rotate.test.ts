import { readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Journal } from "../../src/journal/port.ts";
import type { SigningKey } from "../../src/seal/key.ts";
import { encodeMessage } from "../../src/seal/message.ts";
import { isWithheld } from "../../src/seal/record.ts";
import { openSegment } from "../../src/seal/segment.ts";
import { Verifier } from "../../src/seal/verifier.ts";
import { FakeClock } from "../fixtures/clock.ts";
import { ringOf, testKey } from "../fixtures/seal.ts";
import { boxKey, draft, newFolder, open, tamper } from "./setting.ts";

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rm(folder, { recursive: true }));

const newKey = new Uint8Array(32).fill(6);

const fill = (journal: Journal, from: number, to: number) =>
  Promise.all(Array.from({ length: to - from + 1 }, (_, i) => journal.append(draft(from + i, { day: 20_000 }))));

/** The bodies as they are read, whatever the segments. */
async function bodies(journal: Journal): Promise<string[]> {
  const segments = await journal.segments(1, 100_000);
  const records = segments.flatMap((segment) => segment.records);
  return records.map((record) => (isWithheld(record) ? "withheld" : Buffer.from(record.body).toString()));
}

describe("the key of the bodies", () => {
  test("can be changed under load: every body opens with the new key, none with the old", async () => {
    const journal = await open(folder);
    await fill(journal, 1, 300);
    const sent = async () => (await journal.segments(1, 1)).map((segment) => encodeMessage(segment));
    const before = await sent();
    const load = fill(journal, 301, 600);
    const rotating = journal.rotateBoxKey(newKey);
    await fill(journal, 601, 700);
    await Promise.all([load, rotating]);
    expect(await bodies(journal)).toHaveLength(700);
    expect(await bodies(journal)).not.toContain("withheld");
    expect(await sent()).toEqual(before);
    expect((await journal.verify()).findings).toEqual([]);
    await journal.rotateBoxKey(newKey);
    await journal.close();
    await expect(open(folder)).rejects.toMatchObject({ code: "JOURNAL_KEY_WRONG" });
    const again = await open(folder, { boxKey: newKey });
    expect(await again.append(draft(5, { day: 20_000 }))).toMatchObject({ seq: 5, duplicate: true });
    expect(await bodies(again)).not.toContain("withheld");
    await again.close();
  });

  test("leaves no box of the old key in the file or its log", async () => {
    const journal = await open(folder);
    await fill(journal, 1, 100);
    await journal.close();
    const boxes = await tamper(
      folder,
      "SELECT box AS v FROM body UNION ALL SELECT value FROM meta WHERE key = 'index-key'",
    );
    const again = await open(folder);
    await again.rotateBoxKey(newKey);
    const raw = Buffer.concat([
      await readFile(join(folder, "journal.db")),
      await readFile(join(folder, "journal.db-wal")).catch(() => Buffer.alloc(0)),
    ]);
    for (const { v } of boxes) {
      if (!(v instanceof Uint8Array)) throw new Error("no box");
      expect(raw.indexOf(v.subarray(0, 40))).toBe(-1);
    }
    await again.close();
  });

  test("when a cut ends its change, the new key opens and goes on, and the old one is told which to give", async () => {
    const journal = await open(folder);
    await fill(journal, 1, 1_000);
    const rotating = journal.rotateBoxKey(newKey);
    await journal.append(draft(1_001));
    const closing = journal.close();
    await expect(rotating).rejects.toMatchObject({ code: "JOURNAL_CLOSED" });
    await closing;
    await expect(open(folder)).rejects.toMatchObject({ code: "JOURNAL_KEY_ROTATING" });
    await expect(open(folder, { boxKey: testKey(9).publicKey })).rejects.toMatchObject({ code: "JOURNAL_KEY_WRONG" });

    const again = await open(folder, { boxKey: newKey });
    expect(await again.status()).toMatchObject({ isMovingToBoxKey: true });
    await again.append(draft(1_002));
    expect((await again.verify()).findings).toEqual([]);
    expect(await bodies(again)).not.toContain("withheld");
    await expect(again.rotateBoxKey(testKey(9).publicKey)).rejects.toMatchObject({ code: "JOURNAL_KEY_ROTATING" });
    await again.rotateBoxKey(newKey);
    expect(await again.status()).toMatchObject({ isMovingToBoxKey: false });
    expect((await again.verify()).findings).toEqual([]);
    await again.close();
    await expect(open(folder, { boxKey })).rejects.toMatchObject({ code: "JOURNAL_KEY_WRONG" });
  });

  test("that is none is refused, and what opens with no key is left as it is, and told of", async () => {
    const journal = await open(folder);
    await fill(journal, 1, 5);
    await expect(journal.rotateBoxKey(new Uint8Array(31))).rejects.toMatchObject({ code: "JOURNAL_KEY_WRONG" });
    await journal.close();
    await expect(open(folder, { boxKey: new Uint8Array(31) })).rejects.toMatchObject({ code: "JOURNAL_KEY_WRONG" });
    await tamper(folder, "UPDATE body SET box = zeroblob(90) WHERE seq = 3");
    const told: unknown[] = [];
    const again = await open(folder, { onDamage: (seq) => told.push(seq) });
    await again.rotateBoxKey(newKey);
    expect(told).toEqual([3]);
    expect(await bodies(again)).toHaveLength(5);
    await again.close();
  });
});

describe("the signing key", () => {
  test("is changed by a record of the old one; the chain verifies from the first key, and from the last", async () => {
    const journal = await open(folder);
    const load = fill(journal, 1, 300);
    const rotating = journal.rotateSigningKey(testKey(8));
    await Promise.all([load, rotating, fill(journal, 301, 310)]);
    await journal.rotateSigningKey(testKey(9));
    await journal.rotateSigningKey(testKey(9));
    await fill(journal, 311, 320);
    expect((await journal.verify()).findings).toEqual([]);
    const segments = await journal.segments(1, 10_000);
    const signers = segments.map(({ segment }) => {
      const opened = openSegment(segment, ringOf(testKey(7), testKey(8), testKey(9)));
      return opened.ok ? Buffer.from(opened.kid).toString("hex") : opened.because.en;
    });
    const order = [7, 8, 9].map((byte) => Buffer.from(testKey(byte).kid).toString("hex"));
    expect([...new Set(signers)]).toEqual(order);
    const verified = (messages: typeof segments, ...keys: SigningKey[]) => {
      const verifier = new Verifier(ringOf(...keys), { complete: true });
      for (const message of messages) verifier.add(message);
      return verifier.result().findings;
    };
    expect(verified(segments, testKey(7))).toEqual([]);
    const withheld = segments.map((segment) => ({
      ...segment,
      records: segment.records.map(({ seq }) => ({ seq, withheld: true as const })),
    }));
    expect(verified(withheld, testKey(7)).map(({ fault }) => fault)).toContain("unknown-key");
    await journal.close();
    for (const byte of [7, 8]) {
      await expect(open(folder, { signingKey: testKey(byte) })).rejects.toMatchObject({
        code: "JOURNAL_SIGNING_KEY_CHANGED",
      });
    }
    const again = await open(folder, { signingKey: testKey(9) });
    expect((await again.verify()).findings).toEqual([]);
    await again.close();
  });

  test("that was changed is known behind a prune too, from any key that the gateway ever had", async () => {
    const clock = new FakeClock();
    const journal = await open(folder, { clock });
    await fill(journal, 1, 10);
    await journal.rotateSigningKey(testKey(8));
    await fill(journal, 11, 20);
    await journal.advance("platform", journal.lastSeq);
    const policy = () => ({ destinations: ["platform"], eraseAfterDays: 1, pruneAfterDays: 1, now: clock.now() });
    await journal.retain(policy());
    clock.advance(86_400_000);
    await fill(journal, 21, 22);
    expect(await journal.retain(policy())).toMatchObject({ prunedThrough: 21 });
    expect((await journal.verify()).findings).toEqual([]);
    const messages = await journal.segments(1, 1_000);
    const verifier = new Verifier(ringOf(testKey(7)), { complete: true });
    for (const message of messages) verifier.learn(message);
    for (const message of messages) verifier.add(message);
    expect(verifier.result().findings).toEqual([]);
    await journal.close();
  });

  test("is not changed by somebody who only claims it: a record without both signatures says nothing", async () => {
    const journal = await open(folder);
    const forged = {
      type: "key-rotation",
      gateway: "ehpad-test",
      oldKey: Buffer.from(testKey(7).publicKey).toString("hex"),
      newKey: Buffer.from(testKey(8).publicKey).toString("hex"),
      kid: Buffer.from(testKey(8).kid).toString("hex"),
      signature: "00".repeat(64),
      proof: "00".repeat(64),
    };
    await journal.append(draft(1, { kind: 4, body: Buffer.from(JSON.stringify(forged)) }));
    await journal.close();
    await expect(open(folder, { signingKey: testKey(8) })).rejects.toMatchObject({
      code: "JOURNAL_SIGNING_KEY_CHANGED",
    });
  });
});

test("the folder and the files are nobody else's to read, whatever the umask", async () => {
  const umask = process.umask(0);
  try {
    const inner = join(folder, "var", "journal");
    const journal = await open(inner);
    await journal.append(draft(1));
    const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
    expect(await mode(inner)).toBe("700");
    expect(await mode(join(inner, "journal.db"))).toBe("600");
    expect(await mode(join(inner, "journal.db-wal"))).toBe("600");
    await journal.close();
  } finally {
    process.umask(umask);
  }
});
