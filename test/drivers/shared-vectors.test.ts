/** Vectors that others collected and decoded independently. Their `expect` names only some fields; null is "no value". */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { drivers } from "../../drivers/all.ts";
import { type Channel, decoderOf } from "../../src/driver/decode.ts";
import { DriverRegistry } from "../../src/driver/registry.ts";
import { isReject } from "../../src/driver/reject.ts";
import type { Decoded, Status } from "../../src/measure/measurement.ts";
import { isQuantity, type Valued } from "../../src/measure/quantity.ts";
import { sharedPath } from "../fixtures/shared.ts";
import { bytesOf } from "./vectors.ts";

const path = sharedPath("vectors", "vectors.jsonl");
const registry = new DriverRegistry(drivers);

const sharedVector = z.object({
  id: z.string(),
  characteristic: z.string(),
  device: z.string(),
  service: z.string(),
  hex: z.string(),
  expect: z.union([
    z.record(z.string(), z.unknown()),
    z.array(z.unknown()).transform((): Record<string, unknown> => ({})),
  ]),
});
type SharedVector = z.infer<typeof sharedVector>;

/** Which driver and channel of ours reads a vector of theirs. */
function readBy({ service, characteristic, device }: SharedVector): readonly [string, Channel] | undefined {
  if (characteristic === "0x2A35") return ["gatt-blood-pressure", 0x2a35];
  if (characteristic === "0x2A1C") return ["gatt-thermometer", 0x2a1c];
  if (characteristic === "0x2A9D") return ["gatt-weight-scale", 0x2a9d];
  if (service === "serial" && device === "A&D standard format") return ["scale-line", "serial"];
  return undefined;
}

const units: Readonly<Record<string, string>> = {
  mmHg: "mm[Hg]",
  kPa: "kPa",
  Celsius: "Cel",
  Fahrenheit: "[degF]",
  kg: "kg",
  g: "g",
  lb: "[lb_av]",
};
const flagStatuses: Readonly<Record<string, Status>> = {
  cuffTooLoose: "cuff-too-loose",
  irregularPulse: "irregular-pulse",
};
const sites = ["", "armpit", "body", "ear", "finger", "gastrointestinal-tract", "mouth", "rectum", "toe", "tympanum"];

const numberOf = (valued: Valued | undefined) =>
  valued !== undefined && isQuantity(valued) ? valued.value.toNumber() : null;

/** What we decoded, in their words. */
function theirWords(measures: readonly Decoded[]): Record<string, unknown> {
  const words: Record<string, unknown> = {};
  for (const measure of measures) {
    words["time"] ??= measure.deviceTime?.local;
    words["user"] ??= measure.userSlot;
    if (measure.kind === "blood-pressure") {
      const { systolic, diastolic, mean, pulse } = measure;
      Object.assign(words, { sys: numberOf(systolic), dia: numberOf(diastolic), map: numberOf(mean) });
      if (pulse !== undefined) words["pulse"] = numberOf(pulse);
      if (isQuantity(systolic)) words["unit"] = systolic.unit;
    } else if (measure.kind === "body-mass-index") {
      words["bmi"] = numberOf(measure.value);
    } else if (measure.kind === "body-height") {
      words["height"] = numberOf(measure.value);
    } else if (measure.kind === "body-temperature" || measure.kind === "body-weight") {
      words["value"] = words["weight"] = numberOf(measure.value);
      if (isQuantity(measure.value)) words["unit"] = measure.value.unit;
      if (measure.kind === "body-temperature" && measure.site !== undefined)
        words["type"] = sites.indexOf(measure.site);
    }
  }
  return words;
}

describe.skipIf(path === undefined)("the vectors of ../shared (absent: set VIGIE_SHARED)", () => {
  const vectors =
    path === undefined
      ? []
      : readFileSync(path, "utf8")
          .trim()
          .split("\n")
          .map((line) => sharedVector.parse(JSON.parse(line)));
  const ours = vectors.flatMap((vector) => {
    const reader = readBy(vector);
    return reader === undefined ? [] : [[vector.id, vector, ...reader] as const];
  });

  test("all that we read are there", () => expect(ours.length).toBe(32));

  test.each(ours)("%s", (_id, vector, driver, channel) => {
    const outcome = decoderOf(registry.get(driver), channel)(bytesOf(vector.hex), { device: {} });
    if (vector.expect["error"] === "invalid") {
      expect(isReject(outcome)).toBe(true);
      return;
    }
    if (isReject(outcome)) throw new Error(`rejected: ${outcome.because}`);
    const words = theirWords(outcome);
    for (const [field, value] of Object.entries(vector.expect)) {
      switch (field) {
        case "unit":
          if (vector.expect["sys"] !== null) expect(words["unit"]).toBe(units[String(value)]); // no value has no unit
          break;
        case "flags":
          for (const flag of z.array(z.string()).parse(value)) expect(outcome[0]?.status).toContain(flagStatuses[flag]);
          break;
        case "pulseRange":
          expect(outcome[0]?.status).toContain("pulse-below-range");
          break;
        case "status": // the word itself: each bit has a vector of ours
        case "stable": // a reading that is not stable is no measurement at all
          break;
        default:
          expect(words[field], field).toEqual(value);
      }
    }
  });
});
