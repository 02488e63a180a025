import {
  type ByteReader,
  Decimal,
  type Decoded,
  defineBleDriver,
  readDateTime,
  readDeviceInformation,
  setCurrentTime,
  setDateTime,
} from "../src/driver/index.ts";

/** Weight Measurement (0x2A9D), WSS 1.0 §3.2: the bits of its flags. */
const FLAG = { imperial: 0x01, timeStamp: 0x02, user: 0x04, bmiAndHeight: 0x08 };

/** User ID 255 is "unknown user". */
const UNKNOWN_USER = 255;

/** What the scale sends for a weighing that failed. */
const UNSUCCESSFUL = 0xffff;

/** One step is 0.005 kg or 0.01 lb, 0.001 m or 0.1 in, and for the body mass index always 0.1 kg/m². */
function decode(frame: ByteReader): readonly Decoded[] {
  const flags = frame.u8();
  const has = (flag: number) => (flags & flag) !== 0;
  const imperial = has(FLAG.imperial);

  const weight = frame.u16();
  const deviceTime = has(FLAG.timeStamp) ? readDateTime(frame) : undefined;
  const user = has(FLAG.user) ? frame.u8() : UNKNOWN_USER;
  const facts = {
    ...(user === UNKNOWN_USER ? {} : { userSlot: user }),
    ...(deviceTime === undefined ? {} : { deviceTime }),
    status: [],
  };

  const measures: Decoded[] = [{ kind: "body-weight", value: massOf(weight, imperial), ...facts }];
  if (has(FLAG.bmiAndHeight)) {
    const [index, height] = [frame.u16(), frame.u16()];
    // The height is what somebody typed into the user's profile (User Data Service, 0x2A8E), and the index is computed from
    // it. 0 stands where the scale knows no height of its user.
    const profile = { ...facts, status: ["from-profile"] } as const;
    if (index > 0)
      measures.push({ kind: "body-mass-index", value: { value: Decimal.of(index, -1), unit: "kg/m2" }, ...profile });
    if (height > 0) measures.push({ kind: "body-height", value: lengthOf(height, imperial), ...profile });
  }
  return measures;
}

function massOf(steps: number, imperial: boolean) {
  if (steps === UNSUCCESSFUL) return { absent: "unsuccessful" } as const;
  return imperial
    ? ({ value: Decimal.of(steps, -2), unit: "[lb_av]" } as const)
    : ({ value: Decimal.of(steps * 5, -3), unit: "kg" } as const);
}

function lengthOf(steps: number, imperial: boolean) {
  return imperial
    ? ({ value: Decimal.of(steps, -1), unit: "[in_i]" } as const)
    : ({ value: Decimal.of(steps, -3), unit: "m" } as const);
}

export default defineBleDriver({
  id: "gatt-weight-scale",
  title: "Weight Scale Profile",
  source: "Bluetooth SIG Weight Scale Service 1.0 §3",
  match: { services: [0x181d] },
  priority: 13,
  specialization: 528399,
  kinds: ["body-weight", "body-mass-index", "body-height"],
  prepare: [setCurrentTime, setDateTime(0x181d), readDeviceInformation],
  channels: { [0x2a9d]: decode },
  tested: ["Beurer BF720", "Beurer BF788"],
});
