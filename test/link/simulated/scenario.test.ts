import { expect, test } from "vitest";
import { isVigieError } from "../../../src/errors/error.ts";
import { parseScenario } from "../../../src/link/simulated/scenario.ts";

const scale = { link: "serial", driver: "scale-line", address: "balance-1" };
const cuff = { link: "ble", driver: "gatt-blood-pressure", address: "02:00:00:00:00:01" };

const problems = (data: unknown): string => {
  try {
    parseScenario(typeof data === "string" ? data : JSON.stringify(data), "scenario.yaml");
  } catch (error) {
    if (isVigieError(error, "SCENARIO_INVALID")) return error.message;
    throw error;
  }
  return "";
};

test("JSON is read as YAML is; a single frame is a list of one", () => {
  const { devices, every } = parseScenario(
    JSON.stringify({ devices: [{ ...cuff, sends: [{ at: 1, channel: "0x2a35", hex: "16 00" }] }] }),
    "scenario.json",
  );
  expect(every).toBe(60);
  expect(devices[0]?.sends).toEqual([{ at: 1, times: 1, channel: 0x2a35, hex: [[Uint8Array.of(0x16, 0)]] }]);
});

test("what a serial device prints is kept byte for byte", () => {
  const { devices } = parseScenario(
    JSON.stringify({ devices: [{ ...scale, sends: [{ at: 0, text: "é\r\n" }] }] }),
    "scenario.json",
  );
  expect(devices[0]?.sends[0]?.hex).toEqual([[Uint8Array.of(0xe9, 0x0d, 0x0a)]]);
});

test("all problems are named at once, each with its path", () => {
  const found = problems({
    devices: [
      { ...cuff, address: "02:00:00:00:00:0a", sends: [{ at: -1, channel: "heart", hex: "xyz" }] },
      { ...scale, colour: "red", sends: [] },
    ],
  });
  for (const path of ["devices.0.address", "devices.0.sends.0.at", "devices.0.sends.0.channel", "colour"]) {
    expect(found).toContain(path);
  }
});

test.each([
  ["no YAML", "devices: [}"],
  ["no devices", { devices: [] }],
  ["a characteristic for a serial device", { devices: [{ ...scale, sends: [{ at: 0, channel: 0x2a35, hex: "00" }] }] }],
  ["no characteristic for a Bluetooth device", { devices: [{ ...cuff, sends: [{ at: 0, hex: "00" }] }] }],
  ["a measure instead of bytes", { devices: [{ ...scale, sends: [{ at: 0, weight: 61.5 }] }] }],
])("%s is refused", (_what, data) => expect(problems(data)).not.toBe(""));
