import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { drivers } from "../../../drivers/all.ts";
import { DriverRegistry } from "../../../src/driver/registry.ts";
import { openSimulatedLink } from "../../../src/link/simulated/link.ts";
import { parseScenario } from "../../../src/link/simulated/scenario.ts";
import type { Measurement } from "../../../src/measure/measurement.ts";
import { isQuantity } from "../../../src/measure/quantity.ts";
import { decodingIntake, fakeClock } from "../fixtures.ts";

const path = new URL("../../../config/demo-scenario.yaml", import.meta.url);

/** The arithmetic at the head of config/demo-scenario.yaml. */
test("one round of the demonstration is 30 measures: 6 repeats, 2 failed, 2 of a device that is nobody's", async () => {
  const { intake, measured, rejected } = decodingIntake();
  await using link = openSimulatedLink({
    scenario: parseScenario(readFileSync(path, "utf8"), "config/demo-scenario.yaml"),
    drivers: new DriverRegistry(drivers),
    intake,
    clock: fakeClock(),
    observe: () => undefined,
    timeZone: "Europe/Paris",
    speed: Number.POSITIVE_INFINITY,
    rounds: 1,
  });
  await link.finished;

  expect(measured).toHaveLength(30);
  expect(new Set(measured.map(identity)).size).toBe(30 - 6);
  expect(measured.filter(failed)).toHaveLength(2);
  expect(measured.filter(({ device }) => device.address === "5C:31:3E:00:00:04")).toHaveLength(2);
  expect(measured.filter(({ status }) => status.includes("implausible"))).toEqual([]);
  expect(rejected.map(({ reject }) => reject).sort()).toEqual([
    "malformed",
    "not-a-measure",
    "unsettled",
    "unsettled",
    "unsettled",
    "unsettled",
  ]);
});

const identity = ({ device, kind, raw }: Measurement) =>
  `${device.address} ${kind} ${Buffer.from(raw).toString("hex")}`;

const failed = (measurement: Measurement) =>
  !isQuantity(measurement.kind === "blood-pressure" ? measurement.systolic : measurement.value);
