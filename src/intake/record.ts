/** What a measurement becomes in the journal once it is known whose it is: a bundle, or an event where it is no measure. */
import { toBundle } from "../fhir/bundle.ts";
import type { Correcting, GatewayIdentity, Person } from "../fhir/port.ts";
import type { Draft } from "../journal/port.ts";
import type { Specialization } from "../measure/codes.ts";
import { toJson } from "../measure/json.ts";
import type { Measurement } from "../measure/measurement.ts";
import type { MeasuredAt } from "../measure/site-time.ts";
import { type Source, writeSource } from "../measure/source.ts";
import { RecordKind } from "../seal/record.ts";

export interface Reading {
  readonly measurement: Measurement;
  /** By measuredAt(), once. */
  readonly effective: MeasuredAt;
  /** Its driver's. */
  readonly specialization: Specialization;
}

/** What stands in a record, besides its identifier. */
export type Content = Omit<Draft, "id">;

/** What a record says that corrects another. */
export interface Correction extends Pick<Source, "madeAt" | "retractsSince"> {
  readonly status: Correcting;
}

export interface Kept {
  readonly as: "measure" | "failed" | "battery";
  readonly content: Content;
}

/**
 * @param by what made it theirs: `assignment:…`, `session:…`, `release:…`.
 * @param correction where a wrong assignment was put right.
 */
export function recordOf(
  { measurement, effective, specialization }: Reading,
  person: Person,
  by: string | undefined,
  gateway: GatewayIdentity,
  correction: Correction | undefined = undefined,
): Kept {
  if (measurement.kind === "battery-level") return batteryOf(measurement);
  const { status = "final", ...times } = correction ?? {};
  const made = toBundle(measurement, person, gateway, { flavour: "platform", effective, specialization, status });
  if ("noBundle" in made) {
    const body = { type: "measure-failed", because: made.noBundle, ...factsOf(measurement) };
    return { as: "failed", content: { kind: RecordKind.event, body: encode(body), ...indexed(measurement) } };
  }
  const source = { measurement, person: person.reference, ...(by === undefined ? {} : { by }), ...times };
  const kept = { kind: RecordKind.measure, body: encode(made.bundle), person: person.reference };
  return { as: "measure", content: { ...kept, ...indexed(measurement, source) } };
}

/** A device's battery is nobody's. */
export function batteryOf(measurement: Extract<Measurement, { kind: "battery-level" }>): Kept {
  const body = encode({ type: "battery-level", ...factsOf(measurement), level: measurement.value });
  return { as: "battery", content: { kind: RecordKind.event, body, ...indexed(measurement) } };
}

/** A measurement that nobody can be sure of waits on the box, whole. */
export function quarantined(measurement: Measurement, reason: string): Content {
  const body = encode({ type: "quarantined", reason, measurement });
  return { kind: RecordKind.quarantine, body, ...indexed(measurement) };
}

/** What an event tells of a measurement: nothing of anybody's health. */
function factsOf({ kind, device, status, deviceTime, receivedAt }: Measurement) {
  return { measure: kind, device: device.address, status, deviceTime, receivedAt };
}

/** What the journal's index and its own record of origin know of every measurement. */
function indexed(measurement: Measurement, source: Source = { measurement }): Pick<Draft, "day" | "device" | "source"> {
  return { day: dayOf(measurement), device: measurement.device.address, source: writeSource(source) };
}

const DAY_MS = 86_400_000;

/** Days since 1970 of the reading's own time: the same whenever it is handed over again. */
function dayOf({ deviceTime, receivedAt }: Measurement): number {
  const own = deviceTime === undefined ? Number.NaN : Date.parse(`${deviceTime.local}Z`);
  return Math.floor((Number.isNaN(own) ? receivedAt.wall : own) / DAY_MS);
}

const encode = (value: unknown): Uint8Array => Buffer.from(toJson(value));
