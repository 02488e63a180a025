import {
  type BodyTemperature,
  type ByteReader,
  defineBleDriver,
  float,
  readDateTime,
  readDeviceInformation,
  setCurrentTime,
  setDateTime,
  type TemperatureSite,
} from "../src/driver/index.ts";

/** Temperature Measurement (0x2A1C), HTS 1.0 §3.1: the bits of its flags. */
const FLAG = { fahrenheit: 0x01, timeStamp: 0x02, type: 0x04 };

/** Temperature Type (0x2A1D): 1 to 9. */
const sites: readonly (TemperatureSite | undefined)[] = [
  undefined,
  "armpit",
  "body",
  "ear",
  "finger",
  "gastrointestinal-tract",
  "mouth",
  "rectum",
  "toe",
  "tympanum",
];

/** The unit sent has nothing to do with the unit shown: a display of 98.5 °F came as 36.97 °C. It is kept as sent. */
function decode(frame: ByteReader): readonly BodyTemperature[] {
  const flags = frame.u8();
  const value = float(frame.u32(), flags & FLAG.fahrenheit ? "[degF]" : "Cel");
  const deviceTime = flags & FLAG.timeStamp ? readDateTime(frame) : undefined;
  const site = flags & FLAG.type ? sites[frame.u8()] : undefined;
  return [
    {
      kind: "body-temperature",
      value,
      ...(site === undefined ? {} : { site }),
      ...(deviceTime === undefined ? {} : { deviceTime }),
      status: [],
    },
  ];
}

const intermediate = () => ({ reject: "unsettled", because: "an intermediate temperature is no result" }) as const;

export default defineBleDriver({
  id: "gatt-thermometer",
  title: "Health Thermometer Profile",
  source: "Bluetooth SIG Health Thermometer Service 1.0 §3",
  match: { services: [0x1809] },
  priority: 11,
  specialization: 528392,
  kinds: ["body-temperature"],
  prepare: [setCurrentTime, setDateTime(0x1809), readDeviceInformation],
  channels: { [0x2a1c]: decode, [0x2a1e]: intermediate },
  tested: ["BLE thermometer of a maker not stated, compared with its display"],
});
