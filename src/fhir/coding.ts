/** What each measure is called: LOINC as its profile fixes it, and MDC beside it for whoever reads ISO/IEEE 11073. */
import { bloodPressureCodes, codes, glucoseMdc, heartRateMdc, temperatureMdc, titleOf } from "../measure/codes.ts";
import type { BatteryLevel, BodyTemperature, Measurement, TemperatureSite } from "../measure/measurement.ts";
import type { Flavour } from "./port.ts";
import { LOINC, mdc, SNOMED } from "./systems.ts";
import type { CodeableConcept, Coding } from "./types.ts";

/** A measurement that a profile exists for. */
export type Clinical = Exclude<Measurement, BatteryLevel>;

/** The profile of head circumference demands this second code since 3.2.0: occipital-frontal circumference by tape. */
const HEAD_BY_TAPE = "9843-4";
/** Glucose in interstitial fluid (JDV J154). */
const INTERSTITIAL_GLUCOSE = "99504-3";

/** Observation.code. The lean flavours carry what the profile fixes and nothing beside it. */
export function codeOf(measurement: Clinical, flavour: Flavour): CodeableConcept {
  const loinc = loincOf(measurement).map((code) => ({ system: LOINC, code }));
  if (flavour !== "platform") return { coding: loinc };
  return { coding: [...loinc, ...mdcOf(measurement)], text: titleOf(measurement.kind).fr };
}

function loincOf(measurement: Clinical): readonly string[] {
  switch (measurement.kind) {
    case "blood-pressure":
      return [bloodPressureCodes.panel.loinc];
    case "head-circumference":
      return [codes["head-circumference"].loinc, HEAD_BY_TAPE];
    case "glucose":
      return [measurement.specimen === "interstitial-fluid" ? INTERSTITIAL_GLUCOSE : codes.glucose.loinc];
    default:
      return [codes[measurement.kind].loinc];
  }
}

function mdcOf(measurement: Clinical): readonly Coding[] {
  switch (measurement.kind) {
    case "blood-pressure":
      return [mdc(bloodPressureCodes.panel.mdc)];
    case "heart-rate":
      return [mdc(heartRateMdc[measurement.method])];
    case "body-temperature":
      return [mdc(temperatureMdc[measurement.site ?? "body"])];
    case "glucose":
      return [mdc(glucoseMdc[measurement.specimen])];
    default: {
      const code = codes[measurement.kind].mdc;
      return code === 0 ? [] : [mdc(code)];
    }
  }
}

/** The sites of JDV J151 that a thermometer can name; the set is closed, so any other site stays in the MDC code only. */
const bodySites: Partial<Record<TemperatureSite, string>> = {
  armpit: "91470000",
  ear: "117590005",
  mouth: "123851003",
  rectum: "34402009",
};

export function bodySiteOf({ site }: BodyTemperature): CodeableConcept | undefined {
  const code = site === undefined ? undefined : bodySites[site];
  return code === undefined ? undefined : { coding: [{ system: SNOMED, code }] };
}
