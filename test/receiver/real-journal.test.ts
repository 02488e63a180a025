/** What the gateway's own journal writes, taken by the receiver: its changes of key, its prune, its clock. */
import { rm } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { watchClock } from "../../src/journal/anchor.ts";
import type { Journal, StoredSegment } from "../../src/journal/port.ts";
import { gatewayKeys } from "../../src/receiver/keys.ts";
import { memoryState } from "../../src/receiver/memory-state.ts";
import type { ReceiverEvent, Redating } from "../../src/receiver/port.ts";
import { Receiver } from "../../src/receiver/receiver.ts";
import { encodeMessage } from "../../src/seal/message.ts";
import { FakeClock } from "../fixtures/clock.ts";
import { Told } from "../fixtures/events.ts";
import { KeepingSink, platformKey } from "../fixtures/feed.ts";
import { testKey } from "../fixtures/seal.ts";
import { ManualTimers } from "../fixtures/timers.ts";
import { draft, newFolder, open } from "../journal/setting.ts";

const GATEWAY = "ehpad-test";
const DAY_MS = 86_400_000;
let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rm(folder, { recursive: true }));

class DatedSink extends KeepingSink {
  readonly redatings: Redating[] = [];

  async redate(redating: Redating): Promise<void> {
    this.redatings.push(redating);
  }
}

function arrange() {
  const sink = new DatedSink();
  const told = new Told<ReceiverEvent>();
  const keys = gatewayKeys({ [GATEWAY]: testKey().publicKey });
  const receiver = new Receiver({ keys, state: memoryState(), sinks: [sink], platformKey, observe: told.observe });
  const receive = async (segments: readonly StoredSegment[]) => {
    const types: string[] = [];
    for (const segment of segments) types.push((await receiver.receive(encodeMessage(segment), GATEWAY)).type);
    return types;
  };
  return { sink, told, receive };
}

const seqs = (sink: KeepingSink): number[] => sink.records.map(({ seq }) => seq);

describe("a gateway's journal", () => {
  test("is followed through its changes of key", async () => {
    const { receive, sink, told } = arrange();
    const journal = await open(folder);
    for (const [n, key] of [testKey(21), testKey(22)].entries()) {
      await journal.append(draft(n));
      await journal.rotateSigningKey(key);
    }
    await journal.append(draft(9));
    expect(new Set(await receive(await journal.segments(1, 100)))).toEqual(new Set(["held"]));
    await journal.close();
    expect(seqs(sink)).toEqual([1, 2, 3, 4, 5]);
    expect(told.count(({ type }) => type === "key-changed")).toBe(2);
  });

  test("is taken from its checkpoint on where its start is pruned, with the key that it had first", async () => {
    const { receive, sink, told } = arrange();
    const clock = new FakeClock();
    const journal = await open(folder, { clock });
    for (let n = 1; n <= 20; n += 1) await journal.append(draft(n));
    await journal.rotateSigningKey(testKey(21));
    await journal.advance("platform", journal.lastSeq);
    await retain(journal, clock);
    clock.advance(60 * DAY_MS);
    await journal.append(draft(30));
    const { prunedThrough } = await retain(journal, clock);
    expect(prunedThrough).toBeGreaterThan(0);
    const checkpoint = await journal.checkpoint();
    if (checkpoint === undefined) throw new Error("nothing was pruned");
    await receive([checkpoint]);
    expect(told.all).toContainEqual(expect.objectContaining({ type: "pruned-start", prunedThrough }));
    // The checkpoint's own segment waited for those before it, and comes once more in its turn.
    const types = await receive(await journal.segments(prunedThrough + 1, 100));
    expect(types.filter((type) => type !== "held")).toEqual(["repeat"]);
    const { lastSeq } = journal;
    await journal.close();
    expect(seqs(sink).at(0)).toBe(prunedThrough + 1);
    expect(seqs(sink).at(-1)).toBe(lastSeq);
  });

  test("is dated again when its board's clock is set", async () => {
    const { receive, sink } = arrange();
    const clock = new FakeClock(0);
    clock.synchronised = false;
    const timers = new ManualTimers();
    const journal = await open(folder, { clock });
    const stop = watchClock(journal, clock, timers);
    await journal.append(draft(1));
    clock.advance(5_000);
    await journal.append(draft(2));
    clock.synchronised = true;
    clock.advance(5_000);
    clock.wall = new FakeClock(1_790_000_000_000).wall;
    await timers.advance(10_000);
    await stop();
    await receive(await journal.segments(1, 100));
    await journal.close();
    const ranges = [{ epoch: journal.epoch, firstSeq: 1, lastSeq: 2, offsetMs: 1_790_000_000_000 - 10_000 }];
    expect(sink.redatings).toEqual([{ gateway: GATEWAY, ranges }]);
  });
});

const retain = (journal: Journal, clock: FakeClock) =>
  journal.retain({ destinations: ["platform"], eraseAfterDays: 7, pruneAfterDays: 30, now: clock.now() });
