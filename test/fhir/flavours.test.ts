/** What each flavour says and leaves out, and what a destination may ask for: facts/cisis-mesures.md §3.3 and §5. */
import { describe, expect, it } from "vitest";
import { toBundle } from "../../src/fhir/bundle.ts";
import type { InsType } from "../../src/fhir/port.ts";
import { toJson } from "../../src/measure/json.ts";
import type { Decoded } from "../../src/measure/measurement.ts";
import {
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
import { glucose, mes, observation, outcome, read, type Sent } from "./sent.ts";

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

  it("gets one Observation and one conditional Device, each with its profile, and nothing else", () => {
    const { entry } = read(pressure, mes);
    expect(entry.map(({ request }: { request: { url: string } }) => request.url)).toEqual(["Observation", "Device"]);
    for (const { resource } of entry) expect(resource.meta.profile).toHaveLength(1);
    // As published, but for what JavaScript reads differently (facts §3.3).
    expect(entry[1].request.ifNoneExist).toMatch(
      /^identifier=urn:oid:[0-9]+(?:\.[0-9]+)+\|[A-Za-z0-9]+(?:-[A-Za-z0-9]+)+$/,
    );
  });

  it.each(["amended", "entered-in-error"] as const)(
    "gets a correction as a creation: it knows nothing else: %s",
    (status) => {
      const [observed] = read(pressure, { options: { ...mes.options, status } }).entry;
      expect(observed.request).toEqual({ method: "POST", url: "Observation" });
    },
  );

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

  it.each<[InsType, string, string]>([
    ["INS-NIR", "1.2.250.1.213.1.4.8", "official"],
    ["INS-NIA", "1.2.250.1.213.1.4.9", "temp"],
    ["INS-NIR-TEST", "1.2.250.1.213.1.4.10", "official"],
    ["INS-NIR-DEMO", "1.2.250.1.213.1.4.11", "official"],
  ])("of type %s stands under its own OID, with its own use", (type, oid, use) => {
    const ins = qualified.ins && { ...qualified.ins, type };
    const { resource } = read(pressure, { person: { ...person, ...(ins && { ins }) }, options: { identity: "ins" } })
      .entry[2];
    expect(resource.identifier[0]).toMatchObject({ use, system: `urn:oid:${oid}`, type: { coding: [{ code: type }] } });
    expect(resource.extension[0].extension[0].valueCoding.code).toBe("VALI");
  });

  it("is not made up for a person who has none", () => {
    expect(read(pressure, { options: { identity: "ins" } }).entry).toHaveLength(2);
  });
});
