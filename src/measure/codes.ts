/**
 * The one table of codes: what each kind of measure is called in LOINC (FHIR), MDC (ISO/IEEE 11073-10101) and UCUM.
 * A 32-bit MDC code is `partition × 65536 + term`; partition 2 is SCADA, 128 PHD_DM, 129 PHD_HF.
 */
import type { GlucoseSpecimen, HeartRateMethod, MeasureKind, TemperatureSite } from "./measurement.ts";
import type { UcumUnit } from "./quantity.ts";

export interface Code {
  readonly loinc: string;
  readonly mdc: number;
  /** The unit that the CI-SIS profile asks for. */
  readonly ucum: UcumUnit;
  /** The units a device may send it in. */
  readonly units: readonly UcumUnit[];
  readonly title: { readonly fr: string; readonly en: string };
}

type MeasuredKind = Exclude<MeasureKind, "battery-level" | "blood-pressure">;

/** Kinds with one value. MDC 188736… are PHD/SCADA terms as in HL7 PHD 1.0.0; LOINC as in CI-SIS Mesures 3.2.0. */
export const codes = {
  "body-weight": {
    loinc: "29463-7",
    mdc: 188736,
    ucum: "kg",
    units: ["kg", "g", "[lb_av]"],
    title: { fr: "Poids", en: "Body weight" },
  },
  "body-height": {
    loinc: "8302-2",
    mdc: 188740,
    ucum: "cm",
    units: ["cm", "m", "[in_i]"],
    title: { fr: "Taille", en: "Body height" },
  },
  "heart-rate": {
    loinc: "8867-4",
    mdc: 147842,
    ucum: "/min",
    units: ["/min"],
    title: { fr: "Fréquence cardiaque", en: "Heart rate" },
  },
  "body-temperature": {
    loinc: "8310-5",
    mdc: 150364,
    ucum: "Cel",
    units: ["Cel", "[degF]"],
    title: { fr: "Température", en: "Body temperature" },
  },
  "body-mass-index": {
    loinc: "39156-5",
    mdc: 188752,
    ucum: "kg/m2",
    units: ["kg/m2"],
    title: { fr: "Indice de masse corporelle", en: "Body mass index" },
  },
  "waist-circumference": {
    loinc: "8280-0",
    mdc: 188744,
    ucum: "cm",
    units: ["cm", "m", "[in_i]"],
    title: { fr: "Tour de taille", en: "Waist circumference" },
  },
  glucose: {
    loinc: "2345-7",
    mdc: 160184,
    ucum: "mg/dL",
    units: ["mg/dL", "mmol/L"],
    title: { fr: "Glycémie", en: "Glucose" },
  },
  hba1c: { loinc: "4548-4", mdc: 160220, ucum: "%", units: ["%"], title: { fr: "HbA1c", en: "HbA1c" } },
  "pain-severity": {
    loinc: "72514-3",
    mdc: 0,
    ucum: "1",
    units: ["1"],
    title: { fr: "Niveau de douleur", en: "Pain severity" },
  },
  "head-circumference": {
    loinc: "8287-5",
    mdc: 0,
    ucum: "cm",
    units: ["cm", "m", "[in_i]"],
    title: { fr: "Périmètre crânien", en: "Head circumference" },
  },
  "steps-by-day": {
    loinc: "41950-7",
    mdc: 8454247,
    ucum: "1/(24.h)",
    units: ["1/(24.h)"],
    title: { fr: "Nombre de pas", en: "Steps by day" },
  },
  "oxygen-saturation": {
    loinc: "2708-6",
    mdc: 150456,
    ucum: "%",
    units: ["%"],
    title: { fr: "Saturation en oxygène", en: "Oxygen saturation" },
  },
  "respiratory-rate": {
    loinc: "9279-1",
    mdc: 151562,
    ucum: "/min",
    units: ["/min"],
    title: { fr: "Fréquence respiratoire", en: "Respiratory rate" },
  },
} as const satisfies Record<MeasuredKind, Code>;

/** A blood pressure is a panel: it has no value of its own, its components have. */
export const bloodPressureCodes = {
  panel: { loinc: "85354-9", mdc: 150020 },
  systolic: { loinc: "8480-6", mdc: 150021 },
  diastolic: { loinc: "8462-4", mdc: 150022 },
  mean: { loinc: "8478-0", mdc: 150023 },
  ucum: "mm[Hg]",
  units: ["mm[Hg]", "kPa"],
  title: { fr: "Pression artérielle", en: "Blood pressure" },
} as const;

/** How a measure is called for people. */
export function titleOf(kind: MeasureKind): { readonly fr: string; readonly en: string } {
  if (kind === "blood-pressure") return bloodPressureCodes.title;
  if (kind === "battery-level") return { fr: "Pile", en: "Battery" };
  return codes[kind].title;
}

/** The MDC code of a heart rate depends on what sensed it (ISO/IEEE 11073-10101). */
export const heartRateMdc = {
  cuff: 149546,
  oximeter: 149530,
  electrocardiogram: 147842,
  unspecified: 147842,
} as const satisfies Record<HeartRateMethod, number>;

/** … that of a temperature on where it was taken … */
export const temperatureMdc = {
  armpit: 188452,
  body: 150364,
  ear: 188428,
  finger: 188432,
  "gastrointestinal-tract": 188456,
  mouth: 188424,
  rectum: 188420,
  toe: 188448,
  tympanum: 150392,
} as const satisfies Record<TemperatureSite, number>;

/** … and that of glucose on what it was measured in. */
export const glucoseMdc = {
  "capillary-whole-blood": 160184,
  "capillary-plasma": 160188,
  "venous-whole-blood": 160192,
  "venous-plasma": 160196,
  "arterial-whole-blood": 160200,
  "arterial-plasma": 160204,
  "undetermined-whole-blood": 160364,
  "undetermined-plasma": 160368,
  "interstitial-fluid": 160212,
} as const satisfies Record<GlucoseSpecimen, number>;

/** MDC codes of device kinds (ISO/IEEE 11073-104xx specializations), for PhdDevice.specialization. */
export const specializations = {
  528388: "oximeter",
  528391: "blood-pressure monitor",
  528392: "thermometer",
  528397: "respiratory-rate monitor",
  528399: "weighing scale",
  528401: "glucose meter",
  528404: "body-composition analyser",
  528409: "continuous glucose monitor",
  528457: "generic 20601 device",
  528488: "step counter",
  528525: "heart-rate monitor",
} as const;
export type Specialization = keyof typeof specializations;
