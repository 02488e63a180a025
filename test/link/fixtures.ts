/** What stands for the rest of the house in the tests of the links. */
import { decodeFrame } from "../../src/driver/decode.ts";
import { isReject, type Reject } from "../../src/driver/reject.ts";
import type { Frame, Intake } from "../../src/intake/port.ts";
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
