/**
 * What delivery frees brings a full gateway back without a hand: on a disk that holds nothing but the journal, and is full to
 * the last block, so that SQLite cannot even DELETE.
 */
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { Journal } from "../../src/journal/port.ts";
import { ms, wallMs } from "../../src/measure/time.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { publish } from "./durability.ts";
import { openUnderTest } from "./journal-under-test.ts";
import { canMount } from "./machine.ts";
import { MEGABYTE, mount, unmountAll } from "./mounts.ts";

const MINUTES = 60_000;

afterEach(unmountAll);

const now = {
  wall: wallMs(1_790_000_000_000),
  monotonic: ms(1_000),
  bootId: "0123456789abcdef0123456789abcdef",
  synchronised: true,
};
const policy = { destinations: ["platform"], eraseAfterDays: 7, pruneAfterDays: 30, now };

/** Appends until it is refused, eight at a time. @returns the sequence numbers that were acknowledged. */
async function appendUntilFull(journal: Journal): Promise<number[]> {
  const acknowledged: number[] = [];
  for (let full = false; !full; ) {
    const answers = await Promise.allSettled(
      Array.from({ length: 8 }, () => {
        const [id, body] = [new Uint8Array(16), new Uint8Array(8_000)].map((bytes) => crypto.getRandomValues(bytes));
        if (id === undefined || body === undefined) throw new RangeError("two were made");
        return journal.append({ kind: RecordKind.measure, id, body });
      }),
    );
    for (const answer of answers) {
      if (answer.status === "fulfilled") acknowledged.push(answer.value.seq);
      else expect(answer.reason).toMatchObject({ code: "JOURNAL_FULL" });
    }
    full = answers.some(({ status }) => status === "rejected");
  }
  return acknowledged;
}

/** Reads all that the destination has not had, as delivery does, and takes its receipt. @returns what was delivered. */
async function deliver(journal: Journal): Promise<number[]> {
  const delivered: number[] = [];
  for (let next = (await journal.cursor("platform")) + 1; next <= journal.lastSeq; ) {
    const segments = await journal.segments(next, 256);
    delivered.push(...segments.flatMap(({ records }) => records.map(({ seq }) => seq)));
    next = (segments.at(-1)?.lastSeq ?? journal.lastSeq) + 1;
  }
  await journal.advance("platform", journal.lastSeq);
  return delivered;
}

test.skipIf(!canMount).for([{ reopened: false }, { reopened: true }])(
  "a disk full of undelivered records: delivered, it is accepted again, time after time (needs root and mount; reopened: $reopened)",
  { timeout: 5 * MINUTES },
  async ({ reopened }) => {
    const folder = await mount("tmpfs", 24 * MEGABYTE);
    let journal = await openUnderTest(join(folder, "journal"));
    try {
      const [acknowledged, delivered]: [number[], number[]] = [[], []];
      for (let round = 0; round < 3; round += 1) {
        const taken = await appendUntilFull(journal);
        expect(taken.length).toBeGreaterThan(0);
        acknowledged.push(...taken);
        if (reopened) {
          await journal.close();
          journal = await openUnderTest(join(folder, "journal"));
        }
        delivered.push(...(await deliver(journal)));
        await journal.retain(policy);
      }
      const had = new Set(delivered);
      const lost = acknowledged.filter((seq) => !had.has(seq)).length;
      const fault = `disk full of undelivered records, delivered, full again${reopened ? ", with a restart when full" : ""}`;
      publish({ fault, trials: 3, acknowledged: acknowledged.length, broken: lost > 0 ? 1 : 0, worstLoss: lost });
      expect(lost).toBe(0);
    } finally {
      await journal.close();
    }
  },
);
