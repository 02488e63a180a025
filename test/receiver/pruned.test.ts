/** A gateway whose chain was pruned before this platform began: it sends its checkpoint first, and the chain begins there. */
import { describe, expect, it } from "vitest";
import type { StoredSegment } from "../../src/journal/port.ts";
import { memoryState } from "../../src/receiver/memory-state.ts";
import type { ReceiverEvent } from "../../src/receiver/port.ts";
import { Receiver } from "../../src/receiver/receiver.ts";
import { checkpointBody } from "../../src/seal/checkpoint.ts";
import { type SigningKey, signingKey } from "../../src/seal/key.ts";
import { encodeMessage } from "../../src/seal/message.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { type RotationStatement, sealRotation } from "../../src/seal/rotation.ts";
import { hashOf } from "../../src/seal/segment.ts";
import { Told } from "../fixtures/events.ts";
import { address, gatewayKey, gatewayKeys, KeepingSink, newJournal, platformKey } from "../fixtures/feed.ts";
import type { MemoryJournal } from "../fixtures/memory-journal.ts";

const GATEWAY = address.gateway;
const [second, third] = [signingKey(new Uint8Array(32).fill(21)), signingKey(new Uint8Array(32).fill(22))];

function arrange(state = memoryState()) {
  const sink = new KeepingSink();
  const told = new Told<ReceiverEvent>();
  const parts = { keys: gatewayKeys(), state, sinks: [sink], platformKey, observe: told.observe };
  const receiver = new Receiver(parts);
  return { sink, told, receive: (segment: StoredSegment) => receiver.receive(encodeMessage(segment), GATEWAY) };
}

const checkpoint = (last: StoredSegment, rotations: readonly RotationStatement[] = []) => ({
  kind: RecordKind.audit,
  body: Buffer.from(checkpointBody(last.lastSeq, hashOf(last.segment), rotations)).toString(),
});

/** Records 1 to 3 pruned, 4 and 5 there, the checkpoint at 6, one behind it. */
function pruned(journal: MemoryJournal = newJournal()) {
  const gone = journal.commit("1", "2", "3");
  const rest = [journal.commit("4"), journal.commit("5")];
  const mark = journal.commit(checkpoint(gone));
  return { journal, gone, rest, mark, behind: journal.commit("7") };
}

async function receiveAll(receive: ReturnType<typeof arrange>["receive"], segments: readonly StoredSegment[]) {
  const outcomes = [];
  for (const segment of segments) outcomes.push(await receive(segment));
  return outcomes;
}

describe("a chain that was pruned before the platform began", () => {
  it("begins behind the prune, says so, and goes on through its checkpoint", async () => {
    const { receive, told, sink } = arrange();
    const { rest, mark, behind } = pruned();
    expect(await receive(mark)).toMatchObject({ type: "early", standing: { epoch: 1, through: 3 } });
    expect(told.all).toContainEqual({ type: "pruned-start", gateway: GATEWAY, epoch: 1, prunedThrough: 3 });
    const outcomes = await receiveAll(receive, [...rest, behind]);
    expect(outcomes.map(({ type }) => type)).toEqual(["held", "held", "held"]);
    expect(outcomes.at(-1)).toMatchObject({ standing: { through: 7 } });
    expect(sink.records.map(({ seq }) => seq)).toEqual([4, 5, 6, 7]);
    expect(await receive(mark)).toMatchObject({ type: "repeat", handed: 0 });
  });

  it("is early without its checkpoint, and a fork with one that names another history", async () => {
    const { receive } = arrange();
    const { rest } = pruned();
    expect(await receive(rest[0] ?? never())).toMatchObject({ type: "early", standing: { through: 0 } });
    const other = arrange();
    const { mark } = pruned();
    await other.receive(mark);
    expect(await other.receive(rest[0] ?? never())).toMatchObject({ type: "refused", fault: "fork" });
  });

  it("begins where it was, whatever a checkpoint says, once something of it is held", async () => {
    const { receive, told } = arrange();
    const { gone, rest, mark } = pruned();
    await receive(gone);
    expect(await receive(mark)).toMatchObject({ type: "early", standing: { through: 3 } });
    await receiveAll(receive, rest);
    expect(told.count(({ type }) => type === "pruned-start")).toBe(0);
  });

  it("begins nowhere else for a checkpoint that is withheld, of the future, or no audit record", async () => {
    const journal = newJournal();
    const gone = journal.commit("1");
    const future = journal.commit({
      kind: RecordKind.audit,
      body: `{"type":"checkpoint","through":9,"hash":"${"00".repeat(32)}","rotations":[]}`,
    });
    const event = journal.commit({ ...checkpoint(gone), kind: RecordKind.event });
    const mark = journal.commit(checkpoint(gone));
    const withheld = { ...mark, records: [{ seq: mark.firstSeq, withheld: true as const }] };
    for (const segment of [future, event, withheld]) {
      const { receive, told } = arrange();
      expect(await receive(segment)).toMatchObject({ type: "early", standing: { through: 0 } });
      expect(told.count(({ type }) => type === "pruned-start")).toBe(0);
    }
  });

  it("lets its checkpoint lead from the key that is known to the one that signs now", async () => {
    const { receive, told } = arrange();
    const journal = newJournal();
    const gone = journal.commit("1", "2");
    const rotations: RotationStatement[] = [];
    const rotate = (to: SigningKey): StoredSegment => {
      const statement = sealRotation(GATEWAY, journal.key, to);
      const segment = journal.commit({ kind: RecordKind.audit, body: JSON.stringify(statement) });
      rotations.push(statement);
      journal.key = to;
      return segment;
    };
    const rest = [journal.commit("3"), rotate(second), journal.commit("5"), rotate(third)];
    const mark = journal.commit(checkpoint(gone, rotations));
    const behind = journal.commit("8");
    expect(await receive(mark)).toMatchObject({ type: "early", standing: { through: 2 } });
    const outcomes = await receiveAll(receive, [...rest, behind]);
    expect(outcomes.map(({ type }) => type)).toEqual(["held", "held", "held", "held", "held"]);
    expect(told.count(({ type }) => type === "key-changed")).toBeGreaterThan(0);
    // The keys that were changed sign nothing more.
    journal.key = second;
    expect(await receive(journal.commit("9"))).toMatchObject({ fault: "retired-key" });
  });

  it("believes no checkpoint that goes round a change of key which is known", async () => {
    const state = memoryState();
    const { receive } = arrange(state);
    const journal = newJournal();
    await receive(
      journal.commit({ kind: RecordKind.audit, body: JSON.stringify(sealRotation(GATEWAY, gatewayKey, second)) }),
    );
    // Whoever stole the first key makes a history of another epoch, and a key of his own to sign it.
    const forged = newJournal(2);
    const gone = forged.commit("1");
    forged.key = third;
    const mark = forged.commit(checkpoint(gone, [sealRotation(GATEWAY, gatewayKey, third)]));
    expect(await receive(mark)).toMatchObject({ type: "refused", fault: "unknown-key" });
    expect(await receive(forged.commit("3"))).toMatchObject({ type: "refused", fault: "unknown-key" });
  });

  it("believes no checkpoint whose changes begin at nobody's key, or are another gateway's", async () => {
    const { receive } = arrange();
    for (const rotation of [sealRotation(GATEWAY, third, second), sealRotation("ehpad-2", gatewayKey, second)]) {
      const journal = newJournal();
      const gone = journal.commit("1");
      journal.key = second;
      expect(await receive(journal.commit(checkpoint(gone, [rotation])))).toMatchObject({ fault: "unknown-key" });
    }
  });
});

function never(): never {
  throw new Error("the segment is there");
}
