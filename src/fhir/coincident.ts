/**
 * The coincident time stamp of HL7 PHD: what a device's clock showed at the moment the gateway read it, so that a reader
 * can judge every time of that device. It does not fit a Mesures bundle, so it travels in a transaction of its own.
 */
import type { Device } from "../measure/measurement.ts";
import { deviceIso, siteIso } from "../measure/site-time.ts";
import type { DeviceTime, Instant } from "../measure/time.ts";
import { deviceIdentifier } from "./device.ts";
import { gatewayIdentifier } from "./gateway.ts";
import type { GatewayIdentity, Person } from "./port.ts";
import { fullUrl, search, uuidFrom } from "./reference.ts";
import { concept, extensions, mdc, profiles } from "./systems.ts";
import type { Bundle, CoincidentTimeStamp, Identifier, Reference } from "./types.ts";

/** MDC_ATTR_TIME_ABS: a wall clock without a zone. MDC_ATTR_TIME_BO: one that tells its offset. */
const ABSOLUTE_TIME = 67975;
const BASE_OFFSET_TIME = 68226;

/** A device's clock, read by the gateway. */
export interface ClockReading {
  readonly device: Device;
  readonly shown: DeviceTime;
  readonly at: Instant;
}

/**
 * The profile wants a literal reference to the subject and to the device. Both may stand on the server already, so they
 * are named by conditional references, which a server resolves when it processes the transaction.
 *
 * @returns undefined where the clock showed a time that is in no calendar.
 */
export function coincidentTimeStamp(
  reading: ClockReading,
  person: Person,
  gateway: GatewayIdentity,
): Bundle | undefined {
  const { device, shown, at } = reading;
  const valueDateTime = deviceIso(shown, gateway.timeZone, at.wall);
  if (valueDateTime === undefined) return undefined;
  const resource: CoincidentTimeStamp = {
    resourceType: "Observation",
    meta: { profile: [profiles.coincidentTimeStamp] },
    extension: [{ url: extensions.gatewayDevice, valueReference: conditional("Device", gatewayIdentifier(gateway)) }],
    status: "final",
    code: concept(mdc(shown.utcOffsetMinutes === undefined ? ABSOLUTE_TIME : BASE_OFFSET_TIME)),
    subject: conditional("Patient", { system: person.system, value: person.reference }),
    effectiveDateTime: siteIso(at.wall, gateway.timeZone),
    valueDateTime,
    device: conditional("Device", deviceIdentifier(device, gateway)),
  };
  const uuid = uuidFrom("clock", gateway.id, device.address, at.bootId, String(at.monotonic));
  // Every reading of a clock is a new fact (HL7 PHD): nothing to look up first.
  const entry = { fullUrl: fullUrl(uuid), resource, request: { method: "POST", url: "Observation" } } as const;
  return { resourceType: "Bundle", type: "transaction", entry: [entry] };
}

function conditional(type: "Device" | "Patient", identifier: Identifier): Reference {
  return { reference: `${type}?${search(identifier)}`, type };
}
