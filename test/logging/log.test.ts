import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { errors } from "../../src/config/errors.ts";
import { Decimal } from "../../src/driver/index.ts";
import { say, verbatim } from "../../src/errors/sentence.ts";
import type { GatewayEvent } from "../../src/events.ts";
import { createLog } from "../../src/logging/log.ts";
import { LogObserver } from "../../src/logging/observe.ts";
import type { Measurement } from "../../src/measure/measurement.ts";
import { ms, wallMs } from "../../src/measure/time.ts";
import { FakeClock } from "../fixtures/clock.ts";
import { ManualTimers } from "../fixtures/timers.ts";

function capture(journald = false) {
  const lines: string[] = [];
  const log = createLog({ level: "debug", stream: { write: (line) => lines.push(line) }, journald });
  const observe = new LogObserver(log, { clock: new FakeClock(), timers: new ManualTimers() }).observe;
  return { log, lines, observe };
}

describe("the log", () => {
  test("is a JSON object per line, with its level by name and its time", () => {
    const { log, lines } = capture();
    log.warn("frame rejected", { reason: "truncated", count: 3 });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? "")).toEqual({
      level: "warn",
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      reason: "truncated",
      count: 3,
      msg: "frame rejected",
    });
  });

  test("tells systemd the priority of each line, and leaves the time to it", () => {
    const { log, lines } = capture(true);
    log.debug("a");
    log.info("b");
    log.warn("c");
    log.error("d");
    expect(lines.map((line) => line.slice(0, 3))).toEqual(["<7>", "<6>", "<4>", "<3>"]);
    expect(lines.map((line) => JSON.parse(line.slice(3)))).toContainEqual({ level: "info", msg: "b" });
  });

  test("keeps what is less severe than its level to itself", () => {
    const lines: string[] = [];
    const log = createLog({ level: "warn", stream: { write: (line) => lines.push(line) }, journald: false });
    log.info("not this");
    log.error("this");
    expect(lines).toHaveLength(1);
  });
});

describe("what is told about a reading", () => {
  /** Nothing that the log writes of its own accord can hold these. */
  const value = fc.integer({ min: 10_000_000, max: 99_999_999 });
  const octet = fc.integer({ min: 0, max: 255 }).map((byte) => byte.toString(16).padStart(2, "0").toUpperCase());
  const address = fc.oneof(
    fc.array(octet, { minLength: 6, maxLength: 6 }).map((octets) => octets.join(":")),
    fc.string({ unit: fc.constantFrom(..."ghjklmnpqr"), minLength: 12, maxLength: 20 }),
  );
  const secretText = fc.string({ unit: fc.constantFrom(..."ÀÉÎÕÜ"), minLength: 6, maxLength: 12 });

  test("no value, person, label, serial number or address is ever in it", () => {
    fc.assert(
      fc.property(value, address, secretText, (number, where, words) => {
        const { lines, observe } = capture();
        for (const event of everyEvent(number, where, words)) observe(event);
        const text = lines.join("").toUpperCase();
        expect(lines.length).toBeGreaterThanOrEqual(14);
        expect(text).not.toContain(String(number));
        expect(text).not.toContain(where.toUpperCase());
        expect(text).not.toContain(where.toUpperCase().replaceAll(":", "_"));
        expect(text).not.toContain(words);
      }),
    );
  });

  test("one device keeps one name within a run, and another one in the next run", () => {
    const names = [capture(), capture()].map(({ observe, lines }) => {
      observe({ type: "link", link: "serial", device: "AA:BB:CC:DD:EE:FF", state: "open" });
      observe({ type: "link", link: "serial", device: "AA:BB:CC:DD:EE:FF", state: "closed" });
      return lines.map((line) => (JSON.parse(line) as { device: string }).device);
    });
    expect(names[0]?.[0]).toBe(names[0]?.[1]);
    expect(names[0]?.[0]).not.toBe(names[1]?.[0]);
  });

  test("an error is told by its code, its documented sentence and the code of what is behind it", () => {
    const { lines, observe } = capture();
    const cause = Object.assign(new Error("open '/somewhere'"), { code: "ENOENT" });
    observe({ type: "fault", error: errors.SECRET_MISSING({ where: verbatim(3), cause }) });
    expect(JSON.parse(lines[0] ?? "")).toEqual({
      level: "error",
      time: expect.any(String),
      code: "SECRET_MISSING",
      what: "Un secret est introuvable. · A secret cannot be found.",
      cause: "ENOENT",
      msg: "fault",
    });
  });
});

function everyEvent(number: number, address: string, words: string): readonly GatewayEvent[] {
  const device = { address, transport: "ble", name: words, serialNumber: words } as const;
  const measurement: Measurement = {
    kind: "body-weight",
    value: { value: Decimal.of(number), unit: "g" },
    status: [],
    sequence: number,
    userSlot: number,
    device,
    driver: "scale-line",
    receivedAt: { wall: wallMs(0), monotonic: ms(0), bootId: "0".repeat(32), synchronised: true },
    raw: new TextEncoder().encode(String(number)),
  };
  const error = errors.SECRET_MISSING({
    where: say(`appareil ${address.replaceAll(":", "_")}`, `/org/bluez/hci0/dev_${address.replaceAll(":", "_")}`),
    found: say(`${words} ${number}`, `${words} ${number}`),
    cause: new Error(address),
  });
  return [
    { type: "measured", measurement },
    { type: "rejected", driver: "scale-line", device, reason: "truncated" },
    { type: "journaled", measurement, seq: 1, as: "measure", label: words },
    { type: "delivered", destination: "coordination", firstSeq: 1, lastSeq: 2 },
    { type: "receipted", destination: "coordination", through: 2 },
    { type: "destination", destination: "coordination", state: "connected" },
    { type: "destination", destination: "coordination", state: "suspended", error },
    { type: "link", link: "serial", device: address, state: "open" },
    { type: "link", link: "serial", device: address, state: "failed", error },
    { type: "link", link: "serial", device: address, state: "closed", error },
    { type: "device", device: address, state: "followed" },
    { type: "device", device: address, state: "released" },
    { type: "fault", error },
    { type: "relieved", fullFor: ms(0) },
    { type: "destination", destination: "coordination", state: "waiting", error },
  ];
}
