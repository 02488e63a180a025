import { describe, expect, it } from "vitest";
import { errors } from "../../../src/delivery/errors.ts";
import type { MqttDestinationConfig } from "../../../src/delivery/index.ts";
import { receiptsTopic } from "../../../src/delivery/mqtt/topics.ts";
import { sealReceipt } from "../../../src/seal/receipt.ts";
import { hashOf } from "../../../src/seal/segment.ts";
import { FakeBroker } from "../../fixtures/fake-broker.ts";
import { address, newJournal, openGateway, platformKey } from "../../fixtures/feed.ts";
import { ManualTimers, settle } from "../../fixtures/timers.ts";

function arrange(segments: number, config: Partial<MqttDestinationConfig> = {}) {
  const journal = newJournal();
  const stored = Array.from({ length: segments }, (_, i) => journal.commit(`${i + 1}`));
  const broker = new FakeBroker();
  const timers = new ManualTimers();
  const open = () =>
    openGateway(journal, { url: "mqtt://nowhere", version: "5", ...config }, { timers, connect: broker.connect });
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
  return { journal, broker, timers, open, say };
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
    [0x10, "DELIVERY_NOBODY_LISTENS", "waiting"],
    [0x87, "DELIVERY_NOT_AUTHORISED", "suspended"],
    [0x97, "DELIVERY_SLOW_DOWN", "waiting"],
    [0x80, "DELIVERY_REFUSED", "waiting"],
  ] as const)("counts a PUBACK %i as nothing delivered", async (code, error, state) => {
    const { journal, broker, open } = arrange(1);
    broker.puback = code;
    const gateway = await open();
    const event = await gateway.told.first((e) => e.type === "destination" && e.state !== "connected");
    expect(event).toMatchObject({ state, error: { code: error } });
    expect(gateway.told.count((e) => e.type === "delivered")).toBe(0);
    expect(await journal.cursor("platform")).toBe(0);
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

  it("says once, in the platform's words, which record it refused for good, and goes on behind it", async () => {
    const { journal, open, say } = arrange(4);
    const gateway = await open();
    await settle();
    const refused = [{ seq: 2, reason: "422 no such patient" }];
    await say(3, [0, 1], refused);
    await say(4, [0, 1], refused);
    const told = gateway.told.all.filter((e) => e.type === "fault");
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ error: { code: "DELIVERY_RECORD_REFUSED" } });
    expect(await journal.cursor("platform")).toBe(4);
    await gateway.destination[Symbol.asyncDispose]();
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
