/** The Observation of one measurement, as its profile and the destination's flavour want it. */
import { bloodPressureCodes, codes } from "../measure/codes.ts";
import type { Glucose } from "../measure/measurement.ts";
import { isQuantity, type Valued } from "../measure/quantity.ts";
import { acquisitionExtension } from "./acquisition.ts";
import { bodySiteOf, type Clinical, codeOf } from "./coding.ts";
import { gatewayReference } from "./gateway.ts";
import { cautionOf } from "./notes.ts";
import { organisation } from "./person.ts";
import type { BundleOptions, Flavour, GatewayIdentity } from "./port.ts";
import { ownIdentifier } from "./reference.ts";
import { quantityOf, resultOf } from "./result.ts";
import { codeSystems, concept, extensions, LOINC, mdc, observationProfiles } from "./systems.ts";
import type { CodeableConcept, Coding, Component, Extension, Meta, Observation, Reference, Result } from "./types.ts";

/** `display`, where sent, must be this very word in half of the profiles. Not sending it is right in all. */
const VITAL_SIGNS = concept({ system: codeSystems.observationCategory, code: "vital-signs" });
/** Health data that is none (HL7 v3 ActReason): every reader of FHIR keeps it out of care. */
const TEST_DATA = { system: codeSystems.actReason, code: "HTEST" } as const;

export interface Named {
  readonly uuid: string;
  readonly subject: Reference;
  readonly device: Reference;
}

/** @returns undefined where a converted value does not fit a decimal. */
export function observationOf(
  measurement: Clinical,
  { uuid, subject, device }: Named,
  gateway: GatewayIdentity,
  options: BundleOptions,
): Observation | undefined {
  const { flavour, effective, status = "final" } = options;
  const values = valuesFor(measurement, flavour);
  if (values === undefined) return undefined;
  const extension = extensionsOf(measurement, gateway, options);
  const bodySite = measurement.kind === "body-temperature" ? bodySiteOf(measurement) : undefined;
  const caution = cautionOf(measurement.status, effective.doubts);
  return {
    resourceType: "Observation",
    id: uuid,
    meta: metaOf(measurement, options),
    ...(extension.length === 0 ? {} : { extension }),
    identifier: [ownIdentifier(uuid)],
    status,
    category: [VITAL_SIGNS],
    code: codeOf(measurement, flavour),
    subject,
    effectiveDateTime: effective.iso,
    ...(flavour === "platform" ? { issued: effective.receivedIso } : {}),
    performer: performersOf(gateway),
    ...values,
    ...(caution === undefined ? {} : { note: [{ text: caution }] }),
    ...(bodySite === undefined ? {} : { bodySite }),
    device,
  };
}

/** The moment of a glucose measure as Mon espace santé wants it, where its code is configured; nobody else gets it. */
export function momentOf({ meal }: Glucose, { flavour, mes }: BundleOptions): Coding | undefined {
  return flavour === "mes" && meal !== undefined ? mes?.glucoseMoments?.[meal] : undefined;
}

/** The structure answers for its residents' measures. */
function performersOf({ structure }: GatewayIdentity): readonly Reference[] {
  const site = organisation("FINEG", structure.finess);
  return structure.legalFiness === undefined ? [site] : [site, organisation("FINEJ", structure.legalFiness)];
}

function metaOf(measurement: Clinical, { source }: BundleOptions): Meta {
  // An HbA1c conforms to both: its own profile, and that of glucose, the only one a bundle of the guide lists.
  const profile =
    measurement.kind === "hba1c"
      ? [observationProfiles.glucose, observationProfiles.hba1c]
      : [observationProfiles[measurement.kind]];
  return {
    ...(source === undefined ? {} : { source }),
    profile,
    ...(measurement.status.includes("demonstration") ? { security: [TEST_DATA] } : {}),
  };
}

function valuesFor(
  measurement: Clinical,
  flavour: Flavour,
): Result | { readonly component: readonly Component[] } | undefined {
  if (measurement.kind !== "blood-pressure") {
    return resultOf(measurement.value, codes[measurement.kind].ucum, flavour);
  }
  const { systolic, diastolic, mean } = measurement;
  // A cuff that computes no mean sends NaN for it: worth saying to the platform, noise to everybody else.
  const meanToo = mean !== undefined && (isQuantity(mean) || flavour === "platform");
  const component: Component[] = [];
  const parts: readonly (readonly [PartCodes, Valued])[] = [
    [bloodPressureCodes.systolic, systolic],
    [bloodPressureCodes.diastolic, diastolic],
    ...(meanToo ? [[bloodPressureCodes.mean, mean] as const] : []),
  ];
  for (const [part, valued] of parts) {
    const result = resultOf(valued, bloodPressureCodes.ucum, flavour);
    if (result === undefined) return undefined;
    component.push({ code: componentCode(part, flavour), ...result });
  }
  return { component };
}

interface PartCodes {
  readonly loinc: string;
  readonly mdc: number;
}

function componentCode(part: PartCodes, flavour: Flavour): CodeableConcept {
  const loinc = { system: LOINC, code: part.loinc };
  return flavour === "platform" ? concept(loinc, mdc(part.mdc)) : concept(loinc);
}

function extensionsOf(measurement: Clinical, gateway: GatewayIdentity, options: BundleOptions): readonly Extension[] {
  const extension: Extension[] = [];
  if (measurement.kind === "glucose") {
    const moment = momentOf(measurement, options);
    if (moment !== undefined) {
      extension.push({ url: extensions.momentOfMeasurement, valueCodeableConcept: concept(moment) });
    }
    if (isQuantity(measurement.value) && measurement.value.unit !== codes.glucose.ucum) {
      const original: Extension[] = [
        { url: "has-been-converted", valueBoolean: true },
        { url: "original-code", valueCodeableConcept: codeOf(measurement, "strict") },
        { url: "original-value", valueQuantity: quantityOf(measurement.value) },
      ];
      extension.push({ url: extensions.originalData, extension: original });
    }
  }
  if (options.flavour === "platform") {
    extension.push({ url: extensions.gatewayDevice, valueReference: gatewayReference(gateway) });
    extension.push(acquisitionExtension(measurement, options.effective));
  }
  return extension;
}
