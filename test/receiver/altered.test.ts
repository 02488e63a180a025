import { describe, expect, it } from "vitest";
import type { StoredSegment } from "../../src/journal/port.ts";
import { memoryState } from "../../src/receiver/memory-state.ts";
import { Receiver } from "../../src/receiver/receiver.ts";
import { encodeMessage } from "../../src/seal/message.ts";
import { openReceipt } from "../../src/seal/receipt.ts";
import { address, gatewayKeys, KeepingSink, newJournal, platformKey, platformKeys } from "../fixtures/feed.ts";

const GATEWAY = address.gateway;
const REASON = "the body that came is not the one that was sealed";

function arrange() {
  const sink = new KeepingSink();
  const receiver = new Receiver({ keys: gatewayKeys(), state: memoryState(), sinks: [sink], platformKey });
  const receive = (segment: StoredSegment) => receiver.receive(encodeMessage(segment), GATEWAY);
  return { sink, receiver, receive };
}

/** The same segment, with another body in place of this record's: as a disk that rots, or somebody on the way, has it. */
const altering = (segment: StoredSegment, ...seqs: readonly number[]): StoredSegment => ({
  ...segment,
  records: segment.records.map((record) =>
    seqs.includes(record.seq) && "body" in record ? { ...record, body: Buffer.from("altered") } : record,
  ),
});

describe("a record whose body comes altered", () => {
  it("is asked for again twice, and is an exception from the third time on: what is beside and behind it goes on", async () => {
    const { receive, receiver, sink } = arrange();
    const journal = newJournal();
    const rotten = altering(journal.commit("1", "2", "3"), 2);
    expect(await receive(rotten)).toMatchObject({ type: "refused", fault: "altered" });
    expect(await receive(rotten)).toMatchObject({ type: "refused", fault: "altered" });
    expect(sink.bodies).toEqual([]);
    const exceptions = [{ seq: 2, reason: REASON }];
    const held = await receive(rotten);
    expect(held).toMatchObject({
      type: "held",
      handed: 2,
      refused: 1,
      withheld: 0,
      standing: { through: 3, exceptions },
    });
    if (held.type !== "held") throw new Error(held.type);
    expect(openReceipt(receiver.sign(GATEWAY, held.standing), platformKeys)).toMatchObject({ receipt: { exceptions } });
    expect(await receive(journal.commit("4"))).toMatchObject({ type: "held", standing: { through: 4, exceptions } });
    expect(sink.bodies).toEqual(["1", "3", "4"]);
  });

  it("is handed over when a good copy comes after all, and is no exception any more", async () => {
    const { receive, sink } = arrange();
    const good = newJournal().commit("1", "2", "3");
    for (let time = 0; time < 3; time += 1) await receive(altering(good, 2));
    expect(await receive(altering(good, 2))).toMatchObject({ type: "repeat", standing: { exceptions: [{ seq: 2 }] } });
    expect(await receive(good)).toMatchObject({ type: "repeat", handed: 1, standing: { exceptions: [] } });
    expect(sink.bodies).toEqual(["1", "3", "2"]);
  });

  it("is handed over at once where it comes whole the second time", async () => {
    const { receive, sink } = arrange();
    const good = newJournal().commit("1", "2");
    await receive(altering(good, 2));
    expect(await receive(good)).toMatchObject({ type: "held", handed: 2, standing: { exceptions: [] } });
    expect(sink.bodies).toEqual(["1", "2"]);
  });

  it("counts by itself: each record is asked for again as often", async () => {
    const { receive } = arrange();
    const good = newJournal().commit("1", "2", "3");
    await receive(altering(good, 1));
    await receive(altering(good, 1));
    expect(await receive(altering(good, 1, 3))).toMatchObject({ fault: "altered" });
    expect(await receive(altering(good, 1, 3))).toMatchObject({ fault: "altered" });
    const exceptions = [
      { seq: 1, reason: REASON },
      { seq: 3, reason: REASON },
    ];
    expect(await receive(altering(good, 1, 3))).toMatchObject({ type: "held", standing: { exceptions } });
  });

  it("is no exception where it was handed over before", async () => {
    const { receive } = arrange();
    const good = newJournal().commit("1", "2");
    await receive(good);
    for (let time = 0; time < 5; time += 1) await receive(altering(good, 2));
    expect(await receive(altering(good, 2))).toMatchObject({ type: "repeat", handed: 0, standing: { exceptions: [] } });
  });

  it("keeps its place among segments that came early", async () => {
    const { receive, sink } = arrange();
    const journal = newJournal();
    const [first, second] = [journal.commit("1"), journal.commit("2", "2b")];
    for (let time = 0; time < 2; time += 1)
      expect(await receive(altering(second, 3))).toMatchObject({ fault: "altered" });
    expect(await receive(altering(second, 3))).toMatchObject({ type: "early" });
    expect(await receive(first)).toMatchObject({ standing: { through: 3, exceptions: [{ seq: 3, reason: REASON }] } });
    expect(sink.bodies).toEqual(["1", "2"]);
  });

  it("is never taken for a message that is wrong in itself", async () => {
    const { receive } = arrange();
    const good = newJournal().commit("1", "2");
    const short = { ...good, records: good.records.slice(0, 1) };
    for (let time = 0; time < 5; time += 1) expect(await receive(short)).toMatchObject({ fault: "altered" });
  });
});
