/** Promise 1, at the border of the kernel: whatever tells a device "received" is asked for after the flush has returned. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildWorker, withSynchronousNormal, workerOf } from "./build.ts";
import { callersText, start, workerCommand } from "./child.ts";
import { publish } from "./durability.ts";
import { openUnderTest } from "./journal-under-test.ts";
import { hasStrace } from "./machine.ts";
import { seed } from "./random.ts";
import { acknowledgements, type Call, readTrace } from "./system-calls.ts";

const MINUTES = 60_000;
const APPENDS = 200;

const says = (word: string) => (call: Call) => call.name === "write" && call.text.includes(`>, "${word} `);

describe.skipIf(!hasStrace)("acknowledgement after fsync (needs strace)", () => {
  let build: string;
  beforeAll(async () => {
    build = await buildWorker();
  }, 2 * MINUTES);
  afterAll(() => rm(build, { recursive: true }));

  /** Traces one life of the journal. @returns for each acknowledged record, how many commits it should have waited for, and did. */
  async function traced(worker: string, callers: number): Promise<{ needed: number; flushed: number }[]> {
    const home = await mkdtemp(join(tmpdir(), "vigie-traced-"));
    try {
      const [folder, trace] = [join(home, "journal"), join(home, "trace")];
      const load = { folder, callers, appends: APPENDS, sessions: 1, seed, advanceEvery: 0 };
      const { command, args } = workerCommand(worker, load);
      const calls = "trace=fsync,fdatasync,pwrite64,write,writev,sendto,sendmsg";
      const options = ["-f", "-y", "-s", "100", "-e", calls, "-e", "signal=none", "-o", trace];
      const { ended } = start({ command: "strace", args: [...options, command, ...args] }, () => undefined);
      expect(await ended).toMatchObject({ code: 0 });

      const commitOf = await commits(folder);
      const found = acknowledgements(readTrace(await readFile(trace, "utf8")), says("ack"), says("ready"));
      return found.map(({ call, commitsFlushed }) => {
        const needed = commitOf.get(Number(/"ack \d+ (\d+)/.exec(call.text)?.[1]));
        if (needed === undefined) throw new Error(`acknowledged, and not in the journal: ${call.text}`);
        return { needed, flushed: commitsFlushed };
      });
    } finally {
      await rm(home, { recursive: true });
    }
  }

  test.each([{ callers: 1 }, { callers: 16 }])(
    "with $callers callers, the journal's promise leaves the process after the flush of its segment returned",
    async ({ callers }) => {
      const acknowledged = await traced(workerOf(build), callers);
      const early = acknowledged.filter(({ needed, flushed }) => flushed < needed);
      publish({
        fault: `acknowledged before the fsync returned, ${callersText(callers)}`,
        trials: acknowledged.length,
        acknowledged: acknowledged.length,
        broken: early.length,
        worstLoss: 0,
      });
      expect(acknowledged).toHaveLength(APPENDS);
      expect(early).toEqual([]);
    },
    5 * MINUTES,
  );

  test(
    "the same trace finds promises given too soon where SQLite runs in synchronous=NORMAL",
    async () => {
      const mutant = await withSynchronousNormal(build);
      try {
        const acknowledged = await traced(workerOf(mutant), 1);
        expect(acknowledged.filter(({ needed, flushed }) => flushed < needed).length).toBeGreaterThan(APPENDS / 2);
      } finally {
        await rm(mutant, { recursive: true });
      }
    },
    5 * MINUTES,
  );
});

/** In which commit of the session, from 1, each record was written. */
async function commits(folder: string): Promise<Map<number, number>> {
  const journal = await openUnderTest(folder);
  const found = new Map<number, number>();
  for (const [index, { firstSeq, lastSeq }] of (await journal.segments(1, APPENDS)).entries()) {
    for (let seq = firstSeq; seq <= lastSeq; seq += 1) found.set(seq, index + 1);
  }
  await journal.close();
  return found;
}

test("an acknowledgement that leaves while its flush is under way is found", () => {
  const steps = readTrace(
    [
      '7 write(1</out>, "ready 1 0\\n", 10) = 10',
      '8 pwrite64(9</j/journal.db-wal>, "", 4096, 56) = 4096',
      "8 fdatasync(9</j/journal.db-wal> <unfinished ...>",
      '7 write(1</out>, "ack 1 1 aa\\n", 11) = 11',
      "8 <... fdatasync resumed>) = 0",
      '7 write(1</out>, "ack 1 2 bb\\n", 11) = 11',
    ].join("\n"),
  );
  const found = acknowledgements(steps, says("ack"), says("ready"));
  expect(found.map(({ commitsFlushed }) => commitsFlushed)).toEqual([0, 1]);
});
