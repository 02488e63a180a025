/** A gateway, a resident and readings for the tests of bundles. Nothing here is anybody's. */
import type { BundleOptions, GatewayIdentity, MesOptions, Person } from "../../src/fhir/port.ts";
import type { Specialization } from "../../src/measure/codes.ts";
import { Decimal } from "../../src/measure/decimal.ts";
import type { BloodPressure, Decoded, Device, Measurement, Provenance } from "../../src/measure/measurement.ts";
import type { Quantity, UcumUnit } from "../../src/measure/quantity.ts";
import { measuredAt } from "../../src/measure/site-time.ts";
import { ms, wallMs } from "../../src/measure/time.ts";

export const gateway: GatewayIdentity = {
  id: "ehpad-les-tilleuls-1",
  structure: { finess: "990000001", name: "EHPAD Les Tilleuls" },
  timeZone: "Europe/Paris",
  version: "0.1.0",
};

export const person: Person = {
  reference: "resident-0042",
  system: "urn:oid:1.2.250.1.999.1",
  label: "Chambre 12",
  mesPairing: { system: "urn:oid:1.2.250.1.999.2", value: "idpe-0042" },
};

export const cuff: Device = {
  address: "AA:BB:CC:DD:EE:01",
  transport: "ble",
  systemId: "FEEDABEEDEAD77C3",
  manufacturer: "A&D Medical",
  model: "UA-651BLE",
  firmware: "1.2",
};
export const namelessThermometer: Device = { address: "AA:BB:CC:DD:EE:02", transport: "ble" };
export const scale: Device = { address: "scale-ground-floor", transport: "serial" };

/** 2026-03-10, 08:15:30 in Paris. */
const ARRIVAL = Date.UTC(2026, 2, 10, 7, 15, 30);

export const provenance: Provenance = {
  device: cuff,
  driver: "gatt-blood-pressure",
  receivedAt: { wall: wallMs(ARRIVAL), monotonic: ms(12_345), bootId: "ab".repeat(16), synchronised: true },
  raw: new Uint8Array(),
};

export function measured(decoded: Decoded, changes: Partial<Provenance> = {}): Measurement {
  return { ...decoded, ...provenance, ...changes };
}

export function quantity<Unit extends UcumUnit>(digits: string, unit: Unit): Quantity<Unit> {
  const value = Decimal.parse(digits);
  if (value === undefined) throw new RangeError(digits);
  return { value, unit };
}

export const pressure: BloodPressure = {
  kind: "blood-pressure",
  systolic: quantity("128", "mm[Hg]"),
  diastolic: quantity("81", "mm[Hg]"),
  mean: quantity("97", "mm[Hg]"),
  deviceTime: { local: "2026-03-10T08:14:00" },
  status: ["irregular-pulse"],
};

export function optionsFor(measurement: Measurement, changes: Partial<BundleOptions> = {}): BundleOptions {
  const specialization: Specialization = 528391;
  return { flavour: "platform", effective: measuredAt(measurement, gateway.timeZone), specialization, ...changes };
}

/** What an operator of a connection to Mon espace santé would configure; the moments are the codes of the old JDV J157. */
const MOMENTS = "https://mos.esante.gouv.fr/NOS/TRE_A04-Loinc/FHIR/TRE-A04-Loinc";
export const mesOptions: MesOptions = {
  editorOid: "1.2.250.1.999.3",
  glucoseMoments: {
    fasting: { system: MOMENTS, code: "53049-3" },
    "pre-prandial": { system: MOMENTS, code: "88365-2" },
    "post-prandial": { system: MOMENTS, code: "16915-1" },
    casual: { system: MOMENTS, code: "LA46-8" },
  },
};

/** The published test person of the INS, under the test OID. */
export const qualified: Person = {
  ...person,
  ins: {
    type: "INS-NIR-TEST",
    matricule: "260058815400233",
    birthName: "ADRTROIS",
    firstGivenName: "DOMINIQUE",
    givenNames: "DOMINIQUE MARIE-LOUISE",
    gender: "female",
    birthDate: "1960-05-01",
    birthPlace: "88154",
    validation: { date: "2026-01-15", mode: "CN" },
  },
};
