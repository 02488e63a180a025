/**
 * A process that does nothing but keep a journal busy, and says at once, in one write to standard output each, what it was
 * promised: what a device would be told. The parent reads these lines, or disk.c and strace see them among the other calls.
 *
 *   ready <epoch> <lastSeq>          the journal is open
 *   ack <epoch> <seq> <id>           append() has resolved
 *   cursor <epoch> <through>         advance() has resolved
 *   refused <append|cursor> <code>   append() or advance() was rejected
 *   failed <code>                    the journal did not open, or did not close
 *   done                             all was asked for, and the journal is closed
 */
import { randomBytes } from "node:crypto";
import { writeSync } from "node:fs";
import type { Journal } from "../../src/journal/port.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { openUnderTest } from "./journal-under-test.ts";
import { randomFrom } from "./random.ts";

export interface Load {
  readonly folder: string;
  /** How many append at the same time, each its next when the last was acknowledged. */
  readonly callers: number;
  /** Appends per session; Infinity is written null. */
  readonly appends: number | null;
  /** How often the journal is opened, loaded and closed. */
  readonly sessions: number;
  readonly seed: number;
  /** A destination's cursor follows every so many records; 0 for never. @default 16 */
  readonly advanceEvery?: number;
  readonly maxBytes?: number;
}

const say = (line: string) => writeSync(1, `${line}\n`);

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

const load: Load = JSON.parse(process.argv[2] ?? "{}");
const { advanceEvery = 16 } = load;
const random = randomFrom(load.seed);

/** Most readings are small bundles; one in sixteen is a waveform that overflows its page several times. */
function body(): Uint8Array {
  return randomBytes(random.below(16) === 0 ? 4_000 + random.below(20_000) : 100 + random.below(900));
}

async function keepBusy(journal: Journal): Promise<void> {
  let left = load.appends ?? Number.POSITIVE_INFINITY;
  const caller = async () => {
    while (left > 0) {
      left -= 1;
      const id = randomBytes(16);
      let asked: "append" | "cursor" = "append";
      try {
        const { seq } = await journal.append({
          kind: RecordKind.measure,
          id,
          body: body(),
          device: "aa:bb",
          person: "p",
        });
        say(`ack ${journal.epoch} ${seq} ${id.toString("hex")}`);
        if (advanceEvery === 0 || seq % advanceEvery !== 0) continue;
        asked = "cursor";
        await journal.advance("platform", seq);
        say(`cursor ${journal.epoch} ${seq}`);
      } catch (error) {
        say(`refused ${asked} ${codeOf(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: load.callers }, caller));
}

try {
  for (let session = 0; session < load.sessions; session += 1) {
    const journal = await openUnderTest(load.folder, load.maxBytes === undefined ? {} : { maxBytes: load.maxBytes });
    say(`ready ${journal.epoch} ${journal.lastSeq}`);
    await keepBusy(journal);
    await journal.close();
  }
  say("done");
} catch (error) {
  say(`failed ${codeOf(error)}`);
}
