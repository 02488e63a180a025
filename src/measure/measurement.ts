/** The vocabulary: what a device can measure, as decoded, before it is anybody's. */
import type {
  GlucoseUnit,
  LengthUnit,
  MassUnit,
  PressureUnit,
  RateUnit,
  TemperatureUnit,
  UcumUnit,
  Valued,
} from "./quantity.ts";
import type { DeviceTime, Instant } from "./time.ts";

/** What a device says about the quality of one measure. Carried along, never acted upon: a professional interprets. */
export const statuses = [
  "body-movement",
  "cuff-too-loose",
  "irregular-pulse",
  "pulse-above-range",
  "pulse-below-range",
  "improper-position",
  "sensor-malfunction",
  "signal-poor",
  "low-perfusion",
  "questionable",
  "from-storage",
  "demonstration",
  "early-estimate",
  "device-clock-not-set",
  "low-battery",
  "sample-insufficient",
  "strip-error",
  "temperature-out-of-range",
  "device-fault",
  "result-too-high",
  "result-too-low",
  "layout-quirk",
  "implausible",
  /** Entered in the device by a user, or computed from what was: shown by whoever decodes, and no measure of anybody. */
  "from-profile",
] as const;
export type Status = (typeof statuses)[number];

interface Common {
  /** Which of the device's users it was, as the device numbers them; absent where it does not say or does not know. */
  readonly userSlot?: number;
  readonly deviceTime?: DeviceTime;
  /** The device's own number of the record, where it counts them. */
  readonly sequence?: number;
  readonly status: readonly Status[];
}

interface Scalar<Kind extends string, Unit extends UcumUnit> extends Common {
  readonly kind: Kind;
  readonly value: Valued<Unit>;
}

export interface BloodPressure extends Common {
  readonly kind: "blood-pressure";
  readonly systolic: Valued<PressureUnit>;
  readonly diastolic: Valued<PressureUnit>;
  readonly mean?: Valued<PressureUnit>;
  /** The pulse of the same inflation. It also travels as a `heart-rate` of its own. */
  readonly pulse?: Valued<RateUnit>;
}

/** GATT Temperature Type (0x2A1D), ISO/IEEE 11073-10408. */
export const temperatureSites = [
  "armpit",
  "body",
  "ear",
  "finger",
  "gastrointestinal-tract",
  "mouth",
  "rectum",
  "toe",
  "tympanum",
] as const;
export type TemperatureSite = (typeof temperatureSites)[number];

export interface BodyTemperature extends Scalar<"body-temperature", TemperatureUnit> {
  readonly site?: TemperatureSite;
}

export const heartRateMethods = ["cuff", "oximeter", "electrocardiogram", "unspecified"] as const;
export type HeartRateMethod = (typeof heartRateMethods)[number];

export interface HeartRate extends Scalar<"heart-rate", RateUnit> {
  /** How it was sensed: MDC tells a cuff's pulse, an oximeter's pulse and an ECG's heart rate apart. */
  readonly method: HeartRateMethod;
}

/** GATT Glucose Type (0x2A18), ISO/IEEE 11073-10417. */
export const glucoseSpecimens = [
  "capillary-whole-blood",
  "capillary-plasma",
  "venous-whole-blood",
  "venous-plasma",
  "arterial-whole-blood",
  "arterial-plasma",
  "undetermined-whole-blood",
  "undetermined-plasma",
  "interstitial-fluid",
] as const;
export type GlucoseSpecimen = (typeof glucoseSpecimens)[number];

export const meals = ["pre-prandial", "post-prandial", "fasting", "casual", "bedtime"] as const;
export type Meal = (typeof meals)[number];

export interface Glucose extends Scalar<"glucose", GlucoseUnit> {
  readonly specimen: GlucoseSpecimen;
  readonly meal?: Meal;
}

export const oximeterModalities = ["spot", "slow", "fast"] as const;

export interface OxygenSaturation extends Scalar<"oxygen-saturation", "%"> {
  readonly modality?: (typeof oximeterModalities)[number];
}

export interface BodyWeight extends Scalar<"body-weight", MassUnit> {}
export interface BodyHeight extends Scalar<"body-height", LengthUnit> {}
export interface BodyMassIndex extends Scalar<"body-mass-index", "kg/m2"> {}
export interface WaistCircumference extends Scalar<"waist-circumference", LengthUnit> {}
export interface HeadCircumference extends Scalar<"head-circumference", LengthUnit> {}
export interface PainSeverity extends Scalar<"pain-severity", "1"> {}
/** Steps of one whole day. */
export interface StepsByDay extends Scalar<"steps-by-day", "1/(24.h)"> {}
export interface RespiratoryRate extends Scalar<"respiratory-rate", RateUnit> {}
export interface HbA1c extends Scalar<"hba1c", "%"> {}
/** The device's own battery; becomes an event, not a bundle. */
export interface BatteryLevel extends Scalar<"battery-level", "%"> {}

/** What a decoder makes of one frame: the measure and what the device itself said about it. */
export type Decoded =
  | BloodPressure
  | BodyTemperature
  | HeartRate
  | Glucose
  | OxygenSaturation
  | BodyWeight
  | BodyHeight
  | BodyMassIndex
  | WaistCircumference
  | HeadCircumference
  | PainSeverity
  | StepsByDay
  | RespiratoryRate
  | HbA1c
  | BatteryLevel;

export type MeasureKind = Decoded["kind"];

/** A personal health device, by the facts it gave. */
export interface Device {
  /** `AA:BB:CC:DD:EE:FF` (EUI-48, upper case) over Bluetooth, or the configured port name over serial. */
  readonly address: string;
  readonly transport: "ble" | "serial";
  /** IEEE EUI-64 (GATT System ID, most significant byte first), 16 upper-case hex digits. */
  readonly systemId?: string;
  readonly name?: string;
  readonly manufacturer?: string;
  readonly model?: string;
  readonly serialNumber?: string;
  readonly firmware?: string;
  readonly hardware?: string;
  readonly software?: string;
}

/** What the gateway adds to every decoded measure. */
export interface Provenance {
  readonly device: Device;
  /** The driver's id. */
  readonly driver: string;
  readonly receivedAt: Instant;
  /** The bytes it was decoded from. */
  readonly raw: Uint8Array;
}

/** One decoded measure with its device's facts and times; not yet a person's. */
export type Measurement = Decoded & Provenance;
