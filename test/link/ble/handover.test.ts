import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import bloodPressure from "../../../drivers/gatt-blood-pressure.ts";
import type { Frame } from "../../../src/intake/port.ts";
import { Handover } from "../../../src/link/ble/handover.ts";
import { ms } from "../../../src/measure/time.ts";
import { clock, RememberingIntake } from "./house.ts";

const frame = (value: number, address = "AA:BB:CC:DD:EE:01"): Frame => ({
  driver: bloodPressure,
  channel: 0x2a35,
  device: { address, transport: "ble" },
  receivedAt: clock.now(),
  bytes: Uint8Array.of(value),
});

describe("handing values over to intake", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function setup(most?: number) {
    const intake = new RememberingIntake();
    const told: string[] = [];
    const handover = new Handover(
      intake,
      (event) =>
        told.push("error" in event ? `${event.error?.code} ${event.error?.detail.found?.en ?? ""}`.trim() : event.type),
      { first: ms(100), last: ms(1_000) },
      most,
    );
    return { intake, told, handover };
  }

  it("offers a value at once, without waiting for the one before", () => {
    const { intake, handover } = setup();
    handover.give(frame(1));
    handover.give(frame(2));
    expect(intake.bytes).toEqual([[1], [2]]);
  });

  it("keeps the order of a device, and lets other devices pass", async () => {
    const { intake, handover } = setup();
    intake.refusing = new Error("closed");
    handover.give(frame(1));
    await vi.advanceTimersByTimeAsync(0);
    intake.refusing = undefined;
    handover.give(frame(2));
    handover.give(frame(9, "AA:BB:CC:DD:EE:02"));
    expect(intake.bytes).toEqual([[9]]);
    await vi.advanceTimersByTimeAsync(100);
    expect(intake.bytes).toEqual([[9], [1], [2]]);
  });

  it("tries again at 100, 200, 400 … at most 1 000 ms, and tells it once", async () => {
    const { intake, told, handover } = setup();
    intake.refusing = new Error("closed");
    handover.give(frame(1));
    const attempts: number[] = [];
    for (const wait of [0, 100, 200, 400, 800, 1_000, 1_000]) {
      await vi.advanceTimersByTimeAsync(wait);
      attempts.push(intake.refused);
    }
    expect(attempts).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(told).toEqual(["BLE_VALUE_WAITING"]);
    intake.refusing = undefined;
    await vi.advanceTimersByTimeAsync(1_000);
    intake.refusing = new Error("closed again");
    handover.give(frame(2));
    await vi.advanceTimersByTimeAsync(0);
    expect(told).toEqual(["BLE_VALUE_WAITING", "BLE_VALUE_WAITING"]);
  });

  it("holds as many as it may and tells each one beyond", async () => {
    const { intake, told, handover } = setup(3);
    intake.refusing = new Error("closed");
    for (let value = 1; value <= 5; value += 1) handover.give(frame(value));
    await vi.advanceTimersByTimeAsync(0);
    expect(told).toEqual(["BLE_VALUE_WAITING", "BLE_VALUES_LOST 1", "BLE_VALUES_LOST 2"]);
    intake.refusing = undefined;
    await vi.advanceTimersByTimeAsync(100);
    expect(intake.bytes).toEqual([[1], [2], [3]]);
  });

  it("offers what waits once more when it closes, and tells what nobody took", async () => {
    const { intake, told, handover } = setup();
    intake.refusing = new Error("closed");
    handover.give(frame(1));
    await vi.advanceTimersByTimeAsync(0);
    intake.refusing = undefined;
    await handover.close();
    expect(intake.bytes).toEqual([[1]]);

    const other = setup();
    other.intake.refusing = new Error("closed");
    other.handover.give(frame(1));
    await other.handover.close();
    expect(other.told).toEqual(["BLE_VALUE_WAITING", "BLE_VALUES_LOST 1"]);
    expect(vi.getTimerCount()).toBe(0);
    expect(told).toEqual(["BLE_VALUE_WAITING"]);
  });

  it("takes a synchronous throw of intake for a refusal", async () => {
    const told: string[] = [];
    const intake = {
      take: () => {
        throw new Error("defect");
      },
    };
    const handover = new Handover(intake, (event) => told.push(event.type), { first: ms(1), last: ms(1) });
    handover.give(frame(1));
    await vi.advanceTimersByTimeAsync(0);
    expect(told).toEqual(["fault"]);
    await handover.close();
  });
});
