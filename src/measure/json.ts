/**
 * Measurements as JSON: what `vigie decode` prints, what `vigie bundle` reads, what a quarantined record holds.
 * Numbers keep their digits (98.0), bytes are hex, absent properties are absent.
 */
import { isLosslessNumber, parse, stringify } from "lossless-json";
import { z } from "zod";
import { codes } from "./codes.ts";
import { Decimal } from "./decimal.ts";
import {
  type Decoded,
  glucoseSpecimens,
  heartRateMethods,
  type Measurement,
  meals,
  oximeterModalities,
  statuses,
  temperatureSites,
} from "./measurement.ts";
import { absentReasons, type UcumUnit, type Valued } from "./quantity.ts";
import { ms, wallMs } from "./time.ts";

/** Writes any value of the house as JSON, decimals with their digits, bytes as hex. */
export function toJson(value: unknown, space?: number): string {
  const text = stringify(value, (_key, item) => (item instanceof Uint8Array ? hex(item) : item), space);
  if (text === undefined) throw new TypeError("not a JSON value");
  return text;
}

export const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");

/**
 * Reads one measurement, as toJson() wrote it.
 * @throws SyntaxError where it is no JSON; ZodError, which names each path, where it is no measurement.
 */
export function parseMeasurement(text: string): Measurement {
  return readMeasurement(parse(text));
}

/** One measurement within a larger text, read with parseJson(). @throws ZodError */
export function readMeasurement(value: unknown): Measurement {
  return measurementSchema.parse(value);
}

/** Reads JSON whose decimals keep their digits: a number becomes a `LosslessNumber`. */
export { parse as parseJson } from "lossless-json";

const decimal = z.unknown().transform((item, context): Decimal => {
  const value = isLosslessNumber(item)
    ? Decimal.parse(item.value)
    : typeof item === "number"
      ? Decimal.parse(String(item))
      : undefined;
  if (value !== undefined) return value;
  context.addIssue({ code: "custom", message: "expected a decimal number" });
  return z.NEVER;
});

/** A monotonic reading may carry 17 digits, more than a Decimal holds. */
const float = z.unknown().transform((item, context): number => {
  const value = isLosslessNumber(item) ? Number(item.value) : item;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  context.addIssue({ code: "custom", message: "expected a number" });
  return z.NEVER;
});

/** As lossless-json reads it. */
export const integer = decimal.transform((item, context): number => {
  const value = item.toNumber();
  if (Number.isSafeInteger(value)) return value;
  context.addIssue({ code: "custom", message: "expected an integer" });
  return z.NEVER;
});

const absent = z.strictObject({ absent: z.enum(absentReasons) });

function valued<Unit extends UcumUnit>(units: readonly Unit[]) {
  return z.union([z.strictObject({ value: decimal, unit: z.enum(units) }), absent]) satisfies z.ZodType<Valued<Unit>>;
}

const local = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
const text = z.string().min(1).exactOptional();

const facts = {
  userSlot: integer.exactOptional(),
  deviceTime: z.strictObject({ local, utcOffsetMinutes: integer.exactOptional() }).exactOptional(),
  sequence: integer.exactOptional(),
  status: z.array(z.enum(statuses)).readonly(),
  device: z.strictObject({
    address: z.string().min(1),
    transport: z.enum(["ble", "serial"]),
    systemId: z
      .string()
      .regex(/^[0-9A-F]{16}$/)
      .exactOptional(),
    name: text,
    manufacturer: text,
    model: text,
    serialNumber: text,
    firmware: text,
    hardware: text,
    software: text,
  }),
  driver: z.string().min(1),
  receivedAt: z.strictObject({
    wall: integer.transform(wallMs),
    monotonic: float.transform(ms),
    bootId: z.string().regex(/^[0-9a-f]{32}$/),
    synchronised: z.boolean(),
  }),
  raw: z
    .string()
    .regex(/^(?:[0-9a-fA-F]{2})*$/)
    .transform((item) => new Uint8Array(Buffer.from(item, "hex"))),
};

const rate = valued(["/min"]);
const pressure = valued(["mm[Hg]", "kPa"]);

function scalar<Kind extends Decoded["kind"], Unit extends UcumUnit>(kind: Kind, units: readonly Unit[]) {
  return { kind: z.literal(kind), value: valued(units), ...facts };
}

const measurementSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("blood-pressure"),
    systolic: pressure,
    diastolic: pressure,
    mean: pressure.exactOptional(),
    pulse: rate.exactOptional(),
    ...facts,
  }),
  z.strictObject({
    ...scalar("body-temperature", codes["body-temperature"].units),
    site: z.enum(temperatureSites).exactOptional(),
  }),
  z.strictObject({
    ...scalar("heart-rate", codes["heart-rate"].units),
    method: z.enum(heartRateMethods),
  }),
  z.strictObject({
    ...scalar("glucose", codes.glucose.units),
    specimen: z.enum(glucoseSpecimens),
    meal: z.enum(meals).exactOptional(),
  }),
  z.strictObject({
    ...scalar("oxygen-saturation", codes["oxygen-saturation"].units),
    modality: z.enum(oximeterModalities).exactOptional(),
  }),
  z.strictObject(scalar("body-weight", codes["body-weight"].units)),
  z.strictObject(scalar("body-height", codes["body-height"].units)),
  z.strictObject(scalar("body-mass-index", codes["body-mass-index"].units)),
  z.strictObject(scalar("waist-circumference", codes["waist-circumference"].units)),
  z.strictObject(scalar("head-circumference", codes["head-circumference"].units)),
  z.strictObject(scalar("pain-severity", codes["pain-severity"].units)),
  z.strictObject(scalar("steps-by-day", codes["steps-by-day"].units)),
  z.strictObject(scalar("respiratory-rate", codes["respiratory-rate"].units)),
  z.strictObject(scalar("hba1c", codes.hba1c.units)),
  z.strictObject(scalar("battery-level", ["%"])),
]);
