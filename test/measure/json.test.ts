import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ZodError } from "zod";
import { codes } from "../../src/measure/codes.ts";
import { Decimal } from "../../src/measure/decimal.ts";
import { hex, parseMeasurement, toJson } from "../../src/measure/json.ts";
import {
  type Decoded,
  glucoseSpecimens,
  heartRateMethods,
  type Measurement,
  meals,
  oximeterModalities,
  statuses,
  temperatureSites,
} from "../../src/measure/measurement.ts";
import { absentReasons, type UcumUnit, type Valued } from "../../src/measure/quantity.ts";
import { ms, wallMs } from "../../src/measure/time.ts";

const decimal = fc
  .tuple(fc.integer({ min: -8_388_608, max: 8_388_607 }), fc.integer({ min: 0, max: 8 }))
  .map(([mantissa, scale]) => Decimal.of(mantissa, -scale));

const valued = <Unit extends UcumUnit>(units: readonly Unit[]): fc.Arbitrary<Valued<Unit>> =>
  fc.oneof(
    fc.record({ value: decimal, unit: fc.constantFrom(...units) }),
    fc.record({ absent: fc.constantFrom(...absentReasons) }),
  );

/** Of a record's properties, those named may be absent: absent, not undefined. */
const some = <Shape extends object>(shape: { [Key in keyof Shape]: fc.Arbitrary<Shape[Key]> }) =>
  fc.record(shape, { requiredKeys: [] });

const local = fc
  .date({ min: new Date("1582-01-01"), max: new Date("9999-12-31"), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 19));

const facts = fc
  .tuple(
    some({
      userSlot: fc.nat(255),
      sequence: fc.nat(65_535),
      deviceTime: fc.oneof(
        fc.record({ local }),
        fc.record({ local, utcOffsetMinutes: fc.integer({ min: -720, max: 840 }) }),
      ),
    }),
    fc.record({ status: fc.subarray([...statuses]) }),
  )
  .map(([optional, status]) => ({ ...optional, ...status }));

const label = fc.string({ minLength: 1, maxLength: 20 });
const device = fc
  .tuple(
    fc.record({ address: label, transport: fc.constantFrom("ble" as const, "serial" as const) }),
    some({
      systemId: fc.stringMatching(/^[0-9A-F]{16}$/),
      name: label,
      manufacturer: label,
      model: label,
      serialNumber: label,
      firmware: label,
      hardware: label,
      software: label,
    }),
  )
  .map(([required, optional]) => ({ ...required, ...optional }));

const provenance = fc.record({
  device,
  driver: label,
  receivedAt: fc.record({
    wall: fc.integer({ min: 0, max: 8_640_000_000_000_000 }).map(wallMs),
    monotonic: fc.double({ min: 0, max: 1e12, noNaN: true }).map((value) => ms(value + 0)),
    bootId: fc.stringMatching(/^[0-9a-f]{32}$/),
    synchronised: fc.boolean(),
  }),
  raw: fc.uint8Array({ maxLength: 40 }),
});

const scalar = <Kind extends keyof typeof codes>(kind: Kind) =>
  fc.record({ kind: fc.constant(kind), value: valued<(typeof codes)[Kind]["units"][number]>(codes[kind].units) });

/** Every kind has its arbitrary: a kind that is added without one does not compile. */
const decoded: { [Kind in Decoded["kind"]]: fc.Arbitrary<object> } = {
  "blood-pressure": fc
    .tuple(
      fc.record({ systolic: valued(["mm[Hg]", "kPa"]), diastolic: valued(["mm[Hg]", "kPa"]) }),
      some({ mean: valued(["mm[Hg]", "kPa"]), pulse: valued(["/min"]) }),
    )
    .map(([required, optional]) => ({ kind: "blood-pressure", ...required, ...optional })),
  "body-temperature": withSome(scalar("body-temperature"), { site: fc.constantFrom(...temperatureSites) }),
  "heart-rate": fc
    .tuple(scalar("heart-rate"), fc.constantFrom(...heartRateMethods))
    .map(([rate, method]) => ({ ...rate, method })),
  glucose: withSome(
    fc
      .tuple(scalar("glucose"), fc.constantFrom(...glucoseSpecimens))
      .map(([value, specimen]) => ({ ...value, specimen })),
    { meal: fc.constantFrom(...meals) },
  ),
  "oxygen-saturation": withSome(scalar("oxygen-saturation"), { modality: fc.constantFrom(...oximeterModalities) }),
  "body-weight": scalar("body-weight"),
  "body-height": scalar("body-height"),
  "body-mass-index": scalar("body-mass-index"),
  "waist-circumference": scalar("waist-circumference"),
  "head-circumference": scalar("head-circumference"),
  "pain-severity": scalar("pain-severity"),
  "steps-by-day": scalar("steps-by-day"),
  "respiratory-rate": scalar("respiratory-rate"),
  hba1c: scalar("hba1c"),
  "battery-level": fc.record({ kind: fc.constant("battery-level"), value: valued(["%"]) }),
};

function withSome<Shape extends object>(
  base: fc.Arbitrary<object>,
  shape: { [Key in keyof Shape]: fc.Arbitrary<Shape[Key]> },
) {
  return fc.tuple(base, some(shape)).map(([required, optional]) => ({ ...required, ...optional }));
}

describe.each(Object.entries(decoded))("%s", (_kind, arbitrary) => {
  test("a measurement is read back as it was written", () => {
    fc.assert(
      fc.property(arbitrary, facts, provenance, (measure, fact, where) => {
        const measurement = { ...measure, ...fact, ...where };
        expect(parseMeasurement(toJson(measurement))).toEqual(measurement);
      }),
    );
  });
});

const example: Measurement = {
  kind: "body-temperature",
  value: { value: Decimal.of(370, -1), unit: "Cel" },
  status: [],
  device: { address: "02:00:00:00:00:02", transport: "ble" },
  driver: "gatt-thermometer",
  receivedAt: { wall: wallMs(0), monotonic: ms(0.5), bootId: "0".repeat(32), synchronised: true },
  raw: Uint8Array.of(0, 0x72, 1, 0, 0xff),
};

test("decimals keep their digits, bytes are hex, a view of a larger buffer is only itself", () => {
  expect(toJson(example)).toContain('"value":{"value":37.0,"unit":"Cel"}');
  expect(toJson(example)).toContain('"raw":"00720100ff"');
  expect(hex(Uint8Array.of(1, 2, 3, 4).subarray(1, 3))).toBe("0203");
});

describe("what is no measurement is refused, and each fault is named by its path", () => {
  const replaced = (found: string, by: string) => () => parseMeasurement(toJson(example).replace(found, by));
  const paths = (parse: () => unknown) => {
    try {
      parse();
    } catch (error) {
      if (error instanceof ZodError) return error.issues.map((issue) => issue.path.join("."));
      throw error;
    }
    return [];
  };

  test.each([
    ["37.0", '"warm"', "value"],
    ['"Cel"', '"kg"', "value"],
    ['"status":[]', '"status":["fine"]', "status.0"],
    ['"00720100ff"', '"0072010"', "raw"],
    ['"wall":0', '"wall":0.5', "receivedAt.wall"],
    ['"monotonic":0.5', '"monotonic":"0.5"', "receivedAt.monotonic"],
    ['"driver"', '"pilot"', "driver"],
    ['"body-temperature"', '"body-fever"', "kind"],
  ])("%s → %s", (found, by, path) => expect(paths(replaced(found, by))).toContain(path));

  test("a measure of one kind with a property of another is refused", () => {
    expect(replaced('"status"', '"specimen":"venous-plasma","status"')).toThrow(ZodError);
  });

  test("text that is no JSON is a SyntaxError", () => expect(() => parseMeasurement("{")).toThrow(SyntaxError));
});

test("undefined is no JSON", () => expect(() => toJson(undefined)).toThrow(TypeError));
