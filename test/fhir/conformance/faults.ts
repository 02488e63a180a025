/** One injected fault per row: where in a sound bundle, and what stands there instead. */
import type { Json } from "./json.ts";

/** In place of a value: the property goes away. */
export const GONE = Symbol("gone");

export interface Fault {
  readonly name: string;
  readonly at: string;
  readonly put: Json | typeof GONE;
}

const rows = (faults: readonly (readonly [name: string, at: string, put: Json | typeof GONE])[]): readonly Fault[] =>
  faults.map(([name, at, put]) => ({ name, at, put }));

const MESURES = "https://interop.esante.gouv.fr/ig/fhir/mesures/StructureDefinition/";
const SNOMED_ARM = { coding: [{ system: "http://snomed.info/sct", code: "368209003" }] };
const o = "entry.0.resource";
const d = "entry.1.resource";

/** The names are those of the samples in faults.test.ts. */
export const faults = {
  "blood-pressure": rows([
    ["no status", `${o}.status`, GONE],
    ["a status that is none", `${o}.status`, "done"],
    ["no category", `${o}.category`, GONE],
    ["another category", `${o}.category.0.coding.0.code`, "laboratory"],
    ["a category of another system", `${o}.category.0.coding.0.system`, "http://loinc.org"],
    ["a category display in other words", `${o}.category.0.coding.0.display`, "Vital Signs"],
    ["another LOINC code", `${o}.code.coding.0.code`, "8480-6"],
    ["LOINC under https", `${o}.code.coding.0.system`, "https://loinc.org"],
    ["no code", `${o}.code`, GONE],
    ["the panel's code twice", `${o}.code.coding.1`, { system: "http://loinc.org", code: "85354-9" }],
    ["no subject", `${o}.subject`, GONE],
    ["a subject that is a Practitioner", `${o}.subject.type`, "Practitioner"],
    ["a subject that names nobody", `${o}.subject`, { type: "Patient" }],
    ["no effective time", `${o}.effectiveDateTime`, GONE],
    ["a time of day without a zone", `${o}.effectiveDateTime`, "2026-03-10T08:14:00"],
    ["a month for a time", `${o}.effectiveDateTime`, "2026-03"],
    ["a thirteenth month", `${o}.effectiveDateTime`, "2026-13-10"],
    ["a period beside the time", `${o}.effectivePeriod`, { start: "2026-03-10" }],
    ["a value of the panel itself", `${o}.valueQuantity`, { value: 128, unit: "mmHg" }],
    ["no systolic", `${o}.component.0`, GONE],
    ["one component only", `${o}.component`, [{ code: { coding: [{ system: "http://loinc.org", code: "8480-6" }] } }]],
    ["two systolics", `${o}.component.1.code.coding.0.code`, "8480-6"],
    ["a systolic in kPa", `${o}.component.0.valueQuantity.code`, "kPa"],
    ["a diastolic in mmHg, which is no UCUM", `${o}.component.1.valueQuantity.code`, "mmHg"],
    ["a unit system that is not UCUM", `${o}.component.0.valueQuantity.system`, "urn:iso:std:iso:11073:10101"],
    ["no unit to read", `${o}.component.0.valueQuantity.unit`, GONE],
    ["a value as text", `${o}.component.0.valueQuantity.value`, "128"],
    ["no value at all", `${o}.component.0.valueQuantity.value`, GONE],
    ["a component with neither value nor reason (vs-3)", `${o}.component.0.valueQuantity`, GONE],
    ["a value and a reason for none", `${o}.dataAbsentReason`, { coding: [{ code: "error" }], text: 1 }],
    ["a body site outside J149", `${o}.bodySite`, SNOMED_ARM],
    ["a body site without a system", `${o}.bodySite`, { coding: [{ code: "24890" }] }],
    ["a device that is a Patient", `${o}.device`, { reference: "Patient/1" }],
    ["a device that is in no entry", `${o}.device.reference`, "urn:uuid:11111111-1111-8111-8111-111111111111"],
    ["a performer that is a Device", `${o}.performer.0.type`, "Device"],
    ["an element that FHIR does not know", `${o}.observer`, "me"],
    ["an extension that nobody knows", `${o}.extension.0.url`, "https://example.org/unknown"],
    ["an extension with nothing in it", `${o}.extension.0.valueReference`, GONE],
    ["a gateway that is a Patient", `${o}.extension.0.valueReference.type`, "Patient"],
    [
      "an extension of a Quantity on an Observation",
      `${o}.extension.0`,
      {
        url: "http://hl7.org/fhir/StructureDefinition/iso21090-PQ-translation",
        valueQuantity: { value: 1 },
      },
    ],
    ["a part that our extension does not have", `${o}.extension.1.extension.0.url`, "arrived"],
    [
      "a part of our extension with another type",
      `${o}.extension.1.extension.2`,
      {
        url: "clockSynchronised",
        valueString: "yes",
      },
    ],
    [
      "a reason for measurement as a code",
      `${o}.extension.0`,
      {
        url: `${MESURES}mesures-reason-for-measurement`,
        valueCode: "routine",
      },
    ],
    ["identifiers that are no list", `${o}.identifier`, { system: "urn:ietf:rfc:3986", value: "1" }],
    ["a list where one belongs", `${o}.subject`, [{ type: "Patient" }]],
    ["an id with an underscore", `${o}.id`, "a_b"],
    ["an empty note", `${o}.note`, [{}]],
    ["an issued date without a time", `${o}.issued`, "2026-03-10"],
    ["a profile that is unknown", `${o}.meta.profile.0`, `${MESURES}mesures-fr-observation-blood`],
    ["the profile of another measure", `${o}.meta.profile.0`, `${MESURES}mesures-fr-observation-body-weight`],
    [
      "the profile of another resource",
      `${o}.meta.profile.0`,
      "http://hl7.org/fhir/uv/phd/StructureDefinition/PhdDevice",
    ],
    ["a resource of no type", `${o}.resourceType`, "Observaton"],
    // The device
    ["no System ID", `${d}.identifier.0`, GONE],
    ["a System ID of another system", `${d}.identifier.0.system`, "urn:oid:1.2.3"],
    ["a System ID without a value", `${d}.identifier.0.value`, GONE],
    ["a Bluetooth address of another system", `${d}.identifier.1.system`, "http://hl7.org/fhir/sid/eui-48/ethernet"],
    ["two System IDs", `${d}.identifier.1.type.coding.0.code`, "SYSID"],
    ["a device of another type", `${d}.type.coding.0.code`, "65574"],
    ["no manufacturer", `${d}.manufacturer`, GONE],
    ["no model", `${d}.modelNumber`, GONE],
    ["no specialization", `${d}.specialization`, GONE],
    ["a specialization without a version", `${d}.specialization.0.version`, GONE],
    [
      "a specialization of another nomenclature",
      `${d}.specialization.0.systemType.coding.0.system`,
      "http://loinc.org",
    ],
    ["a device without its profile", `${d}.meta`, GONE],
    ["a device name of a type that is none", `${d}.deviceName`, [{ name: "x", type: "nickname" }]],
    ["a device that is a Location", `${d}`, { resourceType: "Location", id: "1" }],
    // The bundle
    ["a collection", "type", "collection"],
    ["no type", "type", GONE],
    ["no entry", "entry", []],
    ["a request without a method", "entry.0.request.method", GONE],
    ["an entry without a request (bdl-3)", "entry.0.request", GONE],
    ["a PUT", "entry.0.request.method", "PUT"],
    ["a method that is none", "entry.0.request.method", "SEND"],
    ["the Observation sent as a Device", "entry.0.request.url", "Device"],
    ["a fullUrl twice (bdl-7)", "entry.1.fullUrl", "urn:uuid:same"],
    ["a search in the bundle (bdl-2)", "entry.0.search", { mode: "match" }],
    ["a total (bdl-1)", "total", 2],
    ["a device created unconditionally", "entry.1.request.ifNoneExist", GONE],
    ["a device looked up by the zero id", "entry.1.request.ifNoneExist", "identifier=x|00-00-00-00-00-00-00-00"],
    ["an Observation looked up by another's id", "entry.0.request.ifNoneExist", "identifier=x|1"],
  ]),
  amended: rows([
    ["an update under an id of ours", `${o}.id`, "11111111-1111-8111-8111-111111111111"],
    ["an update of another's", "entry.0.request.url", "Observation?identifier=x|1"],
    ["an update of whatever there is", "entry.0.request.url", "Observation"],
    ["the profile that knows creations only", "meta", { profile: [`${MESURES}mesures-bundle-flux-alimentation`] }],
  ]),
  "body-weight": rows([
    ["grams", `${o}.valueQuantity.code`, "g"],
    ["no unit to read", `${o}.valueQuantity.unit`, GONE],
    ["neither value nor reason (vs-2)", `${o}.valueQuantity`, GONE],
    [
      "a value and a reason for none (obs-6)",
      `${o}.dataAbsentReason`,
      {
        coding: [{ system: "http://terminology.hl7.org/CodeSystem/data-absent-reason", code: "error" }],
      },
    ],
    ["a reason without a code", `${o}.dataAbsentReason`, { coding: [{ system: "http://loinc.org" }] }],
    ["a value in words", `${o}.valueString`, "98 kg"],
    [
      "a component of the measure's own code (obs-7)",
      `${o}.component`,
      [{ code: { coding: [{ system: "http://loinc.org", code: "29463-7" }] }, valueString: "a" }],
    ],
    ["a comparator that is none", `${o}.valueQuantity.comparator`, "~"],
    ["the weight of a glucose", `${o}.meta.profile.0`, `${MESURES}mesures-observation-glucose`],
  ]),
  "body-temperature": rows([
    ["a body site outside J151", `${o}.bodySite`, SNOMED_ARM],
    ["a body site without a system", `${o}.bodySite.coding.0.system`, GONE],
    ["degrees Fahrenheit", `${o}.valueQuantity.code`, "[degF]"],
    [
      "a translation that is no Quantity",
      `${o}.valueQuantity.extension.0`,
      {
        url: "http://hl7.org/fhir/StructureDefinition/iso21090-PQ-translation",
        valueString: "98.6 °F",
      },
    ],
  ]),
  "body-height": rows([["metres", `${o}.valueQuantity.code`, "m"]]),
  "heart-rate": rows([
    ["beats per minute, which is no UCUM", `${o}.valueQuantity.code`, "bpm"],
    ["the pulse of an oximeter", `${o}.code.coding.0.code`, "8889-8"],
  ]),
  "oxygen-saturation": rows([
    ["59408-5 alone", `${o}.code.coding.0.code`, "59408-5"],
    ["a method outside J147", `${o}.method`, { coding: [{ system: "http://snomed.info/sct", code: "1" }] }],
    ["a category display in other words", `${o}.category.0.coding.0.display`, "Signes vitaux"],
    ["part of a Procedure", `${o}.partOf`, [{ reference: "Procedure/1" }]],
  ]),
  "respiratory-rate": rows([["breaths", `${o}.valueQuantity.code`, "{breaths}/min"]]),
  "body-mass-index": rows([
    ["a reason instead of the value", `${o}.valueQuantity`, GONE],
    ["kg/m² with a real square", `${o}.valueQuantity.code`, "kg/m²"],
  ]),
  "waist-circumference": rows([
    ["inches", `${o}.valueQuantity.code`, "[in_i]"],
    ["another circumference", `${o}.code.coding.0.code`, "56086-2"],
  ]),
  "head-circumference": rows([
    ["one code of the two", `${o}.code.coding.1`, GONE],
    ["the older code alone", `${o}.code.coding.0.code`, "9843-4"],
    ["the unit in words", `${o}.valueQuantity.unit`, "centimètres"],
  ]),
  "pain-severity": rows([
    ["a unit that is not Level", `${o}.valueQuantity.unit`, "1"],
    ["a score", `${o}.valueQuantity.code`, "{score}"],
    ["a period", `${o}.effectivePeriod`, { start: "2026-03-10" }],
  ]),
  "steps-by-day": rows([
    ["steps", `${o}.valueQuantity.unit`, "steps"],
    ["per day in other UCUM", `${o}.valueQuantity.code`, "1/d"],
  ]),
  glucose: rows([
    ["mmol/L", `${o}.valueQuantity.code`, "mmol/L"],
    [
      "a moment outside J157",
      `${o}.extension.0`,
      {
        url: `${MESURES}mesures-moment-of-measurement`,
        valueCodeableConcept: { coding: [{ system: "http://loinc.org", code: "1" }] },
      },
    ],
    [
      "a number of days outside J164",
      `${o}.extension.0`,
      {
        url: `${MESURES}mesures-number-of-days`,
        valueCodeableConcept: {
          coding: [{ system: "https://smt.esante.gouv.fr/fhir/CodeSystem/terminologie-cisis", code: "GEN-1" }],
        },
      },
    ],
    ["original data without the value", `${o}.extension.0.extension.2`, GONE],
    ["original data that was not converted", `${o}.extension.0.extension.0.valueBoolean`, false],
    ["two reference ranges", `${o}.referenceRange`, [{ text: "a" }, { text: "b" }]],
    ["a reference range of nothing (obs-3)", `${o}.referenceRange`, [{ appliesTo: [{ text: "a" }] }]],
    ["no report", "entry.1", GONE],
    ["a report with another display", `${d}.code.coding.0.display`, "Laboratory report"],
    ["a report without a status", `${d}.status`, GONE],
    ["a report on a Device", `${d}.result.0.reference`, "Device/1"],
    ["a report on nothing in the bundle", `${d}.result.0.reference`, "urn:uuid:22222222-2222-8222-8222-222222222222"],
    ["the bundle of the other measures", "meta.profile.0", `${MESURES}mesures-bundle-flux-alimentation`],
  ]),
  hba1c: rows([["mmol/mol", `${o}.valueQuantity.code`, "mmol/mol"]]),
  "qualified identity": rows([
    ["a test matricule under the real OID", "entry.2.resource.identifier.0.system", "urn:oid:1.2.250.1.213.1.4.8"],
    ["no matricule (fr-core-1)", "entry.2.resource.identifier.0", GONE],
    ["a matricule that is not official", "entry.2.resource.identifier.0.use", "old"],
    ["no place of birth", "entry.2.resource.extension.1", GONE],
    ["no INSEE code", "entry.2.resource.extension.1.valueAddress", { city: "Paris" }],
    ["no reliability", "entry.2.resource.extension.0", GONE],
    ["a gender that INS does not know", "entry.2.resource.gender", "other"],
    ["no birth date", "entry.2.resource.birthDate", GONE],
    ["no name", "entry.2.resource.name", GONE],
    ["no list of given names", "entry.2.resource.name.0.extension", GONE],
    ["a name that is not official", "entry.2.resource.name.0.use", "nickname"],
    ["two first given names", "entry.2.resource.name.0.given", ["DOMINIQUE", "MARIE"]],
  ]),
  gateway: rows([
    ["no properties", `${o}.property`, GONE],
    ["no version", `${o}.version`, GONE],
    ["a version without a type", `${o}.version.0.type`, GONE],
    ["another type", `${o}.type.coding.0.code`, "65573"],
    ["no System ID", `${o}.identifier.0.type.coding.0.code`, "BTMAC"],
    ["an owner that is a Patient", `${o}.owner.type`, "Patient"],
  ]),
  "device clock": rows([
    ["not final", `${o}.status`, "preliminary"],
    ["no gateway", `${o}.extension`, GONE],
    ["no device", `${o}.device`, GONE],
    ["a subject by identifier only", `${o}.subject`, { identifier: { system: "urn:oid:1.2", value: "1" } }],
    ["LOINC instead of MDC", `${o}.code.coding.0.system`, "http://loinc.org"],
  ]),
  "mes blood-pressure": rows([
    ["a reference by UUID", `${o}.device.reference`, "urn:uuid:11111111-1111-8111-8111-111111111111"],
    [
      "a device looked up by its address",
      "entry.1.request.ifNoneExist",
      "identifier=http://hl7.org/fhir/sid/eui-48/bluetooth|AA-BB-CC-DD-EE-01",
    ],
    ["no meta.profile", `${o}.meta`, GONE],
    ["nobody's identifier", `${o}.subject`, { reference: "Patient/1" }],
    [
      "a reason instead of a value",
      `${o}.component.0`,
      {
        code: { coding: [{ system: "http://loinc.org", code: "8480-6" }] },
        dataAbsentReason: {
          coding: [{ system: "http://terminology.hl7.org/CodeSystem/data-absent-reason", code: "error" }],
        },
      },
    ],
    [
      "a Patient too",
      "entry.2",
      {
        fullUrl: "urn:uuid:33333333-3333-8333-8333-333333333333",
        resource: { resourceType: "Patient", id: "33333333-3333-8333-8333-333333333333" },
        request: { method: "POST", url: "Patient" },
      },
    ],
  ]),
  "mes glucose": rows([["no moment of the measure", `${o}.extension`, GONE]]),
} as const satisfies Record<string, readonly Fault[]>;
export type SampleName = keyof typeof faults;

/** What is free, and must be accepted: a checker that refuses everything catches every fault. */
export const liberties = {
  "blood-pressure": rows([
    ["the exact category display", `${o}.category.0.coding.0.display`, "vital-signs"],
    [
      "a component of another kind",
      `${o}.component.3`,
      {
        code: { coding: [{ system: "http://loinc.org", code: "8867-4" }] },
        valueQuantity: { value: 60, unit: "/min", system: "http://unitsofmeasure.org", code: "/min" },
      },
    ],
    ["a day for a time", `${o}.effectiveDateTime`, "2026-03-10"],
    ["no mean", `${o}.component.2`, GONE],
    [
      "a body site of J149",
      `${o}.bodySite`,
      {
        coding: [{ system: "https://mos.esante.gouv.fr/NOS/TRE_R309-FMA/FHIR/TRE-R309-FMA", code: "24890" }],
      },
    ],
  ]),
  "oxygen-saturation": rows([
    ["59408-5 beside", `${o}.code.coding.1`, { system: "http://loinc.org", code: "59408-5" }],
    [
      "a method of J147",
      `${o}.method`,
      {
        coding: [{ system: "https://smt.esante.gouv.fr/terminologie-emdn", code: "Z1203020408" }],
      },
    ],
  ]),
  "body-weight": rows([
    ["a period", `${o}.effectivePeriod`, GONE],
    [
      "a reason for measurement",
      `${o}.extension.2`,
      {
        url: `${MESURES}mesures-reason-for-measurement`,
        valueString: "Suivi",
      },
    ],
  ]),
} as const satisfies Partial<Record<SampleName, readonly Fault[]>>;
