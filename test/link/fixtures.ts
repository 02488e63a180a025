/** What stands for the rest of the house in the tests of the links. */
import { setImmediate } from "node:timers/promises";
import { decodeFrame } from "../../src/driver/decode.ts";
import { isReject, type Reject } from "../../src/driver/reject.ts";
import type { GatewayEvent, Observe } from "../../src/events.ts";
import type { Frame, Intake } from "../../src/intake/port.ts";
import type { Sleep } from "../../src/link/serial/backoff.ts";
import type { Measurement } from "../../src/measure/measurement.ts";
import { type Clock, ms, wallMs } from "../../src/measure/time.ts";

export interface FakeClock extends Clock {
  pass(milliseconds: number): void;
}

/** Stands still until it is told otherwise. 2026-03-01T12:00:00Z, an hour after the board started. */
export function fakeClock(): FakeClock {
  let monotonic = 3_600_000;
  return {
    pass: (milliseconds) => {
      monotonic += milliseconds;
    },
    now: () => ({
      wall: wallMs(Date.UTC(2026, 2, 1, 11) + monotonic),
      monotonic: ms(monotonic),
      bootId: "0".repeat(32),
      synchronised: true,
    }),
  };
}

/** An intake that decodes, as the real one does, and keeps what it gets in memory. */
export function decodingIntake() {
  const frames: Frame[] = [];
  const measured: Measurement[] = [];
  const rejected: Reject[] = [];
  const intake: Intake = {
    async take(frame) {
      const { driver, channel, device, receivedAt, bytes } = frame;
      frames.push(frame);
      const outcome = decodeFrame(driver, channel, { device, receivedAt, raw: bytes });
      if (isReject(outcome)) {
        rejected.push(outcome);
        return "rejected";
      }
      measured.push(...outcome);
      return "kept";
    },
  };
  return { intake, frames, measured, rejected };
}

/** A sleep that is over at once, and remembers how long it should have been. */
export function instantSleep() {
  const slept: number[] = [];
  const sleep: Sleep = async (duration) => {
    slept.push(duration);
    await setImmediate(); // what would wait gives way, as a timer does
  };
  return { sleep, slept };
}

/** Events as they come, and a way to wait for one. */
export function eventLog() {
  const events: GatewayEvent[] = [];
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const ask of waiting) ask();
  };
  const observe: Observe = (event) => {
    events.push(event);
    wake();
  };
  return {
    events,
    observe,
    /** Something happened that is no event. */
    wake,
    /** Resolves when the condition holds; it is asked again after each event. */
    until: (condition: () => boolean) =>
      new Promise<void>((resolve) => {
        const ask = () => {
          if (!condition()) return;
          waiting.delete(ask);
          resolve();
        };
        waiting.add(ask);
        ask();
      }),
  };
}

export const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));

/** A promise, and the hand that settles it. */
export function deferred<Value>() {
  let resolve: (value: Value) => void = () => undefined;
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
