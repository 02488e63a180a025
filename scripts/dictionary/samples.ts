/** One measurement of every kind, of nobody: what the dictionary of bodies is made from. */
import { toBundle } from "../../src/fhir/bundle.ts";
import type { GatewayIdentity, Person } from "../../src/fhir/port.ts";
import type { Specialization } from "../../src/measure/codes.ts";
import { Decimal } from "../../src/measure/decimal.ts";
import { readingId } from "../../src/measure/identity.ts";
import { toJson } from "../../src/measure/json.ts";
import { type Decoded, type Device, type Measurement, statuses } from "../../src/measure/measurement.ts";
import type { Quantity, UcumUnit } from "../../src/measure/quantity.ts";
import { measuredAt } from "../../src/measure/site-time.ts";
import { writeSource } from "../../src/measure/source.ts";
import { ms, wallMs } from "../../src/measure/time.ts";

export const GATEWAY = "passerelle";
const gateway: GatewayIdentity = {
  id: GATEWAY,
  structure: { finess: "000000000", name: "EHPAD" },
  timeZone: "Europe/Paris",
  version: "0.1.0",
};
const person: Person = { reference: "resident-", system: "urn:oid:1.2.250.1.", label: "" };
const receivedAt = {
  wall: wallMs(Date.UTC(2026, 9, 15, 7)),
  monotonic: ms(0),
  bootId: "00".repeat(16),
  synchronised: true,
};

const pressures = { systolic: q("128", "mm[Hg]"), diastolic: q("81", "mm[Hg]") };

/** The rarer first: what stands last in the dictionary costs least to refer to. */
const readings: readonly (readonly [Decoded, Specialization, string])[] = [
  [{ kind: "head-circumference", value: q("35.0", "cm"), status: [] }, 528399, "scale-line"],
  [{ kind: "waist-circumference", value: q("90.0", "cm"), status: [] }, 528399, "scale-line"],
  [{ kind: "steps-by-day", value: q("4000", "1/(24.h)"), status: [] }, 528488, "gatt-steps"],
  [{ kind: "respiratory-rate", value: q("16", "/min"), status: [] }, 528388, "gatt-oximeter"],
  [{ kind: "hba1c", value: q("6.5", "%"), status: [] }, 528401, "gatt-glucose"],
  [{ kind: "pain-severity", value: q("3", "1"), status: [] }, 528399, "scale-line"],
  [{ kind: "body-height", value: q("165", "cm"), status: [] }, 528399, "gatt-weight-scale"],
  [{ kind: "body-mass-index", value: q("24.0", "kg/m2"), status: [] }, 528399, "gatt-weight-scale"],
  [
    { kind: "glucose", value: q("105", "mg/dL"), specimen: "capillary-whole-blood", meal: "fasting", status: [] },
    528401,
    "gatt-glucose",
  ],
  [
    { kind: "body-temperature", value: q("36.8", "Cel"), site: "ear", status: ["from-storage"] },
    528392,
    "gatt-thermometer",
  ],
  [{ kind: "body-weight", value: q("61.50", "kg"), status: [] }, 528399, "scale-line"],
  [{ kind: "body-weight", value: q("61.50", "kg"), status: [] }, 528399, "gatt-weight-scale"],
  [{ kind: "oxygen-saturation", value: q("97", "%"), modality: "spot", status: [] }, 528388, "gatt-oximeter"],
  [{ kind: "heart-rate", value: q("72", "/min"), method: "oximeter", status: [] }, 528388, "gatt-oximeter"],
  [{ kind: "heart-rate", value: q("72", "/min"), method: "cuff", status: [] }, 528391, "gatt-blood-pressure"],
  [
    { kind: "blood-pressure", ...pressures, mean: { absent: "not-a-number" }, status: ["irregular-pulse"] },
    528391,
    "gatt-blood-pressure",
  ],
  [{ kind: "blood-pressure", ...pressures, status: [] }, 528391, "gatt-blood-pressure"],
  [{ kind: "blood-pressure", ...pressures, mean: q("97", "mm[Hg]"), status: [] }, 528391, "gatt-blood-pressure"],
];

const devices: readonly Device[] = [
  { address: "scale", transport: "serial" },
  { address: "00:00:00:00:00:00", transport: "ble", manufacturer: "OMRON", model: "", firmware: "1.0" },
  {
    address: "00:00:00:00:00:00",
    transport: "ble",
    systemId: "0022580000000000",
    manufacturer: "A&D Medical",
    model: "UA-651BLE",
    serialNumber: "",
    name: "A&D_UA-651BLE_",
    firmware: "1.0.0",
    hardware: "1.0",
    software: "1.0",
  },
];

/** Words that bodies have now and then: statuses, makers. */
export const words: readonly string[] = [
  ...statuses,
  "Beurer",
  "OMRON",
  "Nonin",
  "MicroLife",
  "Roche",
  "FORA",
  "Withings",
  "TAIDOC",
];

export interface Sample {
  readonly id: Uint8Array;
  readonly body: Uint8Array;
  readonly source: Uint8Array;
}

/** Each with the measurement it was made from, as the journal keeps it beside. */
export function samples(): Sample[] {
  return readings.flatMap(([decoded, specialization, driver]) =>
    devices.flatMap((device) => {
      const measurement: Measurement = {
        ...decoded,
        deviceTime: { local: "2026-10-15T09:00:00" },
        device,
        driver,
        receivedAt,
        raw: new Uint8Array(),
      };
      const effective = measuredAt(measurement, gateway.timeZone);
      const outcome = toBundle(measurement, person, gateway, { flavour: "platform", effective, specialization });
      if (!("bundle" in outcome)) return [];
      const source = writeSource({ measurement, person: person.reference, by: "assignment:" });
      return [{ id: readingId(measurement, gateway.id), body: Buffer.from(toJson(outcome.bundle)), source }];
    }),
  );
}

function q<Unit extends UcumUnit>(digits: string, unit: Unit): Quantity<Unit> {
  const value = Decimal.parse(digits);
  if (value === undefined) throw new RangeError(digits);
  return { value, unit };
}
