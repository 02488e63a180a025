import { expect, test } from "vitest";
import { drivers } from "../../../drivers/all.ts";
import { DriverRegistry } from "../../../src/driver/registry.ts";
import type { Intake } from "../../../src/intake/port.ts";
import { openSimulatedLink, type SimulatedLinkOptions } from "../../../src/link/simulated/link.ts";
import { parseScenario } from "../../../src/link/simulated/scenario.ts";
import { decodingIntake, eventLog, fakeClock, instantSleep } from "../fixtures.ts";

const cuff = { link: "ble", driver: "gatt-blood-pressure", address: "02:00:00:00:00:01", name: "Cuff" };
const scale = { link: "serial", driver: "scale-line", address: "balance-1" };
const reading = "12 7c00 5600 6100 {datetime-60s} 0000";

function play(devices: readonly object[], overrides: Partial<SimulatedLinkOptions> = {}, intake?: Intake) {
  const house = decodingIntake();
  const log = eventLog();
  const { sleep, slept } = instantSleep();
  const link = openSimulatedLink({
    scenario: parseScenario(JSON.stringify({ every: 10, devices }), "test"),
    drivers: new DriverRegistry(drivers),
    intake: intake ?? house.intake,
    clock: fakeClock(),
    observe: log.observe,
    timeZone: "UTC",
    rounds: 1,
    sleep,
    ...overrides,
  });
  return { link, ...house, slept, events: log.events };
}

test("devices speak in the order of their times, whichever stands first in the file", async () => {
  const { link, frames, slept } = play([
    { ...scale, sends: [{ at: 4, text: "ST,+0061.55kg\r\n" }] },
    { ...cuff, sends: [{ at: 1, channel: "0x2a35", hex: reading }] },
  ]);
  await link.finished;
  expect(frames.map(({ device }) => device)).toEqual([
    { address: "02:00:00:00:00:01", name: "Cuff", transport: "ble" },
    { address: "balance-1", transport: "serial" },
  ]);
  expect(slept).toEqual([1_000, 3_000]);
});

test("a memory that is read out twice gives the same bytes twice, in the same order", async () => {
  const memory = [reading, reading.replace("60s", "2h")];
  const { link, frames } = play([{ ...cuff, sends: [{ at: 0, channel: "0x2a35", times: 2, hex: memory }] }]);
  await link.finished;
  const sent = frames.map(({ bytes }) => Buffer.from(bytes).toString("hex"));
  expect(sent.slice(0, 2)).toEqual(sent.slice(2));
  expect(new Set(sent).size).toBe(2);
});

test("speed shortens the waits, and rounds begin every so often with clocks set anew", async () => {
  const clock = fakeClock();
  const slept: number[] = [];
  const { link, measured } = play([{ ...cuff, sends: [{ at: 4, channel: "0x2a35", hex: reading }] }], {
    clock,
    rounds: 3,
    speed: 2,
    sleep: async (duration) => {
      slept.push(duration);
      clock.pass(duration);
    },
  });
  await link.finished;
  expect(slept).toEqual([2_000, 3_000, 2_000, 3_000, 2_000]);
  expect(measured.map(({ deviceTime }) => deviceTime?.local)).toEqual([
    "2026-03-01T11:59:00",
    "2026-03-01T11:59:05",
    "2026-03-01T11:59:10",
  ]);
});

test("a device sends again what was not taken, until it is", async () => {
  const house = decodingIntake();
  let refusals = 3;
  const intake: Intake = {
    take: async (frame) => {
      if (refusals-- > 0) throw new Error("disk full");
      return house.intake.take(frame);
    },
  };
  const { link, events } = play([{ ...cuff, sends: [{ at: 0, channel: "0x2a35", hex: reading }] }], {}, intake);
  await link.finished;
  expect(house.measured).toHaveLength(1);
  expect(events.filter(({ type }) => type === "fault")).toHaveLength(1);
});

test.each([
  ["Bluetooth", { ...cuff, sends: [{ at: 0, channel: "0x2a35", hex: reading }] }],
  ["serial", { ...scale, sends: [{ at: 0, text: "ST,+0061.55kg\r\n" }] }],
])("closing ends a %s device that nobody takes anything from", async (_link, device) => {
  const { link } = play(
    [device],
    { rounds: Number.POSITIVE_INFINITY },
    { take: () => Promise.reject(new Error("full")) },
  );
  await new Promise((resolve) => setImmediate(resolve));
  await link[Symbol.asyncDispose]();
  await link.finished;
});

test("a driver that there is not, or of another kind of link, is refused before anything is played", () => {
  expect(() => play([{ ...cuff, driver: "gatt-nothing", sends: [] }])).toThrow("no such driver");
  expect(() => play([{ ...cuff, driver: "scale-line", sends: [] }])).toThrow("scale-line over ble");
});

test("the link says when it is open and when it is done", async () => {
  const { link, events } = play([{ ...scale, sends: [] }]);
  await link.finished;
  expect(events).toEqual([
    { type: "link", link: "simulated", state: "open" },
    { type: "link", link: "simulated", state: "closed" },
  ]);
});
