/** The log as an operator reads it: hours of operation in some lines, each at its level. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { errors as delivery } from "../../src/delivery/errors.ts";
import type { RejectReason } from "../../src/driver/reject.ts";
import type { VigieError } from "../../src/errors/error.ts";
import type { GatewayEvent } from "../../src/events.ts";
import { errors as journal } from "../../src/journal/errors.ts";
import { errors as ble } from "../../src/link/ble/errors.ts";
import { errors as serial } from "../../src/link/serial/errors.ts";
import type { Facts, Log } from "../../src/logging/log.ts";
import { LogObserver } from "../../src/logging/observe.ts";
import { observeReceiver } from "../../src/logging/observe-receiver.ts";
import { Outages } from "../../src/logging/outages.ts";
import { ms } from "../../src/measure/time.ts";
import { FakeClock } from "../fixtures/clock.ts";
import { ManualTimers } from "../fixtures/timers.ts";

const MINUTE = 60_000;

let clock: FakeClock;
let timers: ManualTimers;
let log: Log;
let told: LogObserver;
/** `warn destination coordination still away 10`, without what is debug. */
let lines: string[];

beforeEach(() => {
  [clock, timers, lines] = [new FakeClock(), new ManualTimers(), []];
  const at = (level: string) => (message: string, facts?: Facts) => {
    const numbers = [facts?.["minutes"], facts?.["times"]].filter((fact) => fact !== undefined);
    lines.push([level, message, ...numbers].join(" "));
  };
  log = { debug: () => undefined, info: at("info"), warn: at("warn"), error: at("error") };
  told = new LogObserver(log, { clock, timers });
});

afterEach(() => told[Symbol.dispose]());

/** At most a minute at a time, so that the clock is right when a timer goes. */
async function pass(minutes: number): Promise<void> {
  for (let left = minutes; left > 0; left -= 1) {
    const step = Math.min(left, 1) * MINUTE;
    clock.advance(step);
    await timers.advance(step);
  }
}

const platform = (state: "connected" | "waiting" | "suspended", error?: VigieError): GatewayEvent => ({
  type: "destination",
  destination: "coordination",
  state,
  ...(error === undefined ? {} : { error }),
});
const unreachable = platform("waiting", delivery.DELIVERY_UNREACHABLE());
const scale = { type: "link", link: "serial", device: "balance-1" } as const;

describe("a platform that cannot be reached", () => {
  test("is told once when it has lasted, and once when it is back, however many attempts there were", async () => {
    told.observe(platform("connected"));
    for (let minute = 0; minute < 12 * 60; minute += 1) {
      told.observe(unreachable);
      await pass(1);
    }
    told.observe(platform("connected"));
    await pass(60);
    expect(lines).toEqual([
      "info destination connected",
      "info destination waiting",
      "warn destination coordination still away 10",
      "info destination connected",
      "warn destination coordination back 720",
    ]);
  });

  test("is back at once where it says that it holds what was sent", async () => {
    told.observe(unreachable);
    await pass(30);
    told.observe(platform("connected"));
    expect(lines.at(-1)).toBe("info destination connected");
    told.observe({ type: "receipted", destination: "coordination", through: 7 });
    expect(lines.at(-1)).toBe("warn destination coordination back 30");
  });

  test("is away as long as its broker alone answers, and nobody listens behind it", async () => {
    for (let minute = 0; minute < 60; minute += 1) {
      told.observe(platform("connected"));
      told.observe(platform("waiting", delivery.DELIVERY_NOBODY_LISTENS()));
      await pass(1);
    }
    expect(lines).toEqual([
      "info destination connected",
      "info destination waiting",
      "info destination connected",
      "warn destination coordination still away 10",
    ]);
  });

  test("and comes back before long is no warning", async () => {
    for (let times = 0; times < 10; times += 1) {
      told.observe(unreachable);
      await pass(9);
      told.observe(platform("connected"));
      await pass(9);
    }
    expect(lines.filter((line) => line.startsWith("warn"))).toEqual([]);
  });

  test("says so again where something else is in the way, and as an error where somebody has to mend it", async () => {
    told.observe(unreachable);
    await pass(1);
    const expired = platform("suspended", delivery.DELIVERY_CLIENT_CERT_EXPIRED());
    told.observe(expired);
    await pass(60);
    told.observe(expired);
    expect(lines).toEqual([
      "info destination waiting",
      "error destination suspended",
      "warn destination coordination still away 10",
    ]);
  });

  test("that is never waited for again is not told of", async () => {
    told.observe(unreachable);
    told[Symbol.dispose]();
    await pass(60);
    expect(lines).toEqual(["info destination waiting"]);
  });
});

describe("a link", () => {
  test("that stays dead is told once when it has lasted, and once when it is back", async () => {
    told.observe({ ...scale, state: "open" });
    told.observe({ ...scale, state: "closed", error: serial.SERIAL_LOST() });
    told.observe({ ...scale, state: "failed", error: serial.SERIAL_NOT_OPENED() });
    await pass(3 * 24 * 60);
    told.observe({ ...scale, state: "open" });
    await pass(10);
    expect(lines.map((line) => line.replace(/[0-9a-f]{6}/, "…"))).toEqual([
      "info link open",
      "warn link closed",
      "warn link failed",
      "warn link serial … still away 10",
      "info link open",
      "warn link serial … back 4320",
    ]);
  });

  test("that we close is not missed, nor is a cuff that was put away", async () => {
    told.observe({ ...scale, state: "failed", error: serial.SERIAL_NOT_OPENED() });
    told.observe({ ...scale, state: "closed" });
    const conversation = { type: "link", link: "ble:gatt-blood-pressure", isConversation: true } as const;
    for (let minute = 0; minute < 60; minute += 5) {
      told.observe({ ...conversation, state: "failed", error: ble.BLE_LINK_DROPPED() });
      await pass(5);
    }
    expect(lines).toEqual(["warn link failed", "info link closed", "warn link failed", "warn link failed 11"]);
  });
});

describe("what repeats itself", () => {
  const rejected = (reason: RejectReason): GatewayEvent => ({
    type: "rejected",
    driver: "scale-line",
    device: { address: "balance-1", transport: "serial" },
    reason,
  });

  test("is told at once, and then once an hour with how often", async () => {
    for (let second = 0; second < 90 * 60; second += 1) {
      told.observe(rejected("malformed"));
      await pass(1 / 60);
    }
    await pass(5 * 60);
    told.observe(rejected("malformed"));
    expect(lines).toEqual([
      "warn frame rejected",
      "warn frame rejected 3599",
      "warn frame rejected 1800",
      "warn frame rejected",
    ]);
  });

  test("is not worth a line where it is how a scale talks", () => {
    told.observe(rejected("unsettled"));
    told.observe(rejected("not-a-measure"));
    expect(lines).toEqual([]);
  });

  test("is told at once again where it had come to an end", async () => {
    for (let times = 0; times < 2; times += 1) {
      told.observe({ type: "fault", error: journal.JOURNAL_FULL() });
      await pass(20);
      told.observe({ type: "relieved", fullFor: ms(20 * MINUTE) });
    }
    const both = ["error fault", "warn journal takes readings again 20"];
    expect(lines).toEqual([...both, ...both]);
  });

  test("is an error where somebody has to mend it, else a warning", async () => {
    for (let times = 0; times < 5; times += 1) {
      told.observe({ type: "fault", error: journal.JOURNAL_FULL() });
      told.observe({ type: "fault", error: serial.SERIAL_NOT_TAKEN() });
    }
    expect(lines).toEqual(["error fault", "warn fault"]);
    await pass(60);
    expect(lines.slice(2)).toEqual(["error fault 4", "warn fault 4"]);
  });
});

test("a receiver whose broker is away says so once, and once when it is back", async () => {
  using outages = new Outages(log, clock, timers);
  const observe = observeReceiver(log, outages);
  for (let minute = 0; minute < 30; minute += 1) {
    observe({ type: "feed", state: "waiting", error: delivery.DELIVERY_UNREACHABLE() });
    await pass(1);
  }
  observe({ type: "feed", state: "connected" });
  await pass(10);
  expect(lines).toEqual(["info feed waiting", "warn feed still away 10", "info feed connected", "warn feed back 30"]);
});
