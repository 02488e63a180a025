import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { errors } from "../../src/config/errors.ts";
import { Decimal } from "../../src/driver/index.ts";
import type { GatewayEvent } from "../../src/events.ts";
import { createLog } from "../../src/logging/log.ts";
import { observeLog } from "../../src/logging/observe.ts";
import type { Measurement } from "../../src/measure/measurement.ts";
import { ms, wallMs } from "../../src/measure/time.ts";

function capture(journald = false) {
  const lines: string[] = [];
  const log = createLog({ level: "debug", stream: { write: (line) => lines.push(line) }, journald });
  return { log, lines };
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
        const { log, lines } = capture();
        const observe = observeLog(log);
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
    const names = [capture(), capture()].map(({ log, lines }) => {
      const observe = observeLog(log);
      observe({ type: "link", link: "AA:BB:CC:DD:EE:FF", state: "open" });
      observe({ type: "link", link: "AA:BB:CC:DD:EE:FF", state: "closed" });
      return lines.map((line) => (JSON.parse(line) as { link: string }).link);
    });
    expect(names[0]?.[0]).toBe(names[0]?.[1]);
    expect(names[0]?.[0]).not.toBe(names[1]?.[0]);
  });

  test("a frame that cannot be read is a warning; one by which a device says that it is not done is none", () => {
    const { log, lines } = capture();
    const observe = observeLog(log);
    const device = { address: "balance-1", transport: "serial" } as const;
    for (const reason of ["unsettled", "not-a-measure", "truncated"] as const) {
      observe({ type: "rejected", driver: "scale-line", device, reason });
    }
    expect(lines.map((line) => JSON.parse(line).level)).toEqual(["debug", "debug", "warn"]);
  });

  test("an error is told by its code and its documented sentence", () => {
    const { log, lines } = capture();
    observeLog(log)({ type: "fault", error: errors.SECRET_MISSING({ where: "/somewhere" }) });
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      level: "error",
      code: "SECRET_MISSING",
      what: "A secret cannot be found.",
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
    where: `/org/bluez/hci0/dev_${address.replaceAll(":", "_")}`,
    found: `${words} ${number}`,
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
    { type: "link", link: address, state: "open" },
    { type: "link", link: address, state: "failed", error },
    { type: "link", link: address, state: "closed", error },
    { type: "device", device: address, state: "followed" },
    { type: "device", device: address, state: "released" },
    { type: "fault", error },
    { type: "destination", destination: "coordination", state: "waiting", error },
  ];
}
