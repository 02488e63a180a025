/** Measurements of every kind, as a driver could make them, plausible or not. */
import fc from "fast-check";
import { codes } from "../../src/measure/codes.ts";
import { Decimal } from "../../src/measure/decimal.ts";
import {
  type Decoded,
  type Device,
  glucoseSpecimens,
  heartRateMethods,
  type MeasureKind,
  type Measurement,
  meals,
  oximeterModalities,
  statuses,
  temperatureSites,
} from "../../src/measure/measurement.ts";
import { absentReasons, type UcumUnit, type Valued } from "../../src/measure/quantity.ts";
import { ms, wallMs } from "../../src/measure/time.ts";

/** SFLOAT and FLOAT give mantissas of 12 and 24 bits. */
const decimal = fc
  .tuple(
    fc.oneof(fc.integer({ min: -2048, max: 2047 }), fc.integer({ min: -(2 ** 23), max: 2 ** 23 - 1 })),
    fc.integer({ min: -8, max: 4 }),
  )
  .map(([mantissa, exponent]) => Decimal.of(mantissa, exponent));

function valued<Unit extends UcumUnit>(units: readonly Unit[]): fc.Arbitrary<Valued<Unit>> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.record({ value: decimal, unit: fc.constantFrom(...units) }) },
    { weight: 1, arbitrary: fc.record({ absent: fc.constantFrom(...absentReasons) }) },
  );
}

const two = (value: number) => value.toString().padStart(2, "0");
const local = fc
  .record({
    year: fc.integer({ min: 1990, max: 2099 }),
    month: fc.integer({ min: 1, max: 12 }),
    day: fc.integer({ min: 1, max: 31 }),
    hour: fc.integer({ min: 0, max: 23 }),
    minute: fc.integer({ min: 0, max: 59 }),
  })
  .map(({ year, month, day, hour, minute }) => `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:00`);

const common = fc.record(
  {
    status: fc.subarray([...statuses]),
    userSlot: fc.integer({ min: 0, max: 254 }),
    sequence: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    deviceTime: fc.record(
      { local, utcOffsetMinutes: fc.integer({ min: -900, max: 900 }) },
      { requiredKeys: ["local"] },
    ),
  },
  { requiredKeys: ["status"] },
);

const pressure = valued(["mm[Hg]", "kPa"]);
const bloodPressure = fc.record(
  {
    kind: fc.constant("blood-pressure" as const),
    systolic: pressure,
    diastolic: pressure,
    mean: pressure,
    pulse: valued(["/min"]),
  },
  { requiredKeys: ["kind", "systolic", "diastolic"] },
);

const scalar = <Kind extends keyof typeof codes, Unit extends UcumUnit>(kind: Kind, units: readonly Unit[]) => ({
  kind: fc.constant(kind),
  value: valued(units),
});

type Own<Kind> = Kind extends Decoded ? Omit<Kind, "status" | "userSlot" | "sequence" | "deviceTime"> : never;
export type ClinicalKind = Exclude<MeasureKind, "battery-level">;

/** What each kind has beyond what all have. */
const kinds: Readonly<Record<ClinicalKind, fc.Arbitrary<Own<Decoded>>>> = {
  "blood-pressure": bloodPressure,
  "body-temperature": fc.record(
    { ...scalar("body-temperature", codes["body-temperature"].units), site: fc.constantFrom(...temperatureSites) },
    { requiredKeys: ["kind", "value"] },
  ),
  "heart-rate": fc.record({
    ...scalar("heart-rate", codes["heart-rate"].units),
    method: fc.constantFrom(...heartRateMethods),
  }),
  glucose: fc.record(
    {
      ...scalar("glucose", codes.glucose.units),
      specimen: fc.constantFrom(...glucoseSpecimens),
      meal: fc.constantFrom(...meals),
    },
    { requiredKeys: ["kind", "value", "specimen"] },
  ),
  "oxygen-saturation": fc.record(
    {
      ...scalar("oxygen-saturation", codes["oxygen-saturation"].units),
      modality: fc.constantFrom(...oximeterModalities),
    },
    { requiredKeys: ["kind", "value"] },
  ),
  "body-weight": fc.record(scalar("body-weight", codes["body-weight"].units)),
  "body-height": fc.record(scalar("body-height", codes["body-height"].units)),
  "body-mass-index": fc.record(scalar("body-mass-index", codes["body-mass-index"].units)),
  "waist-circumference": fc.record(scalar("waist-circumference", codes["waist-circumference"].units)),
  "head-circumference": fc.record(scalar("head-circumference", codes["head-circumference"].units)),
  "pain-severity": fc.record(scalar("pain-severity", codes["pain-severity"].units)),
  "steps-by-day": fc.record(scalar("steps-by-day", codes["steps-by-day"].units)),
  "respiratory-rate": fc.record(scalar("respiratory-rate", codes["respiratory-rate"].units)),
  hba1c: fc.record(scalar("hba1c", codes.hba1c.units)),
};

export const clinicalKinds = [
  "blood-pressure",
  "body-temperature",
  "heart-rate",
  "glucose",
  "oxygen-saturation",
  "body-weight",
  "body-height",
  "body-mass-index",
  "waist-circumference",
  "head-circumference",
  "pain-severity",
  "steps-by-day",
  "respiratory-rate",
  "hba1c",
] as const satisfies readonly ClinicalKind[];

const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9 &+._-]{0,20}$/);
const hexByte = fc.integer({ min: 0, max: 255 }).map((byte) => byte.toString(16).padStart(2, "0").toUpperCase());
const facts = {
  systemId: fc.array(hexByte, { minLength: 8, maxLength: 8 }).map((bytes) => bytes.join("")),
  name,
  manufacturer: name,
  model: name,
  serialNumber: name,
  firmware: name,
  hardware: name,
  software: name,
};
const device: fc.Arbitrary<Device> = fc.oneof(
  fc.record(
    {
      address: fc.array(hexByte, { minLength: 6, maxLength: 6 }).map((bytes) => bytes.join(":")),
      transport: fc.constant("ble" as const),
      ...facts,
    },
    { requiredKeys: ["address", "transport"] },
  ),
  fc.record(
    { address: name, transport: fc.constant("serial" as const), ...facts },
    { requiredKeys: ["address", "transport"] },
  ),
);

const provenance = fc.record({
  device,
  driver: fc.constantFrom("gatt-blood-pressure", "scale-line"),
  receivedAt: fc.record({
    wall: fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2030, 0, 1) }).map(wallMs),
    monotonic: fc.integer({ min: 0, max: 10 ** 9 }).map(ms),
    bootId: fc.array(hexByte, { minLength: 16, maxLength: 16 }).map((bytes) => bytes.join("").toLowerCase()),
    synchronised: fc.boolean(),
  }),
  raw: fc.constant(new Uint8Array()),
});

export function measurementOf(kind: ClinicalKind): fc.Arbitrary<Measurement> {
  return fc.tuple(kinds[kind], common, provenance).map(([own, shared, from]) => ({ ...own, ...shared, ...from }));
}
