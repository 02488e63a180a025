import { describe, expect, it } from "vitest";
import { toBundle } from "../../../src/fhir/bundle.ts";
import { coincidentTimeStamp } from "../../../src/fhir/coincident.ts";
import { phgDevice } from "../../../src/fhir/gateway.ts";
import type { BundleOptions, Person } from "../../../src/fhir/port.ts";
import type { Decoded } from "../../../src/measure/measurement.ts";
import {
  cuff,
  gateway,
  measured,
  mesOptions,
  optionsFor,
  person,
  pressure,
  provenance,
  qualified,
  quantity,
} from "../samples.ts";
import { type Fault, faults, GONE, liberties, type SampleName } from "./faults.ts";
import { bundleFaults, checker, definitionsAtHand, received } from "./gate.ts";
import { isList, isObject, type Json } from "./json.ts";

function bundle(decoded: Decoded, changes: Partial<BundleOptions> = {}, whose: Person = person): Json {
  const measurement = measured(decoded);
  const outcome = toBundle(measurement, whose, gateway, optionsFor(measurement, changes));
  if ("noBundle" in outcome) throw new Error(outcome.noBundle);
  return received(outcome.bundle);
}

const glucose: Decoded = {
  kind: "glucose",
  value: quantity("5.5", "mmol/L"),
  specimen: "capillary-whole-blood",
  meal: "fasting",
  status: [],
};
const mes = { flavour: "mes", mes: mesOptions } as const;

const samples = new Map<SampleName, () => Json>([
  ["blood-pressure", () => bundle(pressure)],
  ["amended", () => bundle(pressure, { status: "amended" })],
  ["body-weight", () => bundle({ kind: "body-weight", value: quantity("98.0", "kg"), status: [] })],
  [
    "body-temperature",
    () => bundle({ kind: "body-temperature", value: quantity("98.6", "[degF]"), site: "mouth", status: [] }),
  ],
  ["body-height", () => bundle({ kind: "body-height", value: quantity("175", "cm"), status: [] })],
  ["heart-rate", () => bundle({ kind: "heart-rate", value: quantity("61", "/min"), method: "cuff", status: [] })],
  ["oxygen-saturation", () => bundle({ kind: "oxygen-saturation", value: quantity("97", "%"), status: [] })],
  ["respiratory-rate", () => bundle({ kind: "respiratory-rate", value: quantity("15", "/min"), status: [] })],
  ["body-mass-index", () => bundle({ kind: "body-mass-index", value: quantity("24.1", "kg/m2"), status: [] })],
  ["waist-circumference", () => bundle({ kind: "waist-circumference", value: quantity("92", "cm"), status: [] })],
  ["head-circumference", () => bundle({ kind: "head-circumference", value: quantity("56.5", "cm"), status: [] })],
  ["pain-severity", () => bundle({ kind: "pain-severity", value: quantity("3", "1"), status: [] })],
  ["steps-by-day", () => bundle({ kind: "steps-by-day", value: quantity("4213", "1/(24.h)"), status: [] })],
  ["glucose", () => bundle(glucose)],
  ["hba1c", () => bundle({ kind: "hba1c", value: quantity("6.4", "%"), status: [] })],
  ["qualified identity", () => bundle(pressure, { identity: "ins" }, qualified)],
  ["gateway", () => received(phgDevice(gateway))],
  [
    "device clock",
    () =>
      received(
        coincidentTimeStamp(
          { device: cuff, shown: { local: "2026-03-10T08:12:00" }, at: provenance.receivedAt },
          person,
          gateway,
        ),
      ),
  ],
  ["mes blood-pressure", () => bundle(pressure, mes)],
  ["mes glucose", () => bundle(glucose, mes)],
]);

/** These are no measures, so the rules of a measure's bundle say nothing about them. */
const NO_MEASURES: ReadonlySet<SampleName> = new Set(["gateway", "device clock"]);

function faultsIn(name: SampleName, json: Json): readonly string[] {
  if (NO_MEASURES.has(name)) return checker().errors(json);
  return bundleFaults(json, name.startsWith("mes ") ? "mes" : "platform");
}

/** A copy with the fault in it. */
function inject(json: Json, { at, put }: Fault): Json {
  const change = (value: Json | undefined, path: readonly string[]): Json | typeof GONE => {
    const [name, ...rest] = path;
    if (name === undefined) return put;
    if (isList(value)) {
      const index = Number(name);
      const changed = change(value[index], rest);
      const [before, after] = [value.slice(0, index), value.slice(index + 1)];
      return changed === GONE ? [...before, ...after] : [...before, changed, ...after];
    }
    const { [name]: old, ...others } = isObject(value) ? value : {};
    const changed = change(old, rest);
    return changed === GONE ? others : { ...others, [name]: changed };
  };
  const changed = change(json, at.split("."));
  if (changed === GONE) throw new Error("nothing left");
  return changed;
}

const table = <Row extends Fault>(rows: Readonly<Partial<Record<SampleName, readonly Row[]>>>) =>
  [...samples].flatMap(([name, sample]) => (rows[name] ?? []).map((row) => [name, row.name, row, sample] as const));

describe.skipIf(!definitionsAtHand)("the gate can fail (needs ../shared/profiles)", () => {
  it.each([...samples])("a sound sample passes: %s", (name, sample) => {
    expect(faultsIn(name, sample())).toEqual([]);
  });

  it("all faults are tried, and they are more than sixty", () => {
    expect(table(faults)).toHaveLength(Object.values(faults).flat().length);
    expect(table(faults).length).toBeGreaterThan(60);
  });

  it.each(table(faults))("%s: catches %s", (name, _what, fault, sample) => {
    expect(faultsIn(name, inject(sample(), fault))).not.toEqual([]);
  });

  it.each(table(liberties))("%s: accepts %s", (name, _what, liberty, sample) => {
    expect(faultsIn(name, inject(sample(), liberty))).toEqual([]);
  });
});
