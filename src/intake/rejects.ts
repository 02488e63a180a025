/** Which rejected frames are worth keeping, and how many: a flood of garbage must not fill the journal. */

import { formatChannel } from "../driver/decode.ts";
import type { Reject, RejectReason } from "../driver/reject.ts";
import type { Draft } from "../journal/port.ts";
import { digest } from "../measure/identity.ts";
import { hex, toJson } from "../measure/json.ts";
import { RecordKind } from "../seal/record.ts";
import type { Frame } from "./port.ts";

/** An unstable weight or a tare is how the device talks; the others may be a reading that we failed to read. */
const worthKeeping: Readonly<Record<RejectReason, boolean>> = {
  truncated: true,
  oversized: true,
  malformed: true,
  checksum: true,
  defect: true,
  "unknown-channel": true,
  unsettled: false,
  "not-a-measure": false,
};

/** 32 frames an hour and device: enough to see what a device says wrongly, and 24 × 32 × some 300 bytes a day at most. */
const KEPT_PER_HOUR = 32;
const HOUR_MS = 3_600_000;

export class RejectKeeper {
  readonly #kept = new Map<string, { since: number; count: number }>();

  /** @returns the record that keeps the frame's bytes on the box, or undefined where it is only counted. */
  draft(frame: Frame, reject: Reject): Draft | undefined {
    if (!worthKeeping[reject.reject] || !this.#admit(frame)) return undefined;
    const body = {
      type: "rejected",
      reason: reject.reject,
      because: reject.because,
      ...describe(frame),
      raw: hex(reject.raw),
    };
    const { bootId, monotonic } = frame.receivedAt;
    return {
      kind: RecordKind.quarantine,
      id: digest(["rejected", frame.device.address, bootId, monotonic, hex(reject.raw)]),
      body: Buffer.from(toJson(body)),
      device: frame.device.address,
    };
  }

  #admit({ device, receivedAt }: Frame): boolean {
    const now = receivedAt.monotonic;
    const window = this.#kept.get(device.address);
    if (window === undefined || now - window.since >= HOUR_MS) {
      this.#kept.set(device.address, { since: now, count: 1 });
      return true;
    }
    window.count += 1;
    return window.count <= KEPT_PER_HOUR;
  }
}

function describe({ driver, channel, device, receivedAt }: Frame) {
  return { driver: driver.id, channel: formatChannel(channel), device, receivedAt };
}
