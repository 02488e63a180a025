/** A board that woke in 1970: what it sealed until its clock was set is dated again for the sinks. */
import { describe, expect, it } from "vitest";
import type { StoredSegment } from "../../src/journal/port.ts";
import { memoryState } from "../../src/receiver/memory-state.ts";
import type { ReceiverEvent, Redating } from "../../src/receiver/port.ts";
import { Receiver } from "../../src/receiver/receiver.ts";
import { encodeMessage } from "../../src/seal/message.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { Told } from "../fixtures/events.ts";
import { address, gatewayKeys, KeepingSink, newJournal, platformKey } from "../fixtures/feed.ts";
import type { MemoryJournal } from "../fixtures/memory-journal.ts";

const GATEWAY = address.gateway;
const NOW = 1_790_000_000_000;

class DatedSink extends KeepingSink {
  readonly redatings: Redating[] = [];
  failing = false;

  async redate(redating: Redating): Promise<void> {
    if (this.failing) throw new Error("the database is away");
    this.redatings.push(redating);
  }
}

function arrange(state = memoryState()) {
  const sink = new DatedSink();
  const told = new Told<ReceiverEvent>();
  const sinks = [new KeepingSink(), sink];
  const receiver = new Receiver({ keys: gatewayKeys(), state, sinks, platformKey, observe: told.observe });
  return { sink, told, receive: (segment: StoredSegment) => receiver.receive(encodeMessage(segment), GATEWAY) };
}

const bootId = (fill: number) => new Uint8Array(16).fill(fill);
/** So many milliseconds after a boot whose clock began there. */
const wrong = (monotonicMs: number, { boot = 1, began = 0 } = {}) => {
  return { bootId: bootId(boot), monotonicMs, sealedAtMs: began + monotonicMs, synchronised: false };
};
/** The same board when its clock has been set: it had booted 100 s before NOW. */
const right = (monotonicMs: number, boot = 1) => {
  return { bootId: bootId(boot), monotonicMs, sealedAtMs: NOW - 100_000 + monotonicMs, synchronised: true };
};
const at = (journal: MemoryJournal, clock: MemoryJournal["clock"], ...bodies: readonly string[]): StoredSegment => {
  journal.clock = clock;
  return journal.commit(...bodies);
};
const anchorAt = (journal: MemoryJournal, monotonicMs: number, boot = 1): StoredSegment => {
  const clock = right(monotonicMs, boot);
  journal.clock = clock;
  const { sealedAtMs: wallMs, synchronised } = clock;
  const anchor = {
    type: "clock-anchor",
    bootId: Buffer.from(bootId(boot)).toString("hex"),
    monotonicMs,
    wallMs,
    synchronised,
  };
  return journal.commit({ kind: RecordKind.event, body: JSON.stringify(anchor) });
};
const OFFSET = NOW - 100_000;

describe("records of a clock that was wrong", () => {
  it("are dated again when the anchor of their boot comes: once, in one range where the clock ran evenly", async () => {
    const { receive, sink, told } = arrange();
    const journal = newJournal();
    await receive(at(journal, wrong(1_000), "1", "2"));
    await receive(at(journal, wrong(30_000), "3"));
    expect(sink.redatings).toEqual([]);
    await receive(anchorAt(journal, 60_000));
    const redating = { gateway: GATEWAY, ranges: [{ epoch: 1, firstSeq: 1, lastSeq: 3, offsetMs: OFFSET }] };
    expect(sink.redatings).toEqual([redating]);
    expect(told.all).toContainEqual({ type: "redated", ...redating });
    await receive(at(journal, right(70_000), "5"));
    await receive(anchorAt(journal, 80_000));
    expect(sink.redatings).toHaveLength(1);
  });

  it("have a range for each way that the clock was wrong", async () => {
    const { receive, sink } = arrange();
    const journal = newJournal();
    await receive(at(journal, wrong(1_000), "1"));
    await receive(at(journal, wrong(2_000, { began: 500_000 }), "2"));
    await receive(at(journal, wrong(3_000, { began: 500_400 }), "3"));
    await receive(anchorAt(journal, 60_000));
    expect(sink.redatings[0]?.ranges).toEqual([
      { epoch: 1, firstSeq: 1, lastSeq: 1, offsetMs: OFFSET },
      { epoch: 1, firstSeq: 2, lastSeq: 3, offsetMs: OFFSET - 500_000 },
    ]);
  });

  it("wait for an anchor of their own boot, by a clock that was set", async () => {
    const { receive, sink } = arrange();
    const journal = newJournal();
    await receive(at(journal, wrong(1_000), "1"));
    await receive(anchorAt(journal, 5_000, 2));
    const untrusted = { type: "clock-anchor", bootId: "01".repeat(16), monotonicMs: 9, wallMs: 9, synchronised: false };
    await receive(journal.commit({ kind: RecordKind.event, body: JSON.stringify(untrusted) }));
    expect(sink.redatings).toEqual([]);
  });

  it("are dated again by another receiver on the same state, and after a sink that failed", async () => {
    const state = memoryState();
    const [one, other] = [arrange(state), arrange(state)];
    const journal = newJournal();
    await one.receive(at(journal, wrong(1_000), "1"));
    const anchor = anchorAt(journal, 60_000);
    other.sink.failing = true;
    await expect(other.receive(anchor)).rejects.toThrow("away");
    other.sink.failing = false;
    expect(await other.receive(anchor)).toMatchObject({ type: "held" });
    expect(other.sink.redatings).toHaveLength(1);
    expect(one.sink.redatings).toEqual([]);
  });

  it("are handed over as not to be trusted, those behind the anchor as right", async () => {
    const { receive, sink } = arrange();
    const journal = newJournal();
    const sealed: unknown[] = [];
    sink.before = (handover) => void sealed.push(handover.sealed);
    await receive(at(journal, wrong(1_000), "1"));
    await receive(at(journal, right(60_000), "2"));
    expect(sealed).toEqual([
      { atMs: 1_000, isTrusted: false },
      { atMs: NOW - 40_000, isTrusted: true },
    ]);
  });
});
