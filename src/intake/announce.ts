/** Tells the platform that a measurement waits, so that somebody asks; never what was measured. */
import { randomBytes } from "node:crypto";
import type { Draft } from "../journal/port.ts";
import type { Measurement } from "../measure/measurement.ts";
import type { QuarantineReason } from "../registry/port.ts";
import { RecordKind } from "../seal/record.ts";

/** Twelve an hour and device: a resident does not measure more often; what a meter's memory holds beyond is counted. */
const PER_HOUR = 12;
const HOUR_MS = 3_600_000;

export class Announcer {
  readonly #told = new Map<string, { since: number; count: number; untold: number }>();

  /** @param waiting the name under which it waits. @returns undefined where enough has been told of this device. */
  draft(measurement: Measurement, waiting: string, reason: QuarantineReason): Draft | undefined {
    const { device, receivedAt } = measurement;
    const untold = this.#admit(device.address, receivedAt.monotonic);
    if (untold === undefined) return undefined;
    const body = {
      type: "quarantined",
      quarantine: waiting,
      reason,
      device: device.address,
      receivedAt,
      ...(untold === 0 ? {} : { untold }),
    };
    return {
      kind: RecordKind.event,
      id: new Uint8Array(randomBytes(16)),
      body: Buffer.from(JSON.stringify(body)),
      device: device.address,
    };
  }

  /** @returns how many were not told since the last one that was; undefined where this one is not to be told either. */
  #admit(device: string, now: number): number | undefined {
    const window = this.#told.get(device);
    if (window === undefined || now - window.since >= HOUR_MS) {
      this.#told.set(device, { since: now, count: 1, untold: 0 });
      return window?.untold ?? 0;
    }
    window.count += 1;
    if (window.count <= PER_HOUR) return 0;
    window.untold += 1;
    return undefined;
  }
}
