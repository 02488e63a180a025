/** The names that FHIR knows code systems, identifiers and profiles by. Canonicals of CI-SIS Mesures de santé 3.2.0. */
import type { CodeableConcept, Coding } from "./types.ts";

export const LOINC = "http://loinc.org";
export const UCUM = "http://unitsofmeasure.org";
export const MDC = "urn:iso:std:iso:11073:10101";
export const SNOMED = "http://snomed.info/sct";

export const mdc = (code: number): Coding => ({ system: MDC, code: String(code) });
export const concept = (...coding: readonly Coding[]): CodeableConcept => ({ coding });

/** The root of what Vigie names itself: an OID under 2.25 is made from a UUID, so it is nobody else's. */
const VIGIE = "urn:oid:2.25.316182685160699200474339429443324411754";

const mesures = (name: string) => `https://interop.esante.gouv.fr/ig/fhir/mesures/StructureDefinition/${name}`;
const phd = (name: string) => `http://hl7.org/fhir/uv/phd/StructureDefinition/${name}`;
export const hl7 = (name: string) => `http://hl7.org/fhir/StructureDefinition/${name}`;
export const frCore = (name: string) => `https://hl7.fr/ig/fhir/core/StructureDefinition/${name}`;

/** The profile of each kind's Observation. (`bodyheight` has no hyphen in the guide.) */
export const observationProfiles = {
  "body-weight": mesures("mesures-fr-observation-body-weight"),
  "body-height": mesures("mesures-fr-observation-bodyheight"),
  "heart-rate": mesures("mesures-fr-observation-heartrate"),
  "blood-pressure": mesures("mesures-fr-observation-bp"),
  "body-temperature": mesures("mesures-fr-observation-body-temperature"),
  "body-mass-index": mesures("mesures-fr-observation-bmi"),
  "waist-circumference": mesures("mesures-observation-waist-circumference"),
  "head-circumference": mesures("mesures-observation-head-circumference"),
  "pain-severity": mesures("mesures-observation-pain-severity"),
  "steps-by-day": mesures("mesures-observation-steps-by-day"),
  "oxygen-saturation": mesures("mesures-fr-observation-oxygen-sat"),
  "respiratory-rate": mesures("mesures-fr-observation-resp-rate"),
  glucose: mesures("mesures-observation-glucose"),
  hba1c: mesures("mesures-observation-hb1ac"),
} as const;

export const profiles = {
  bundle: mesures("mesures-bundle-flux-alimentation"),
  biologyBundle: mesures("mesures-bundle-flux-alimentation-biologie"),
  diagnosticReport: mesures("mesures-diagnostic-report"),
  phdDevice: phd("PhdDevice"),
  phgDevice: phd("PhgDevice"),
  coincidentTimeStamp: phd("PhdCoincidentTimeStampObservation"),
  patientIns: frCore("fr-core-patient-ins"),
} as const;

export const extensions = {
  /** A value that the sender converted: the guide asks for what it was. */
  originalData: mesures("mesures-original-data"),
  momentOfMeasurement: mesures("mesures-moment-of-measurement"),
  gatewayDevice: hl7("observation-gatewayDevice"),
  /** The same quantity in another unit. */
  quantityTranslation: hl7("iso21090-PQ-translation"),
  /** Ours, described in docs/fhir/: how the reading was acquired. */
  acquisition: VIGIE,
} as const;

export const identifierSystems = {
  /** IEEE EUI-64, as PhdDevice 1.0.0 fixes it. */
  eui64: "urn:oid:1.2.840.10004.1.1.1.0.0.1.0.0.1.2680",
  bluetooth: "http://hl7.org/fhir/sid/eui-48/bluetooth",
  finess: "https://finess.esante.gouv.fr",
  /** The UUIDs that Vigie gives: readings, reports on them, serial devices, gateways. */
  vigie: `${VIGIE}.1`,
} as const;

export const codeSystems = {
  continuaIdentifiers: "http://hl7.org/fhir/uv/phd/CodeSystem/ContinuaDeviceIdentifiers",
  frIdentifierTypes: "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203",
  identityStatus: "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0445",
  observationCategory: "http://terminology.hl7.org/CodeSystem/observation-category",
  dataAbsentReason: "http://terminology.hl7.org/CodeSystem/data-absent-reason",
  actReason: "http://terminology.hl7.org/CodeSystem/v3-ActReason",
} as const;
