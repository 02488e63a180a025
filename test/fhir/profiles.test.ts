/** The traps of each profile (facts/cisis-mesures.md), as tests that need no definitions at hand. */
import { describe, expect, it } from "vitest";
import { toBundle } from "../../src/fhir/bundle.ts";
import type { BundleOptions, Outcome, Person } from "../../src/fhir/port.ts";
import { toJson } from "../../src/measure/json.ts";
import type { Decoded, Device, GlucoseSpecimen } from "../../src/measure/measurement.ts";
import {
  cuff,
  gateway,
  measured,
  mesOptions,
  namelessThermometer,
  optionsFor,
  person,
  pressure,
  qualified,
  quantity,
} from "./samples.ts";

interface Sent {
  readonly device?: Device;
  readonly person?: Person;
  readonly options?: Partial<BundleOptions>;
}

function outcome(decoded: Decoded, sent: Sent = {}): Outcome {
  const measurement = measured(decoded, { device: sent.device ?? cuff });
  return toBundle(measurement, sent.person ?? person, gateway, optionsFor(measurement, sent.options));
}

function read(decoded: Decoded, sent: Sent = {}) {
  const result = outcome(decoded, sent);
  if ("noBundle" in result) throw new Error(result.noBundle);
  return JSON.parse(toJson(result.bundle));
}

const strict: Sent = { options: { flavour: "strict" } };
const mes: Sent = { options: { flavour: "mes", mes: mesOptions } };
const observation = (decoded: Decoded, sent: Sent = strict) => read(decoded, sent).entry[0].resource;
const loincs = (decoded: Decoded) => observation(decoded).code.coding.map((coding: { code: string }) => coding.code);
const quantityIn = (decoded: Decoded) => observation(decoded).valueQuantity;

function glucose(
  digits: string,
  unit: "mg/dL" | "mmol/L",
  specimen: GlucoseSpecimen = "capillary-whole-blood",
): Decoded {
  return { kind: "glucose", value: quantity(digits, unit), specimen, meal: "fasting", status: [] };
}

describe("what each profile fixes", () => {
  it("head circumference has both codes", () => {
    expect(loincs({ kind: "head-circumference", value: quantity("56.5", "cm"), status: [] })).toEqual([
      "8287-5",
      "9843-4",
    ]);
  });

  it("pain has no unit but a Level", () => {
    expect(quantityIn({ kind: "pain-severity", value: quantity("3", "1"), status: [] })).toMatchObject({
      unit: "Level",
      code: "1",
    });
  });

  it("steps are steps/day in 1/(24.h)", () => {
    expect(quantityIn({ kind: "steps-by-day", value: quantity("4213", "1/(24.h)"), status: [] })).toMatchObject({
      unit: "steps/day",
      code: "1/(24.h)",
    });
  });

  it("oxygen saturation is 2708-6", () => {
    expect(loincs({ kind: "oxygen-saturation", value: quantity("97", "%"), status: [] })).toEqual(["2708-6"]);
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
    expect(loincs(glucose("99", "mg/dL", "interstitial-fluid"))).toEqual(["99504-3"]);
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

describe("the strict flavour", () => {
  it("has no code, extension or time beyond the profile's", () => {
    const resource = observation(pressure);
    expect(resource).not.toHaveProperty("extension");
    expect(resource).not.toHaveProperty("issued");
    expect(resource.code).toEqual({ coding: [{ system: "http://loinc.org", code: "85354-9" }] });
  });

  it("still says in words what the device said about quality", () => {
    expect(observation(pressure).note[0].text).toContain("pouls irrégulier");
  });
});

describe("Mon espace santé", () => {
  it("knows the person by the pairing, the device by Device/<uuid>, and sees no condition but the Device's", () => {
    const [observed, device] = read(pressure, mes).entry;
    expect(observed.resource.subject).toEqual({ type: "Patient", identifier: person.mesPairing });
    expect(observed.resource.device.reference).toBe(`Device/${device.resource.id}`);
    expect(observed.request).toEqual({ method: "POST", url: "Observation" });
    expect(device.fullUrl).toBe(`urn:uuid:${device.resource.id}`);
  });

  it("knows a device without a System ID by the editor's OID", () => {
    const [, device] = read(pressure, { ...mes, device: namelessThermometer }).entry;
    expect(device.request.ifNoneExist).toBe(`identifier=urn:oid:${mesOptions.editorOid}|${device.resource.id}`);
  });

  it("gets the moment of a blood glucose, where its code is configured", () => {
    const [extension] = observation(glucose("99", "mg/dL"), mes).extension;
    expect(extension.url).toMatch(/mesures-moment-of-measurement$/);
  });

  it("gets an amended measure as a creation: it knows nothing else", () => {
    const [observed] = read(pressure, { options: { ...mes.options, status: "amended" } }).entry;
    expect(observed.request).toEqual({ method: "POST", url: "Observation" });
  });

  const { mesPairing: _mesPairing, ...unpaired } = person;
  const unsure: Decoded = { ...pressure, diastolic: { absent: "not-a-number" } };
  const plain: Sent = { options: { flavour: "mes" } };
  it.each<[string, Decoded, Sent]>([
    ["mes-bmi", { kind: "body-mass-index", value: quantity("24.1", "kg/m2"), status: [] }, mes],
    ["mes-respiratory-rate", { kind: "respiratory-rate", value: quantity("15", "/min"), status: [] }, mes],
    ["mes-value-absent", unsure, mes],
    ["mes-demonstration", { ...pressure, status: ["demonstration"] }, mes],
    ["mes-not-paired", pressure, { ...mes, person: unpaired }],
    ["mes-device-unidentified", pressure, { ...plain, device: namelessThermometer }],
    ["mes-glucose-moment", glucose("99", "mg/dL"), plain],
    ["mes-glucose-days", glucose("99", "mg/dL", "interstitial-fluid"), mes],
  ])("gets no bundle where it would refuse it: %s", (noBundle, decoded, sent) => {
    expect(outcome(decoded, sent)).toEqual({ noBundle });
  });
});

describe("what a destination may ask for", () => {
  it("the sending system's OID", () => {
    expect(observation(pressure, { options: { source: "urn:oid:1.2.250.1.999.3.1" } }).meta.source).toBe(
      "urn:oid:1.2.250.1.999.3.1",
    );
  });

  it("references by type and id", () => {
    const [observed, device] = read(pressure, { options: { references: "literal" } }).entry;
    expect(observed.resource.device.reference).toBe(`Device/${device.resource.id}`);
  });

  it("the legal entity beside the geographic one, where it is known", () => {
    const measurement = measured(pressure);
    const box = { ...gateway, structure: { ...gateway.structure, legalFiness: "990000002" } };
    const result = toBundle(measurement, person, box, optionsFor(measurement));
    const { performer } = "bundle" in result ? JSON.parse(toJson(result.bundle)).entry[0].resource : {};
    expect(performer.map((one: { identifier: { value: string } }) => one.identifier.value)).toEqual([
      "990000001",
      "990000002",
    ]);
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

describe("the INS", () => {
  const text = (sent: Sent) => JSON.stringify(read(pressure, sent));
  const matricule = qualified.ins?.matricule ?? "";

  it.each(["platform", "strict", "mes"] as const)(
    "stays at home unless the destination is allowed it: %s",
    (flavour) => {
      expect(text({ person: qualified, options: { flavour, mes: mesOptions } })).not.toContain(matricule);
    },
  );

  it("never leaves for Mon espace santé", () => {
    expect(text({ person: qualified, options: { flavour: "mes", mes: mesOptions, identity: "ins" } })).not.toContain(
      matricule,
    );
  });

  it("leaves as a Patient that the measure refers to, looked up by the matricule", () => {
    const bundle = read(pressure, { person: qualified, options: { identity: "ins" } });
    const patient = bundle.entry[2];
    expect(bundle.entry[0].resource.subject).toMatchObject({ reference: patient.fullUrl, type: "Patient" });
    expect(patient.request).toEqual({
      method: "POST",
      url: "Patient",
      ifNoneExist: `identifier=urn:oid:1.2.250.1.213.1.4.10|${matricule}`,
    });
  });

  it("is not made up for a person who has none", () => {
    expect(read(pressure, { options: { identity: "ins" } }).entry).toHaveLength(2);
  });
});
