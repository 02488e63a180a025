/** Which reading it is: what stays the same when a device hands over its whole memory again. */
import { createHash } from "node:crypto";
import type { Measurement } from "./measurement.ts";
import { isQuantity, type Valued } from "./quantity.ts";

/**
 * The 16 bytes that identify a reading, from facts the device gave: who it is, which user, what it measured, its own
 * number and its own time. The zone, the effective time, the person and the driver are left out on purpose: a repeat
 * after a change of any of them is still a repeat.
 *
 * Without a number and a time of the device nothing tells a repeat from an equal reading; the moment of arrival then
 * makes it a reading of its own.
 *
 * @param gateway the gateway's id: a serial device is known by its port's name only, which is no one else's.
 */
export function readingId(measurement: Measurement, gateway: string): Uint8Array {
  const { device, kind, userSlot, sequence, deviceTime, receivedAt } = measurement;
  const known = sequence !== undefined || deviceTime !== undefined;
  return digest([
    "reading",
    device.transport,
    device.transport === "serial" ? gateway : null,
    device.address,
    kind,
    userSlot ?? null,
    sequence ?? null,
    deviceTime?.local ?? null,
    deviceTime?.utcOffsetMinutes ?? null,
    ...valuesOf(measurement).map(written),
    ...(known ? [] : [receivedAt.bootId, receivedAt.monotonic, receivedAt.wall]),
  ]);
}

/** All that was measured, in a fixed order. */
export function valuesOf(measurement: Measurement): readonly (Valued | undefined)[] {
  return measurement.kind === "blood-pressure"
    ? [measurement.systolic, measurement.diastolic, measurement.mean, measurement.pulse]
    : [measurement.value];
}

function written(valued: Valued | undefined): string | null {
  if (valued === undefined) return null;
  return isQuantity(valued) ? `${valued.value} ${valued.unit}` : valued.absent;
}

/** The first 16 bytes of SHA-256 over the parts; JSON keeps them apart. */
export function digest(parts: readonly (string | number | null)[]): Uint8Array {
  return new Uint8Array(createHash("sha256").update(JSON.stringify(parts)).digest().subarray(0, 16));
}

/** What a gateway is called in bundles, where it has no System ID. */
export const gatewayUuid = (gateway: string): string => uuidOf(digest(["gateway", gateway]));

/** 16 bytes as a UUID of version 8 (RFC 9562 §5.8: custom content), lower case. */
export function uuidOf(bytes: Uint8Array): string {
  // A copy: slice() of a Buffer would be the caller's own bytes.
  const marked = Uint8Array.from(bytes.subarray(0, 16));
  marked[6] = 0x80 | ((marked[6] ?? 0) & 0x0f);
  marked[8] = 0x80 | ((marked[8] ?? 0) & 0x3f);
  return Buffer.from(marked)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
