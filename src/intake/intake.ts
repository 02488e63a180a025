/** From a frame to records on disk: decode, whose, when, seen before; then the journal, and only then "kept". */
import { decodeFrame } from "../driver/decode.ts";
import { isReject } from "../driver/reject.ts";
import type { GatewayEvent, Observe } from "../events.ts";
import type { GatewayIdentity } from "../fhir/port.ts";
import type { JournalWriter } from "../journal/port.ts";
import { readingId } from "../measure/identity.ts";
import { measuredAt } from "../measure/site-time.ts";
import { momentOf } from "../registry/moment.ts";
import type { Claim, QuarantineReason, Registry, Sessions } from "../registry/port.ts";
import { Announcer } from "./announce.ts";
import type { Frame, Intake, Taken } from "./port.ts";
import { batteryOf, quarantined, type Reading, recordOf } from "./record.ts";
import { RejectKeeper } from "./rejects.ts";
import { waitingFact } from "./waiting.ts";

export interface IntakeOptions {
  readonly gateway: GatewayIdentity;
  readonly registry: Registry;
  /** Where devices are shared. */
  readonly sessions?: Sessions;
  readonly journal: JournalWriter;
  readonly observe: Observe;
}

export function createIntake({ gateway, registry, sessions, journal, observe }: IntakeOptions): Intake {
  const rejects = new RejectKeeper();
  const announcer = new Announcer();

  async function take(frame: Frame): Promise<Taken> {
    const { driver, channel, device, receivedAt, bytes: raw } = frame;
    const outcome = decodeFrame(driver, channel, { device, receivedAt, raw });
    if (isReject(outcome)) {
      observe({ type: "rejected", driver: driver.id, device, reason: outcome.reject });
      const draft = rejects.draft(frame, outcome);
      if (draft !== undefined) await journal.append(draft);
      return "rejected";
    }
    // What was typed into a device, or computed from it, is no measure: it stays with the frame's bytes, in the record of what was.
    const measured = outcome.filter(({ status }) => !status.includes("from-profile"));
    for (const measurement of measured) observe({ type: "measured", measurement });
    const readings = measured.map((measurement): Reading => {
      const effective = measuredAt(measurement, gateway.timeZone);
      return { measurement, effective, specialization: driver.specialization };
    });
    const claim = claimFor(readings, frame);
    // All measurements of a frame are appended in one go: they land in one segment, or none is told to be kept.
    const kept = await Promise.allSettled(readings.map((reading) => keep(reading, claim)));
    // A session ends with a measure that is on disk; a failed inflation or a repeat leaves it open.
    claim?.settle(kept.some((one) => one.status === "fulfilled" && one.value === "measure"));
    for (const one of kept) if (one.status === "rejected") throw one.reason;
    return "kept";
  }

  async function keep(reading: Reading, claim: Claim | undefined): Promise<Outcome> {
    const { measurement, effective } = reading;
    if (measurement.kind === "battery-level") return append(reading, batteryOf(measurement));
    if (claim !== undefined) {
      const kept = recordOf(reading, claim.person, `session:${claim.session}`, gateway);
      return append(reading, kept, claim.person.label, kept.as === "measure" ? claim.closing : []);
    }
    const whose = registry.attribute(measurement.device.address, measurement.userSlot, momentOf(effective));
    if ("quarantine" in whose) return setAside(reading, whose.quarantine);
    const by = whose.assignment === undefined ? undefined : `assignment:${whose.assignment}`;
    return append(reading, recordOf(reading, whose.person, by, gateway), whose.person.label);
  }

  async function append(
    { measurement }: Reading,
    { as, content }: Pick<ReturnType<typeof recordOf>, "content"> & { readonly as: Outcome },
    label?: string,
    facts: Claim["closing"] = [],
  ): Promise<Outcome> {
    const { seq, duplicate } = await journal.append({ ...content, id: readingId(measurement, gateway.id) }, facts);
    const became = duplicate ? "duplicate" : as;
    observe({ type: "journaled", measurement, seq, as: became, ...(label === undefined ? {} : { label }) });
    return became;
  }

  async function setAside(reading: Reading, reason: QuarantineReason): Promise<Outcome> {
    const { measurement } = reading;
    const waiting = waitingFact(measurement, reason);
    const as = "quarantined";
    const became = await append(reading, { as, content: quarantined(measurement, reason) }, undefined, [waiting]);
    const news = became === as ? announcer.draft(measurement, waiting.key, reason) : undefined;
    if (news !== undefined) await journal.append(news);
    return became;
  }

  /**
   * The open session of the frame's device, if the frame is known to have been taken in it: read as it arrives, or at a
   * time of the device that can be compared with the session's.
   */
  function claimFor(readings: readonly Reading[], { device, receivedAt }: Frame): Claim | undefined {
    const measures = readings.filter(({ measurement }) => measurement.kind !== "battery-level");
    if (sessions === undefined || measures.length === 0) return undefined;
    const times = measures.map(({ measurement, effective }) => takenNow(measurement.status, effective));
    if (times.includes("unknown")) return undefined;
    const told = times.filter((time) => typeof time === "number");
    return sessions.claim(device.address, receivedAt, told.length === 0 ? undefined : Math.min(...told));
  }

  return { take };
}

type Outcome = Extract<GatewayEvent, { type: "journaled" }>["as"];

/** When a reading was taken by its device's clock; undefined for one that has none and is read as it is taken. */
function takenNow(status: Reading["measurement"]["status"], effective: Reading["effective"]) {
  const moment = momentOf(effective);
  if (status.includes("from-storage") || moment === undefined) return "unknown";
  if (effective.source === "gateway")
    return moment.unless === "earlier" || moment.unless === "either" ? "unknown" : undefined;
  return effective.synchronised ? moment.at : "unknown";
}
