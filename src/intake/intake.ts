/** From a frame to records on disk: decode, whose, when, seen before; then the journal, and only then "kept". */
import { decodeFrame } from "../driver/decode.ts";
import { isReject } from "../driver/reject.ts";
import type { Observe } from "../events.ts";
import { toBundle } from "../fhir/bundle.ts";
import type { GatewayIdentity, Person } from "../fhir/port.ts";
import type { Draft, JournalWriter } from "../journal/port.ts";
import { readingId } from "../measure/identity.ts";
import { toJson } from "../measure/json.ts";
import type { Measurement } from "../measure/measurement.ts";
import { type MeasuredAt, measuredAt } from "../measure/site-time.ts";
import type { QuarantineReason, Registry } from "../registry/port.ts";
import { RecordKind } from "../seal/record.ts";
import type { Frame, Intake, Taken } from "./port.ts";
import { RejectKeeper } from "./rejects.ts";

export interface IntakeOptions {
  readonly gateway: GatewayIdentity;
  readonly registry: Registry;
  readonly journal: JournalWriter;
  readonly observe: Observe;
}

export function createIntake({ gateway, registry, journal, observe }: IntakeOptions): Intake {
  const rejects = new RejectKeeper();

  async function take(frame: Frame): Promise<Taken> {
    const { driver, channel, device, receivedAt, bytes: raw } = frame;
    const outcome = decodeFrame(driver, channel, { device, receivedAt, raw });
    if (isReject(outcome)) {
      observe({ type: "rejected", driver: driver.id, device, reason: outcome.reject });
      const draft = rejects.draft(frame, outcome);
      if (draft !== undefined) await journal.append(draft);
      return "rejected";
    }
    for (const measurement of outcome) observe({ type: "measured", measurement });
    // All measurements of a frame are appended in one go: they land in one segment, or none is told to be kept.
    await Promise.all(outcome.map((measurement) => keep(measurement, frame)));
    return "kept";
  }

  async function keep(measurement: Measurement, { driver }: Frame): Promise<void> {
    const effective = measuredAt(measurement, gateway.timeZone);
    const attribution = attribute(measurement, effective);
    const { as, label, draft } = (() => {
      if ("quarantine" in attribution) return quarantined(measurement, attribution.quarantine);
      const { person } = attribution;
      const options = { flavour: "platform", effective, specialization: driver.specialization } as const;
      const made = toBundle(measurement, person, gateway, options);
      return "bundle" in made
        ? measured(made.bundle, person)
        : { ...eventOf(measurement, made.noBundle), label: person.label };
    })();
    const appended = await journal.append({
      ...draft,
      id: readingId(measurement, gateway.id),
      day: dayOf(measurement),
      source: encode(measurement),
      device: measurement.device.address,
    });
    observe({
      type: "journaled",
      measurement,
      seq: appended.seq,
      as: appended.duplicate ? "duplicate" : as,
      ...(label === undefined ? {} : { label }),
    });
  }

  function attribute(measurement: Measurement, effective: MeasuredAt) {
    return registry.attribute(measurement.device.address, measurement.userSlot, Date.parse(effective.iso));
  }

  return { take };
}

type Shape = {
  readonly as: "measure" | "failed" | "quarantined" | "battery";
  readonly label?: string;
  readonly draft: Pick<Draft, "kind" | "body" | "person">;
};

function measured(bundle: object, person: Person): Shape {
  return {
    as: "measure",
    label: person.label,
    draft: { kind: RecordKind.measure, body: encode(bundle), person: person.reference },
  };
}

/** A measurement that nobody can be sure of waits on the box, whole. */
function quarantined(measurement: Measurement, reason: QuarantineReason): Shape {
  const body = encode({ type: "quarantined", reason, measurement });
  return { as: "quarantined", draft: { kind: RecordKind.quarantine, body } };
}

/** What is no measure (a cuff that failed, a battery) is told as an event, without a value of anybody's health. */
function eventOf(measurement: Measurement, noBundle: string): Shape {
  const { kind, device, status, deviceTime, receivedAt } = measurement;
  const facts = { measure: kind, device: device.address, status, deviceTime, receivedAt };
  if (measurement.kind === "battery-level") {
    const body = encode({ type: "battery-level", ...facts, level: measurement.value });
    return { as: "battery", draft: { kind: RecordKind.event, body } };
  }
  return {
    as: "failed",
    draft: { kind: RecordKind.event, body: encode({ type: "measure-failed", because: noBundle, ...facts }) },
  };
}

const DAY_MS = 86_400_000;

/** Days since 1970 of the reading's own time: the same whenever it is handed over again. */
function dayOf({ deviceTime, receivedAt }: Measurement): number {
  const own = deviceTime === undefined ? Number.NaN : Date.parse(`${deviceTime.local}Z`);
  return Math.floor((Number.isNaN(own) ? receivedAt.wall : own) / DAY_MS);
}

function encode(value: unknown): Uint8Array {
  return Buffer.from(toJson(value));
}
