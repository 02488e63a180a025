/** From a measurement to its CI-SIS bundle: pure, so the same facts give the same bytes. */
import { readingId, uuidOf } from "../measure/identity.ts";
import type { Measurement } from "../measure/measurement.ts";
import { isQuantity, type Valued } from "../measure/quantity.ts";
import type { Clinical } from "./coding.ts";
import { phdDevice, systemIdOf } from "./device.ts";
import { momentOf, observationOf } from "./observation.ts";
import { patientEntries, subjectOf } from "./person.ts";
import {
  type BundleOptions,
  type GatewayIdentity,
  isCorrecting,
  type NoBundle,
  type Outcome,
  type Person,
} from "./port.ts";
import { formOf, fullUrl, refer, search } from "./reference.ts";
import { diagnosticReportOf, isBiology } from "./report.ts";
import { saysSomething } from "./result.ts";
import { profiles } from "./systems.ts";
import type { Bundle, DiagnosticReport, Entry, Observation } from "./types.ts";

/**
 * The transaction Bundle of one measurement of one person, in one flavour; or why there is none.
 *
 * One Observation and one Device; a DiagnosticReport beside a glucose or an HbA1c, as the guide's biology bundle demands;
 * a Patient where the destination is allowed the INS. docs/fhir.md says what each kind becomes.
 */
export function toBundle(
  measurement: Measurement,
  person: Person,
  gateway: GatewayIdentity,
  options: BundleOptions,
): Outcome {
  if (measurement.kind === "battery-level") return { noBundle: "battery-level" };
  const refused = nothingMeasured(measurement) ?? refusedByMes(measurement, options);
  if (refused !== undefined) return { noBundle: refused };
  const subject = subjectOf(person, options);
  if (subject === undefined) return { noBundle: "mes-not-paired" };

  const editorOid = options.flavour === "mes" ? options.mes?.editorOid : undefined;
  const form = formOf(options);
  const device = phdDevice(measurement.device, options.specialization, gateway, editorOid);
  const uuid = uuidOf(readingId(measurement, gateway.id));
  const named = { uuid, subject, device: refer("Device", device.uuid, form) };
  const observation = observationOf(measurement, named, gateway, options);
  if (observation === undefined) return { noBundle: "not-representable" };

  const created = isBiology(measurement) ? [observation, diagnosticReportOf(observation, form)] : [observation];
  const entry: readonly Entry[] = [
    ...created.map((resource) => (isUpdate(options) ? update(resource) : creation(resource, options))),
    {
      fullUrl: fullUrl(device.uuid),
      resource: device.resource,
      request: { method: "POST", url: "Device", ifNoneExist: device.ifNoneExist },
    },
    ...patientEntries(person, options),
  ];
  return { bundle: { resourceType: "Bundle", ...bundleMeta(measurement, options), type: "transaction", entry } };
}

/**
 * The rule of HL7 PHD: a repeat finds the first one by its identifier and creates nothing. Mon espace santé allows the
 * condition on the Device only.
 */
function creation(resource: Observation | DiagnosticReport, { flavour }: BundleOptions): Entry {
  const [identifier] = resource.identifier;
  const condition = flavour === "mes" ? {} : { ifNoneExist: search(identifier) };
  return {
    fullUrl: fullUrl(identifier.value),
    resource,
    request: { method: "POST", url: resource.resourceType, ...condition },
  };
}

/** What corrects a measure takes its place. Mon espace santé knows creations only. */
function isUpdate({ status, flavour }: BundleOptions): boolean {
  return isCorrecting(status) && flavour !== "mes";
}

/**
 * A conditional update: where the server has none with this identifier it creates one, else it writes the next version;
 * a repeat is harmless. Without an id of ours, which would be refused where it is not the server's (R4 §3.1.0.4.3).
 */
function update({ id: _id, ...resource }: Observation | DiagnosticReport): Entry {
  const [identifier] = resource.identifier;
  return {
    fullUrl: fullUrl(identifier.value),
    resource,
    request: { method: "PUT", url: `${resource.resourceType}?${search(identifier)}` },
  };
}

/**
 * The bundle profiles of 3.2.0 know creations only, and none lists the respiratory rate: what is no such thing travels in
 * a plain transaction that claims none.
 */
function bundleMeta(measurement: Clinical, options: BundleOptions): Pick<Bundle, "meta"> {
  if (measurement.kind === "respiratory-rate" || isUpdate(options)) return {};
  return { meta: { profile: [isBiology(measurement) ? profiles.biologyBundle : profiles.bundle] } };
}

/** The values without which there is no measure. */
function essentialValues(measurement: Clinical): readonly Valued[] {
  return measurement.kind === "blood-pressure" ? [measurement.systolic, measurement.diastolic] : [measurement.value];
}

function nothingMeasured(measurement: Clinical): NoBundle | undefined {
  // The profile of the BMI alone demands a value.
  const says = measurement.kind === "body-mass-index" ? isQuantity : saysSomething;
  return essentialValues(measurement).some(says) ? undefined : "no-value";
}

function refusedByMes(measurement: Clinical, options: BundleOptions): NoBundle | undefined {
  if (options.flavour !== "mes") return undefined;
  if (measurement.kind === "body-mass-index") return "mes-bmi";
  if (measurement.kind === "respiratory-rate") return "mes-respiratory-rate";
  if (measurement.status.includes("demonstration")) return "mes-demonstration";
  if (!essentialValues(measurement).every(isQuantity)) return "mes-value-absent";
  if (systemIdOf(measurement.device) === undefined && options.mes?.editorOid === undefined) {
    return "mes-device-unidentified";
  }
  if (measurement.kind !== "glucose") return undefined;
  if (measurement.specimen === "interstitial-fluid") return "mes-glucose-days";
  return momentOf(measurement, options) === undefined ? "mes-glucose-moment" : undefined;
}
