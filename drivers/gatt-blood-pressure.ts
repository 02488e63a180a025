import {
  type BloodPressure,
  type ByteReader,
  type DecodeContext,
  type Decoded,
  defineBleDriver,
  type HeartRate,
  isQuantity,
  type PressureUnit,
  readDateTime,
  readDeviceInformation,
  type Status,
  setCurrentTime,
  setDateTime,
  sfloat,
  type Valued,
} from "../src/driver/index.ts";

/** Blood Pressure Measurement (0x2A35), BLS 1.1.1 §3.1: the bits of its flags. Bits 5 to 7 are reserved and ignored. */
const FLAG = { kilopascal: 0x01, timeStamp: 0x02, pulse: 0x04, user: 0x08, status: 0x10 };

/** User ID 255 is "unknown user". */
const UNKNOWN_USER = 255;

function decode(frame: ByteReader, { device }: DecodeContext): readonly Decoded[] {
  const flags = frame.u8();
  const quirk = isBeurerBm85(flags, frame.left, device.name);
  const has = (flag: number) => (flags & flag) !== 0;

  const unit: PressureUnit = has(FLAG.kilopascal) ? "kPa" : "mm[Hg]";
  const systolic = sfloat(frame.u16(), unit);
  const diastolic = sfloat(frame.u16(), unit);
  const mean = noneIfZero(sfloat(frame.u16(), unit));
  const deviceTime = has(FLAG.timeStamp) ? readDateTime(frame) : undefined;
  const pulse = has(FLAG.pulse) ? sfloat(quirk ? frame.u16be() : frame.u16(), "/min") : undefined;
  const user = has(FLAG.user) || quirk ? frame.u8() : UNKNOWN_USER;
  const statusWord = has(FLAG.status) ? (quirk ? frame.u16be() : frame.u16()) : 0;

  const facts = {
    ...(user === UNKNOWN_USER ? {} : { userSlot: user }),
    ...(deviceTime === undefined ? {} : { deviceTime }),
    status: [...statusOf(statusWord), ...(quirk ? (["layout-quirk"] as const) : [])],
  };
  const pressure: BloodPressure = {
    kind: "blood-pressure",
    systolic,
    diastolic,
    mean,
    ...(pulse === undefined ? {} : { pulse }),
    ...facts,
  };
  if (pulse === undefined) return [pressure];
  const heartRate: HeartRate = { kind: "heart-rate", value: pulse, method: "cuff", ...facts };
  return [pressure, heartRate];
}

/** A cuff that computes no mean pressure should say NaN there; some (Beurer BM85) say 0. */
function noneIfZero(mean: Valued<PressureUnit>): Valued<PressureUnit> {
  return isQuantity(mean) && mean.value.unscaled === 0 ? { absent: "missing" } : mean;
}

/** Measurement Status, BLS 1.1.1 §3.1.1.6: bits are tested one by one, a word is never compared by value. */
function statusOf(word: number): Status[] {
  const status: Status[] = [];
  if (word & 0x01) status.push("body-movement");
  if (word & 0x02) status.push("cuff-too-loose");
  if (word & 0x04) status.push("irregular-pulse");
  const pulseRange = (word >> 3) & 0b11;
  if (pulseRange === 1) status.push("pulse-above-range");
  if (pulseRange === 2) status.push("pulse-below-range");
  if (word & 0x20) status.push("improper-position");
  return status;
}

/**
 * Beurer BM85 sends a user byte without announcing it, and turns pulse and status round (big-endian): one byte more than
 * the flags 0x56 account for. Read as the standard says, a pulse of 87 would be 22 272.
 */
function isBeurerBm85(flags: number, left: number, name: string | undefined): boolean {
  const announced = 6 + 7 + 2 + 2;
  const known = FLAG.timeStamp | FLAG.pulse | FLAG.status;
  return (flags & 0x1f) === known && left === announced + 1 && (name === undefined || /BM ?85/i.test(name));
}

const intermediate = () => ({ reject: "unsettled", because: "an intermediate cuff pressure is no result" }) as const;

export default defineBleDriver({
  id: "gatt-blood-pressure",
  title: "Blood Pressure Profile",
  source: "Bluetooth SIG Blood Pressure Service 1.1.1 §3",
  match: { services: [0x1810] },
  priority: 10,
  specialization: 528391,
  kinds: ["blood-pressure", "heart-rate"],
  prepare: [setCurrentTime, setDateTime(0x1810), readDeviceInformation],
  channels: { [0x2a35]: decode, [0x2a36]: intermediate },
  tested: ["boso medicus", "Beurer BM85"],
});
