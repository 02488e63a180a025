import { describe, expect, it } from "vitest";
import type { StoredSegment } from "../../src/journal/port.ts";
import { memoryState } from "../../src/receiver/memory-state.ts";
import type { ReceiverEvent, ReceiverState } from "../../src/receiver/port.ts";
import { Receiver } from "../../src/receiver/receiver.ts";
import { GatewayWatch } from "../../src/receiver/watch.ts";
import { encodeMessage } from "../../src/seal/message.ts";
import { FakeClock } from "../fixtures/clock.ts";
import { Told } from "../fixtures/events.ts";
import { address, gatewayKeys, KeepingSink, newJournal, platformKey } from "../fixtures/feed.ts";
import { ManualTimers, settle } from "../fixtures/timers.ts";

const GATEWAY = address.gateway;
const MINUTE = 60_000;

function arrange(state: ReceiverState = memoryState(), gateways: () => readonly string[] = () => [GATEWAY]) {
  const [clock, timers] = [new FakeClock(), new ManualTimers()];
  const told = new Told<ReceiverEvent>();
  const watch = new GatewayWatch({
    clock,
    timers,
    observe: told.observe,
    gateways,
    state,
    silentAfterMs: 15 * MINUTE,
  });
  const parts = { keys: gatewayKeys(), state, sinks: [new KeepingSink()], platformKey };
  const receiver = new Receiver({ ...parts, observe: watch.take });
  /** Time passes as it does: a look every quarter of a minute. */
  const pass = async (minutes: number) => {
    for (let quarter = 0; quarter < 4 * minutes; quarter += 1) {
      clock.advance(MINUTE / 4);
      await timers.advance(MINUTE / 4);
      await settle();
    }
  };
  const receive = (segment: StoredSegment) => receiver.receive(encodeMessage(segment), GATEWAY);
  const concerns = () =>
    told.all.flatMap((event) =>
      event.type === "concern" ? [`${event.gateway} ${event.concern} ${event.state} ${event.error.code}`] : [],
    );
  return { watch, told, pass, receive, concerns };
}

describe("a gateway that falls silent", () => {
  const silent = `${GATEWAY} silent raised RECEIVER_GATEWAY_SILENT`;
  const back = `${GATEWAY} silent over RECEIVER_GATEWAY_SILENT`;

  it("is told of once, and once when it is back", async () => {
    const { receive, pass, concerns } = arrange();
    const journal = newJournal();
    await receive(journal.commit("1"));
    await pass(14);
    expect(concerns()).toEqual([]);
    await pass(30);
    expect(concerns()).toEqual([silent]);
    await receive(journal.commit("2"));
    expect(concerns()).toEqual([silent, back]);
    await pass(16);
    expect(concerns()).toEqual([silent, back, silent]);
  });

  it("is told of though it was never heard, from the receiver's start on", async () => {
    const { pass, concerns } = arrange();
    await pass(15);
    expect(concerns()).toEqual([silent]);
  });

  it("is heard by whatever is its own: a repeat, an early segment", async () => {
    const { receive, pass, concerns } = arrange();
    const journal = newJournal();
    const first = journal.commit("1");
    await receive(first);
    await pass(10);
    await receive(first);
    await pass(10);
    journal.commit("2");
    await receive(journal.commit("3"));
    await pass(8);
    expect(concerns()).toEqual([]);
  });

  it("is not silent while its presence is said, and is from then on", async () => {
    const { watch, pass, concerns } = arrange();
    for (let time = 0; time < 4; time += 1) {
      await pass(10);
      watch.take({ type: "presence", gateway: GATEWAY, isOnline: true });
      watch.take({ type: "presence", gateway: "nobody", isOnline: true });
    }
    watch.take({ type: "presence", gateway: GATEWAY, isOnline: false });
    expect(concerns()).toEqual([]);
    await pass(15);
    expect(concerns()).toEqual([silent]);
  });

  it("is not heard by what anybody could have sent in its name", async () => {
    const { watch, pass, concerns } = arrange();
    await pass(10);
    const because = { fr: "", en: "" };
    for (const fault of ["unknown-key", "bad-signature", "malformed", "foreign"] as const) {
      watch.take({ type: "refused", gateway: GATEWAY, fault, because });
    }
    await pass(5);
    expect(concerns()).toEqual([silent]);
  });

  it("is no concern any more when it is taken out of the directory, and one when it comes into it", async () => {
    let gateways: readonly string[] = [GATEWAY];
    const { pass, concerns } = arrange(memoryState(), () => gateways);
    gateways = ["ehpad-2"];
    await pass(30);
    expect(concerns()).toEqual(["ehpad-2 silent raised RECEIVER_GATEWAY_SILENT"]);
  });

  it("is not silent where another receiver on the same state hears it", async () => {
    const state: ReceiverState = { ...memoryState(), isShared: true };
    const [one, other] = [arrange(state), arrange(state)];
    const journal = newJournal();
    for (let hour = 0; hour < 3; hour += 1) {
      await other.receive(journal.commit(`${hour}`));
      await one.pass(14);
    }
    expect(one.concerns()).toEqual([]);
    await one.pass(31);
    expect(one.concerns()).toEqual([silent]);
    await other.receive(journal.commit("again"));
    await one.pass(1);
    expect(one.concerns()).toEqual([silent, back]);
  });
});

describe("a gateway's chain", () => {
  it("that is broken is told of once, and once when it goes on", async () => {
    const { receive, concerns } = arrange();
    const [journal, other] = [newJournal(), newJournal()];
    await receive(journal.commit("1"));
    await receive(other.commit("another 1"));
    await receive(other.commit("another 2"));
    const raised = `${GATEWAY} chain raised RECEIVER_CHAIN_BROKEN`;
    expect(concerns()).toEqual([raised]);
    await receive(journal.commit("2"));
    expect(concerns()).toEqual([raised, `${GATEWAY} chain over RECEIVER_CHAIN_BROKEN`]);
  });

  it("with a gap that does not close is told of after ten minutes, and when it closes", async () => {
    const { receive, pass, concerns } = arrange();
    const journal = newJournal();
    const missing = journal.commit("1");
    await receive(journal.commit("2"));
    await pass(9);
    expect(concerns()).toEqual([]);
    await pass(1);
    const raised = `${GATEWAY} gap raised RECEIVER_CHAIN_GAP`;
    expect(concerns()).toEqual([raised]);
    await receive(missing);
    expect(concerns()).toEqual([raised, `${GATEWAY} gap over RECEIVER_CHAIN_GAP`]);
  });

  it("with a gap that another receiver closed is whole", async () => {
    const state: ReceiverState = { ...memoryState(), isShared: true };
    const [one, other] = [arrange(state), arrange(state)];
    await one.pass(1);
    const journal = newJournal();
    const missing = journal.commit("1");
    const early = journal.commit("2");
    await one.receive(early);
    await other.receive(missing);
    await other.receive(early);
    await one.pass(12);
    expect(one.concerns()).toEqual([]);
  });
});

describe("a gateway's clock", () => {
  const at = (seconds: number, synchronised = true) => ({
    sealedAtMs: 1_780_000_000_000 + seconds * 1_000,
    synchronised,
  });

  it("that had been set and goes back is told of once, and once when it is past that again", async () => {
    const { receive, concerns } = arrange();
    const journal = newJournal();
    const seal = (clock: ReturnType<typeof at>) => {
      journal.clock = clock;
      return receive(journal.commit("x"));
    };
    for (const seconds of [0, 10, 8]) await seal(at(seconds));
    expect(concerns()).toEqual([]);
    for (const seconds of [-86_400, -86_390]) await seal(at(seconds));
    const raised = `${GATEWAY} clock raised RECEIVER_CLOCK_BACK`;
    expect(concerns()).toEqual([raised]);
    await seal(at(20));
    expect(concerns()).toEqual([raised, `${GATEWAY} clock over RECEIVER_CLOCK_BACK`]);
  });

  it("that was never set may say what it likes", async () => {
    const { receive, concerns } = arrange();
    const journal = newJournal();
    for (const seconds of [100, -1e9, 50]) {
      journal.clock = at(seconds, false);
      await receive(journal.commit("x"));
    }
    expect(concerns()).toEqual([]);
  });
});

describe("the watch", () => {
  it("goes on after a state that failed, and says so", async () => {
    const failing: ReceiverState = {
      ...memoryState(),
      isShared: true,
      positions: () => Promise.reject(new Error("the database is away")),
    };
    const { pass, told } = arrange(failing);
    await pass(1);
    expect(told.count(({ type }) => type === "failed")).toBe(4);
  });

  it("looks no more once it is closed", async () => {
    const { watch, pass, concerns } = arrange();
    watch[Symbol.dispose]();
    await pass(30);
    expect(concerns()).toEqual([]);
  });
});
