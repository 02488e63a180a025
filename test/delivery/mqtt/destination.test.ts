import { describe, expect, it } from "vitest";
import { errors } from "../../../src/delivery/errors.ts";
import type { MqttDestinationConfig } from "../../../src/delivery/index.ts";
import { alarmsTopic, receiptsTopic } from "../../../src/delivery/mqtt/topics.ts";
import type { Withhold } from "../../../src/delivery/withhold.ts";
import { errors as journalErrors } from "../../../src/journal/errors.ts";
import type { JournalFacts, JournalWriter } from "../../../src/journal/port.ts";
import { sealHolding } from "../../../src/seal/holding.ts";
import { type RefusedRecord, sealReceipt } from "../../../src/seal/receipt.ts";
import { RecordKind } from "../../../src/seal/record.ts";
import { hashOf } from "../../../src/seal/segment.ts";
import { FakeBroker } from "../../fixtures/fake-broker.ts";
import { address, newJournal, openGateway, platformKey, strangerKey } from "../../fixtures/feed.ts";
import { ManualTimers, settle } from "../../fixtures/timers.ts";

function arrange(segments: number, config: Partial<MqttDestinationConfig> = {}) {
  const journal = newJournal();
  const stored = Array.from({ length: segments }, (_, i) => journal.commit(`${i + 1}`));
  const broker = new FakeBroker();
  const timers = new ManualTimers();
  const open = (letters: JournalWriter & JournalFacts = newJournal(), withhold: Withhold = () => false) =>
    openGateway(
      journal,
      { url: "mqtt://nowhere", version: "5", ...config },
      { timers, connect: broker.connect, letters, withhold },
    );
  const hold = async (held: readonly number[], refused: readonly RefusedRecord[] = [], key = platformKey) => {
    const statement = sealHolding({ gateway: address.gateway, epoch: 1, held, refused }, key);
    await broker.handlers?.message(receiptsTopic(address), statement);
    await settle();
  };
  const say = async (
    through: number,
    encodings: readonly number[] = [0, 1],
    exceptions: readonly { seq: number; reason: string }[] = [],
  ) => {
    const segment = stored[through - 1]?.segment;
    const head = segment === undefined ? new Uint8Array(32) : hashOf(segment);
    const receipt = { gateway: address.gateway, epoch: 1, through, head, exceptions, encodings };
    await broker.handlers?.message(receiptsTopic(address), sealReceipt(receipt, platformKey));
    await settle();
  };
  return { journal, broker, timers, open, say, hold };
}

describe("an MQTT destination", () => {
  it("has no more segments without a receipt than its window", async () => {
    const { broker, open, say } = arrange(50, { window: 4 });
    const gateway = await open();
    await settle();
    expect(broker.seqs).toEqual([1, 2, 3, 4]);
    await say(3);
    expect(broker.seqs).toEqual([1, 2, 3, 4, 5, 6, 7]);
    await gateway.destination[Symbol.asyncDispose]();
  });

  it("has no more bytes without a receipt than its window, but one segment however large", async () => {
    const { broker, open, say } = arrange(10, { windowBytes: 1 });
    const gateway = await open();
    await settle();
    expect(broker.seqs).toEqual([1]);
    await say(1);
    expect(broker.seqs).toEqual([1, 2]);
    await gateway.destination[Symbol.asyncDispose]();
  });

  it.each([1, 3, 20])("never exceeds a Receive Maximum of %i", async (receiveMaximum) => {
    const { broker, open } = arrange(50);
    broker.limits = { ...broker.limits, receiveMaximum };
    broker.puback = undefined;
    const gateway = await open();
    for (let answered = 0; answered < 40; answered += 1) {
      await settle();
      expect(broker.published.length - answered).toBeLessThanOrEqual(receiveMaximum);
      broker.published[answered]?.answer(0);
    }
    await gateway.destination[Symbol.asyncDispose]();
  });

  it("starts after the cursor", async () => {
    const { journal, broker, open } = arrange(5);
    await journal.advance("platform", 3);
    const gateway = await open();
    await settle();
    expect(broker.seqs).toEqual([4, 5]);
    await gateway.destination[Symbol.asyncDispose]();
  });

  it("believes a receipt for what a former connection sent, before sending it again", async () => {
    const { journal, broker, open, say, timers } = arrange(8, { window: 4 });
    const gateway = await open();
    await settle();
    broker.puback = undefined;
    broker.handlers?.closed(errors.DELIVERY_CONNECTION_LOST());
    await settle();
    await say(4);
    await gateway.receipted(4);
    expect(await journal.cursor("platform")).toBe(4);
    await timers.advance(10_000);
    expect(broker.seqs).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    await gateway.destination[Symbol.asyncDispose]();
  });

  it("goes on behind what the platform has already, though it was sent before a restart and no cursor tells of it", async () => {
    const { journal, broker, open, say } = arrange(30, { window: 4 });
    const gateway = await open();
    await settle();
    await say(20);
    expect(await journal.cursor("platform")).toBe(20);
    expect(broker.seqs).toEqual([1, 2, 3, 4, 21, 22, 23, 24]);
    await gateway.destination[Symbol.asyncDispose]();
  });

  it("sends again from the cursor over a new connection when no receipt comes for 60 s", async () => {
    const { broker, open, say, timers } = arrange(4);
    const gateway = await open();
    await settle();
    await say(2);
    await timers.advance(59_999);
    expect(broker.connections).toBe(1);
    await timers.advance(1);
    expect(gateway.told.all).toContainEqual(
      expect.objectContaining({ state: "waiting", error: expect.objectContaining({ code: "DELIVERY_NO_RECEIPT" }) }),
    );
    await timers.advance(10_000);
    expect(broker.seqs).toEqual([1, 2, 3, 4, 3, 4]);
    await gateway.destination[Symbol.asyncDispose]();
  });

  it("sends again from where the platform says it is, 2 s after it said so again", async () => {
    const { broker, open, say, timers } = arrange(4);
    const gateway = await open();
    await settle();
    await say(1);
    await say(1);
    await timers.advance(1_999);
    expect(broker.seqs).toEqual([1, 2, 3, 4]);
    await timers.advance(1);
    expect(broker.seqs).toEqual([1, 2, 3, 4, 2, 3, 4]);
    expect(broker.connections).toBe(1);
    await gateway.destination[Symbol.asyncDispose]();
  });

  it("sends nothing again where the platform was only busy", async () => {
    const { broker, open, say, timers } = arrange(4);
    const gateway = await open();
    await settle();
    await say(1);
    await say(1);
    await timers.advance(1_000);
    await say(4);
    await timers.advance(30_000);
    expect(broker.seqs).toEqual([1, 2, 3, 4]);
    await gateway.destination[Symbol.asyncDispose]();
  });

  it.each([
    ["0x10 no matching subscribers", 0x10, "DELIVERY_NOBODY_LISTENS", "waiting"],
    ["0x80 unspecified error", 0x80, "DELIVERY_REFUSED", "waiting"],
    ["0x83 implementation specific error", 0x83, "DELIVERY_REFUSED", "waiting"],
    ["0x87 not authorised", 0x87, "DELIVERY_NOT_AUTHORISED", "suspended"],
    ["0x90 topic name invalid", 0x90, "DELIVERY_TOPIC_REFUSED", "suspended"],
    ["0x91 packet identifier in use", 0x91, "DELIVERY_REFUSED", "waiting"],
    ["0x97 quota exceeded", 0x97, "DELIVERY_SLOW_DOWN", "waiting"],
    ["0x99 payload format invalid, whatever is sent", 0x99, "DELIVERY_REFUSED", "waiting"],
  ] as const)(
    "counts a PUBACK %s as nothing delivered, loses nothing and tries again",
    async (_what, code, error, state) => {
      const { journal, broker, open, timers } = arrange(1);
      broker.puback = code;
      const gateway = await open();
      const event = await gateway.told.first((e) => e.type === "destination" && e.state !== "connected");
      expect(event).toMatchObject({ state, error: { code: error } });
      expect(gateway.told.count((e) => e.type === "delivered")).toBe(0);
      expect(await journal.cursor("platform")).toBe(0);
      expect(gateway.deadLetters.list()).toEqual([]);
      const before = broker.connections;
      await timers.advance(60_000);
      expect(broker.connections).toBeGreaterThan(before);
      await gateway.destination[Symbol.asyncDispose]();
    },
  );

  it("packs as a receipt says that the platform reads, and at each new connection as every platform does", async () => {
    const { broker, open, say, timers } = arrange(6, { window: 2 });
    const gateway = await open();
    await settle();
    await say(2, [0, 1, 2]);
    broker.handlers?.closed(errors.DELIVERY_CONNECTION_LOST());
    await settle();
    await timers.advance(10_000);
    expect(broker.published.map(({ payload }) => payload[0])).toEqual([0x83, 0x83, 0x87, 0x87, 0x83, 0x83]);
    expect(broker.seqs).toEqual([1, 2, 3, 4, 3, 4]);
    await gateway.destination[Symbol.asyncDispose]();
  });

  it("packs plainly, at once and from the cursor on, for a platform that says it knows no better", async () => {
    const { broker, open, say } = arrange(3);
    const gateway = await open();
    await settle();
    const packed = broker.published[1]?.payload;
    await say(1, [0]);
    expect(broker.seqs).toEqual([1, 2, 3, 2, 3]);
    expect(packed?.[0]).toBe(0x83);
    expect(broker.published[3]?.payload[0]).toBe(0x82);
    await gateway.destination[Symbol.asyncDispose]();
  });

  describe("puts aside what the platform refuses for good", () => {
    const refused = [{ seq: 2, reason: "422 no such\u001b[31m patient" }];
    const retry = { kind: RecordKind.audit, id: new Uint8Array(16), body: Buffer.from("{}") };

    it("once, with its words, and goes on behind it", async () => {
      const { journal, open, say } = arrange(4);
      const gateway = await open();
      await settle();
      await say(3, [0, 1], refused);
      await say(4, [0, 1], refused);
      expect(gateway.deadLetters.list()).toMatchObject([
        { destination: "platform", seq: 2, code: "refused", words: "422 no such [31m patient", again: false },
      ]);
      const told = gateway.told.all.filter((e) => e.type === "fault");
      expect(told).toHaveLength(1);
      expect(told[0]).toMatchObject({ error: { code: "DELIVERY_RECORD_REFUSED" } });
      expect(await journal.cursor("platform")).toBe(4);
      await gateway.destination[Symbol.asyncDispose]();
    });

    it("before the cursor passes: where the disk does not take it, all of it comes again", async () => {
      const { journal, broker, open, say, timers } = arrange(3);
      let isFull = true;
      const letters = newJournal();
      const append: typeof letters.append = (...what) =>
        isFull ? Promise.reject(journalErrors.JOURNAL_FULL()) : letters.append(...what);
      const gateway = await open({ append, facts: async () => [] });
      await settle();
      await say(3, [0, 1], refused);
      expect(gateway.destination.status()).toMatchObject({ state: "waiting", trouble: { code: "JOURNAL_FULL" } });
      expect(await journal.cursor("platform")).toBe(0);
      isFull = false;
      await timers.advance(10_000);
      expect(broker.seqs).toEqual([1, 2, 3, 1, 2, 3]);
      await say(3, [0, 1], refused);
      expect(await journal.cursor("platform")).toBe(3);
      expect(gateway.deadLetters.list()).toHaveLength(1);
      await gateway.destination[Symbol.asyncDispose]();
    });

    it("and shows it once more when asked to, until the platform says of this very record what became of it", async () => {
      const { broker, open, say, hold, timers } = arrange(3);
      const gateway = await open();
      await settle();
      await say(3, [0, 1], refused);
      await gateway.deadLetters.sendAgain("platform", [2], retry);
      await settle();
      expect(broker.published.slice(3).map(({ topic, firstSeq }) => [topic, firstSeq])).toEqual([
        [alarmsTopic(address), 2],
      ]);
      // A receipt says nothing of it, nor does a stranger's holding, nor one about another record.
      await say(3, [0, 1]);
      await hold([2], [], strangerKey);
      await hold([1]);
      expect(gateway.deadLetters.list()).toMatchObject([{ seq: 2, again: true }]);
      await timers.advance(60_000);
      expect(broker.seqs.slice(3)).toEqual([2, 2]);
      await hold([], [{ seq: 2, reason: "still unknown" }]);
      expect(gateway.deadLetters.list()).toMatchObject([{ seq: 2, again: false, words: "still unknown" }]);
      await gateway.deadLetters.sendAgain("platform", [2], retry);
      await settle();
      await hold([2]);
      expect(gateway.deadLetters.list()).toEqual([]);
      // A receipt that was on its way calls it refused: it is not any more.
      await say(3, [0, 1], refused);
      expect(gateway.deadLetters.list()).toEqual([]);
      await timers.advance(600_000);
      expect(broker.seqs.slice(3)).toEqual([2, 2, 2]);
      await gateway.destination[Symbol.asyncDispose]();
    });

    it("and says of one that is kept back from this destination by now that it is", async () => {
      let mayHave = true;
      const { broker, open, say } = arrange(3);
      const gateway = await open(newJournal(), () => !mayHave);
      await settle();
      await say(3, [0, 1], refused);
      mayHave = false;
      await gateway.deadLetters.sendAgain("platform", [2], retry);
      await settle();
      expect(gateway.deadLetters.list()).toMatchObject([{ seq: 2, code: "withheld", again: false }]);
      expect(broker.published).toHaveLength(3);
      await gateway.destination[Symbol.asyncDispose]();
    });

    it("and says of one that is erased meanwhile that there is nothing to show", async () => {
      const { broker, journal, open, say } = arrange(3);
      const gateway = await open();
      await settle();
      await say(3, [0, 1], refused);
      journal.erase(2);
      await gateway.deadLetters.sendAgain("platform", [2], retry);
      await settle();
      expect(gateway.deadLetters.list()).toMatchObject([{ seq: 2, code: "erased", again: false }]);
      expect(broker.published).toHaveLength(3);
      await gateway.destination[Symbol.asyncDispose]();
    });
  });

  it("sends half as much at once after being asked to slow down, and grows back with the receipts", async () => {
    const { broker, open, say, timers } = arrange(40, { window: 8 });
    broker.puback = 0x97;
    const gateway = await open();
    await settle();
    broker.puback = 0;
    broker.published.length = 0;
    await timers.advance(5_000);
    expect(broker.published).toHaveLength(4);
    await say(1);
    expect(broker.published).toHaveLength(6);
    await gateway.destination[Symbol.asyncDispose]();
  });

  it("goes on trying for ever, and closes while it waits", async () => {
    const { broker, open, timers } = arrange(1);
    broker.refuse = errors.DELIVERY_UNREACHABLE();
    const gateway = await open();
    await timers.advance(24 * 3_600_000);
    // random() = 0: every wait is the least one.
    expect(broker.connections).toBeGreaterThan(80_000);
    await gateway.destination[Symbol.asyncDispose]();
    expect(gateway.destination.status().state).toBe("closed");
  });
});
