/** Bundles as their receiver reads them. */
import { toBundle } from "../../src/fhir/bundle.ts";
import type { BundleOptions, Outcome, Person } from "../../src/fhir/port.ts";
import { toJson } from "../../src/measure/json.ts";
import type { Decoded, Device, GlucoseSpecimen } from "../../src/measure/measurement.ts";
import { cuff, gateway, measured, mesOptions, optionsFor, person, quantity } from "./samples.ts";

export interface Sent {
  readonly device?: Device;
  readonly person?: Person;
  readonly options?: Partial<BundleOptions>;
}

export function outcome(decoded: Decoded, sent: Sent = {}): Outcome {
  const measurement = measured(decoded, { device: sent.device ?? cuff });
  return toBundle(measurement, sent.person ?? person, gateway, optionsFor(measurement, sent.options));
}

export function read(decoded: Decoded, sent: Sent = {}) {
  const result = outcome(decoded, sent);
  if ("noBundle" in result) throw new Error(result.noBundle);
  return JSON.parse(toJson(result.bundle));
}

export const strict: Sent = { options: { flavour: "strict" } };
export const mes: Sent = { options: { flavour: "mes", mes: mesOptions } };
export const observation = (decoded: Decoded, sent: Sent = strict) => read(decoded, sent).entry[0].resource;

export function glucose(
  digits: string,
  unit: "mg/dL" | "mmol/L",
  specimen: GlucoseSpecimen = "capillary-whole-blood",
): Decoded {
  return { kind: "glucose", value: quantity(digits, unit), specimen, meal: "fasting", status: [] };
}
