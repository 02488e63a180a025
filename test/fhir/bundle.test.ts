import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toBundle } from "../../src/fhir/bundle.ts";
import { type BundleOptions, flavours, type Outcome } from "../../src/fhir/port.ts";
import type { Bundle } from "../../src/fhir/types.ts";
import { toJson } from "../../src/measure/json.ts";
import type { Decoded, Measurement, Provenance } from "../../src/measure/measurement.ts";
import { clinicalKinds, measurementOf } from "./arbitrary.ts";
import {
  cuff,
  gateway,
  measured,
  namelessThermometer,
  optionsFor,
  person,
  pressure,
  provenance,
  quantity,
  scale,
} from "./samples.ts";

function outcome(measurement: Measurement, changes: Partial<BundleOptions> = {}): Outcome {
  return toBundle(measurement, person, gateway, optionsFor(measurement, changes));
}

function bundleOf(decoded: Decoded, changes: Partial<BundleOptions> = {}, facts: Partial<Provenance> = {}): Bundle {
  const result = outcome(measured(decoded, facts), changes);
  if ("noBundle" in result) throw new Error(result.noBundle);
  return result.bundle;
}

/** The JSON as a receiver reads it. */
const read = (bundle: Bundle) => JSON.parse(toJson(bundle));

const weight: Decoded = { kind: "body-weight", value: quantity("98.0", "kg"), status: [] };
const temperature: Decoded = {
  kind: "body-temperature",
  value: quantity("98.6", "[degF]"),
  site: "armpit",
  status: [],
};

describe("a bundle", () => {
  it("is a transaction with one Observation and one conditional Device, linked to each other", () => {
    const bundle = read(bundleOf(pressure));
    expect(bundle).toMatchObject({ resourceType: "Bundle", type: "transaction" });
    const [observation, device] = bundle.entry;
    expect(bundle.entry).toHaveLength(2);
    expect(observation.request).toMatchObject({ method: "POST", url: "Observation" });
    expect(device.request).toEqual({
      method: "POST",
      url: "Device",
      ifNoneExist: "identifier=urn:oid:1.2.840.10004.1.1.1.0.0.1.0.0.1.2680|FE-ED-AB-EE-DE-AD-77-C3",
    });
    expect(observation.resource.device.reference).toBe(device.fullUrl);
    expect(observation.fullUrl).toBe(`urn:uuid:${observation.resource.id}`);
  });

  it("has no entry whose name stands anywhere but in references: some servers put the new resource's place for it", () => {
    const everything = fc.tuple(fc.constantFrom(...clinicalKinds).chain(measurementOf), fc.constantFrom(...flavours));
    fc.assert(
      fc.property(everything, ([measurement, flavour]) => {
        const made = outcome(measurement, { flavour });
        if ("noBundle" in made) return;
        const text = toJson(made.bundle).replace(/"(?:fullUrl|reference)":"[^"]*"/g, "");
        for (const { fullUrl } of made.bundle.entry) expect(text).not.toContain(fullUrl);
      }),
    );
  });

  it("has the same bytes for the same facts, whatever was measured", () => {
    const sample = fc.tuple(fc.constantFrom(...clinicalKinds).chain(measurementOf), fc.constantFrom(...flavours));
    fc.assert(
      fc.property(sample, ([measurement, flavour]) => {
        expect(toJson(outcome(measurement, { flavour }))).toBe(toJson(outcome({ ...measurement }, { flavour })));
      }),
    );
  });

  it("keeps the digits that the device sent", () => {
    expect(toJson(bundleOf(weight))).toContain('"value":98.0,');
  });

  it("never carries the site's label of the person", () => {
    expect(toJson(bundleOf(pressure))).not.toContain(person.label);
  });

  it("names the person by the reference that the platform gave", () => {
    expect(read(bundleOf(weight)).entry[0].resource.subject).toEqual({
      type: "Patient",
      identifier: { system: person.system, value: person.reference },
    });
  });

  it("says why where the device measured nothing", () => {
    const failed: Decoded = {
      kind: "blood-pressure",
      systolic: { absent: "not-a-number" },
      diastolic: { absent: "not-a-number" },
      mean: { absent: "not-a-number" },
      status: [],
    };
    expect(outcome(measured(failed))).toEqual({ noBundle: "no-value" });
  });

  it("is not made of a battery", () => {
    const battery: Decoded = { kind: "battery-level", value: quantity("80", "%"), status: [] };
    expect(outcome(measured(battery))).toEqual({ noBundle: "battery-level" });
  });
});

describe("the identity of a measure", () => {
  const uuid = (decoded: Decoded, facts: Partial<Provenance> = {}) =>
    read(bundleOf(decoded, {}, facts)).entry[0].resource.identifier[0].value;
  const later = { ...provenance.receivedAt, bootId: "cd".repeat(16) };

  it("stays when a memory is read again later, by the device's own time", () => {
    expect(uuid(pressure, { receivedAt: later })).toBe(uuid(pressure));
  });

  it("is new at each arrival where the device gives neither time nor number", () => {
    expect(uuid(weight, { receivedAt: later })).not.toBe(uuid(weight));
  });

  it("differs between a pressure and the pulse of the same frame", () => {
    const pulse: Decoded = { kind: "heart-rate", value: quantity("128", "/min"), method: "cuff", status: [] };
    expect(uuid(pulse)).not.toBe(uuid(pressure));
  });

  it.each(["amended", "entered-in-error"] as const)("stays where a wrong assignment is put right: %s", (status) => {
    const measurement = measured(pressure);
    const other = toBundle(measurement, { ...person, reference: "resident-0043" }, gateway, {
      ...optionsFor(measurement),
      status,
    });
    const entry = "bundle" in other ? read(other.bundle).entry[0] : undefined;
    expect(entry.resource).toMatchObject({ status, identifier: [{ value: uuid(pressure) }] });
    const { system, value } = entry.resource.identifier[0];
    expect(entry.request).toEqual({ method: "PUT", url: `Observation?identifier=${system}|${value}` });
    expect(entry.resource).not.toHaveProperty("id");
  });
});

describe("the device of a bundle", () => {
  const device = (facts: Partial<Provenance>) => read(bundleOf(weight, {}, facts)).entry[1];

  it("without a System ID is looked up by its Bluetooth address, never by the zero id", () => {
    const { resource, request } = device({ device: namelessThermometer });
    expect(resource.identifier.map((item: { value: string }) => item.value)).toEqual([
      "00-00-00-00-00-00-00-00",
      "AA-BB-CC-DD-EE-02",
    ]);
    expect(request.ifNoneExist).toBe("identifier=http://hl7.org/fhir/sid/eui-48/bluetooth|AA-BB-CC-DD-EE-02");
    expect(resource).toMatchObject({ manufacturer: "unknown", modelNumber: "unknown" });
  });

  it("on a serial port is looked up by a UUID of the gateway and the port", () => {
    const { request } = device({ device: scale });
    expect(request.ifNoneExist).toMatch(/^identifier=urn:oid:2\.25\.[0-9]+\.1\|[0-9a-f-]{36}$/);
  });

  it("is the same resource in a pressure and in its pulse", () => {
    expect(device({ device: cuff })).toEqual(read(bundleOf(pressure)).entry[1]);
  });
});

describe("the platform flavour", () => {
  it("has the MDC code beside LOINC, in the panel and in its components", () => {
    const { code, component } = read(bundleOf(pressure)).entry[0].resource;
    const codesOf = (concept: { coding: { code: string }[] }) => concept.coding.map((coding) => coding.code);
    expect(codesOf(code)).toEqual(["85354-9", "150020"]);
    expect(component.map((part: { code: { coding: { code: string }[] } }) => codesOf(part.code))).toEqual([
      ["8480-6", "150021"],
      ["8462-4", "150022"],
      ["8478-0", "150023"],
    ]);
  });

  it("carries what was sent beside a converted value", () => {
    expect(toJson(bundleOf(temperature))).toContain(
      '"valueQuantity":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/iso21090-PQ-translation","valueQuantity":{"value":98.6,"unit":"[degF]","system":"http://unitsofmeasure.org","code":"[degF]"}}],"value":37.00,"unit":"Cel"',
    );
  });

  it("carries both times, the clock's offset and the device's status", () => {
    const { extension, effectiveDateTime, issued } = read(bundleOf(pressure)).entry[0].resource;
    expect(effectiveDateTime).toBe("2026-03-10T08:14:00+01:00");
    expect(issued).toBe("2026-03-10T08:15:30+01:00");
    const [gatewayDevice, acquisition] = extension;
    expect(gatewayDevice.valueReference.type).toBe("Device");
    expect(acquisition.extension).toEqual(
      expect.arrayContaining([
        { url: "deviceTime", valueString: "2026-03-10T08:14:00" },
        { url: "status", valueCode: "irregular-pulse" },
        { url: "clockOffset", valueQuantity: expect.objectContaining({ value: -90_000 }) },
      ]),
    );
  });

  it("puts a value that the device could not give into words, not numbers", () => {
    const noMean: Decoded = { ...pressure, mean: { absent: "not-a-number" } };
    const { component } = read(bundleOf(noMean)).entry[0].resource;
    expect(component[2].dataAbsentReason.coding[0].code).toBe("not-a-number");
    expect(component[2]).not.toHaveProperty("valueQuantity");
  });
});
