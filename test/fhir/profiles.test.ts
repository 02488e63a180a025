/** The traps of each profile (facts/cisis-mesures.md §2 to §4), as tests that need no definitions at hand. */
import { describe, expect, it } from "vitest";
import { flavours } from "../../src/fhir/port.ts";
import { toJson } from "../../src/measure/json.ts";
import type { Decoded } from "../../src/measure/measurement.ts";
import { mesOptions, pressure, quantity } from "./samples.ts";
import { glucose, observation, outcome, read, strict } from "./sent.ts";

/** Facts §2 and §4, line by line: profile, LOINC, MDC beside it, UCUM code, unit as the profile wants to read it. */
const table: readonly (readonly [Decoded, string, readonly string[], string | undefined, string, string])[] = [
  [
    { kind: "body-weight", value: quantity("98.0", "kg"), status: [] },
    "fr-observation-body-weight",
    ["29463-7"],
    "188736",
    "kg",
    "kg",
  ],
  [
    { kind: "body-height", value: quantity("175", "cm"), status: [] },
    "fr-observation-bodyheight",
    ["8302-2"],
    "188740",
    "cm",
    "cm",
  ],
  [
    { kind: "heart-rate", value: quantity("61", "/min"), method: "cuff", status: [] },
    "fr-observation-heartrate",
    ["8867-4"],
    "149546",
    "/min",
    "/min",
  ],
  [
    { kind: "heart-rate", value: quantity("61", "/min"), method: "oximeter", status: [] },
    "fr-observation-heartrate",
    ["8867-4"],
    "149530",
    "/min",
    "/min",
  ],
  [
    { kind: "body-temperature", value: quantity("36.8", "Cel"), status: [] },
    "fr-observation-body-temperature",
    ["8310-5"],
    "150364",
    "Cel",
    "Cel",
  ],
  [
    { kind: "body-mass-index", value: quantity("24.1", "kg/m2"), status: [] },
    "fr-observation-bmi",
    ["39156-5"],
    "188752",
    "kg/m2",
    "kg/m2",
  ],
  [
    { kind: "waist-circumference", value: quantity("92", "cm"), status: [] },
    "observation-waist-circumference",
    ["8280-0"],
    "188744",
    "cm",
    "cm",
  ],
  [
    { kind: "head-circumference", value: quantity("56.5", "cm"), status: [] },
    "observation-head-circumference",
    ["8287-5", "9843-4"],
    undefined,
    "cm",
    "cm",
  ],
  [
    { kind: "pain-severity", value: quantity("3", "1"), status: [] },
    "observation-pain-severity",
    ["72514-3"],
    undefined,
    "1",
    "Level",
  ],
  [
    { kind: "steps-by-day", value: quantity("4213", "1/(24.h)"), status: [] },
    "observation-steps-by-day",
    ["41950-7"],
    "8454247",
    "1/(24.h)",
    "steps/day",
  ],
  [glucose("99", "mg/dL"), "observation-glucose", ["2345-7"], "160184", "mg/dL", "mg/dL"],
  [glucose("5.5", "mmol/L", "undetermined-plasma"), "observation-glucose", ["2345-7"], "160368", "mg/dL", "mg/dL"],
  [
    { kind: "oxygen-saturation", value: quantity("97", "%"), status: [] },
    "fr-observation-oxygen-sat",
    ["2708-6"],
    "150456",
    "%",
    "%",
  ],
  [
    { kind: "respiratory-rate", value: quantity("15", "/min"), status: [] },
    "fr-observation-resp-rate",
    ["9279-1"],
    "151562",
    "/min",
    "/min",
  ],
  [{ kind: "hba1c", value: quantity("6.4", "%"), status: [] }, "observation-hb1ac", ["4548-4"], "160220", "%", "%"],
];

describe("what each profile fixes", () => {
  it.each(table.map((row) => [row[0].kind, ...row] as const))(
    "%s is as its profile has it",
    (_kind, decoded, profile, loinc, mdc, code, unit) => {
      const strictly = observation(decoded);
      expect(strictly.meta.profile).toContain(
        `https://interop.esante.gouv.fr/ig/fhir/mesures/StructureDefinition/mesures-${profile}`,
      );
      expect(strictly.code).toEqual({ coding: loinc.map((one) => ({ system: "http://loinc.org", code: one })) });
      expect(strictly.valueQuantity).toMatchObject({ system: "http://unitsofmeasure.org", code, unit });
      // A code of another vocabulary stands beside the profile's, never in its place.
      const { coding } = observation(decoded, {}).code;
      const beside = mdc === undefined ? [] : [{ system: "urn:iso:std:iso:11073:10101", code: mdc }];
      expect(coding).toEqual([...strictly.code.coding, ...beside]);
    },
  );

  it.each([...table.map(([decoded]) => decoded), pressure])(
    "$kind has one time, one category and one device",
    (decoded) => {
      for (const flavour of flavours) {
        const result = outcome(decoded, { options: { flavour, mes: mesOptions } });
        if ("noBundle" in result) continue;
        const { entry } = JSON.parse(toJson(result.bundle));
        const observed = entry.filter((one: { request: { url: string } }) => one.request.url === "Observation");
        expect(observed).toHaveLength(1);
        // Half of the profiles know no Period, and no other display than `vital-signs`: a dateTime and none are right in all.
        const { resource } = observed[0];
        expect(Object.keys(resource).filter((key) => key.startsWith("effective"))).toEqual(["effectiveDateTime"]);
        expect(resource.effectiveDateTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/);
        const system = "http://terminology.hl7.org/CodeSystem/observation-category";
        expect(resource.category).toEqual([{ coding: [{ system, code: "vital-signs" }] }]);
        expect(resource.device.type).toBe("Device");
        for (const { type } of resource.performer) expect(type).toBe("Organization");
      }
    },
  );

  it("a blood pressure is a panel without a value, whose body site nobody can code yet", () => {
    const resource = observation(pressure);
    expect(resource.code.coding.map((coding: { code: string }) => coding.code)).toEqual(["85354-9"]);
    expect(resource).not.toHaveProperty("valueQuantity");
    expect(resource).not.toHaveProperty("bodySite");
    expect(
      resource.component.map((part: { code: { coding: { code: string }[] } }) => part.code.coding[0]?.code),
    ).toEqual(["8480-6", "8462-4", "8478-0"]);
  });

  it("a blood pressure in kPa becomes mm[Hg] in every component", () => {
    const inKilopascal: Decoded = {
      kind: "blood-pressure",
      systolic: quantity("17.1", "kPa"),
      diastolic: quantity("10.8", "kPa"),
      status: [],
    };
    const { component } = observation(inKilopascal);
    expect(component.map((part: { valueQuantity: object }) => part.valueQuantity)).toEqual([
      expect.objectContaining({ value: 128.3, code: "mm[Hg]" }),
      expect.objectContaining({ value: 81, code: "mm[Hg]" }),
    ]);
  });

  it("a body site stands only where the closed value set has it", () => {
    const at = (site: "mouth" | "toe"): Decoded => ({
      kind: "body-temperature",
      value: quantity("36.80", "Cel"),
      site,
      status: [],
    });
    expect(observation(at("mouth")).bodySite.coding).toEqual([{ system: "http://snomed.info/sct", code: "123851003" }]);
    expect(observation(at("toe"))).not.toHaveProperty("bodySite");
    expect(observation(at("toe"), {}).code.coding[1].code).toBe("188448");
  });

  it("the respiratory rate travels in a bundle that claims no profile, since none lists it", () => {
    const bundle = read({ kind: "respiratory-rate", value: quantity("15", "/min"), status: [] }, strict);
    expect(bundle).not.toHaveProperty("meta");
    expect(bundle.entry[0].resource.meta.profile[0]).toMatch(/mesures-fr-observation-resp-rate$/);
  });
});

describe("glucose", () => {
  it("travels in the biology bundle, with a report on it", () => {
    const bundle = read(glucose("99", "mg/dL"), strict);
    expect(bundle.meta.profile).toEqual([expect.stringMatching(/mesures-bundle-flux-alimentation-biologie$/)]);
    expect(bundle.entry.map((entry: { request: { url: string } }) => entry.request.url)).toEqual([
      "Observation",
      "DiagnosticReport",
      "Device",
    ]);
    expect(bundle.entry[1].resource.result).toEqual([{ reference: bundle.entry[0].fullUrl, type: "Observation" }]);
  });

  it("in mmol/L is converted once, and says what it was", () => {
    const { valueQuantity, extension } = observation(glucose("5.5", "mmol/L"));
    expect(valueQuantity).toMatchObject({ value: 99, code: "mg/dL" });
    expect(extension[0].url).toMatch(/mesures-original-data$/);
    expect(extension[0].extension).toEqual([
      { url: "has-been-converted", valueBoolean: true },
      { url: "original-code", valueCodeableConcept: { coding: [{ system: "http://loinc.org", code: "2345-7" }] } },
      { url: "original-value", valueQuantity: expect.objectContaining({ value: 5.5, code: "mmol/L" }) },
    ]);
  });

  it("in mg/dL says nothing about a conversion", () => {
    expect(observation(glucose("99", "mg/dL"))).not.toHaveProperty("extension");
  });

  it("in interstitial fluid has its own code", () => {
    const { coding } = observation(glucose("99", "mg/dL", "interstitial-fluid")).code;
    expect(coding).toEqual([{ system: "http://loinc.org", code: "99504-3" }]);
  });

  it("beyond the meter's range keeps that it was", () => {
    const high: Decoded = {
      kind: "glucose",
      value: { absent: "positive-infinity" },
      specimen: "capillary-plasma",
      status: [],
    };
    expect(observation(high).dataAbsentReason.coding[0].code).toBe("positive-infinity");
  });

  it("HbA1c goes the same way, under its own profile and under that of glucose", () => {
    const bundle = read({ kind: "hba1c", value: quantity("6.4", "%"), status: [] }, strict);
    expect(bundle.entry[0].resource.meta.profile).toEqual([
      expect.stringMatching(/mesures-observation-glucose$/),
      expect.stringMatching(/mesures-observation-hb1ac$/),
    ]);
    expect(bundle.entry).toHaveLength(3);
  });
});

describe("a device that could not measure", () => {
  it("gives no bundle where its one value is absent", () => {
    expect(outcome({ kind: "body-weight", value: { absent: "unsuccessful" }, status: [] })).toEqual({
      noBundle: "no-value",
    });
  });

  it("keeps the half of a blood pressure that it has", () => {
    const { component } = observation({ ...pressure, diastolic: { absent: "not-at-this-resolution" } });
    expect(component[0].valueQuantity.value).toBe(128);
    expect(component[1].dataAbsentReason.coding[0].code).toBe("error");
  });

  it("keeps an impossible value as it came, and says so", () => {
    const impossible = observation({ kind: "oxygen-saturation", value: quantity("127", "%"), status: ["implausible"] });
    expect(impossible.valueQuantity.value).toBe(127);
    expect(impossible.note[0].text).toContain("invraisemblable");
  });

  it("marks a demonstration as test data", () => {
    expect(observation({ ...pressure, status: ["demonstration"] }).meta.security[0].code).toBe("HTEST");
  });

  it("says so where a value does not fit after its conversion", () => {
    const huge: Decoded = { kind: "body-height", value: quantity("900000000000000", "m"), status: [] };
    expect(outcome(huge)).toEqual({ noBundle: "not-representable" });
  });
});
