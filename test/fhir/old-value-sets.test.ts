/** J146, J149 and J157 are known in old versions only (docs/fhir.md): nothing of ours may depend on which one a server has. */
import { expect, test } from "vitest";
import { toBundle } from "../../src/fhir/bundle.ts";
import { type BundleOptions, flavours } from "../../src/fhir/port.ts";
import { toJson } from "../../src/measure/json.ts";
import type { Decoded } from "../../src/measure/measurement.ts";
import { gateway, measured, mesOptions, optionsFor, person, pressure, quantity } from "./samples.ts";

function bundleOf(decoded: Decoded, options: Partial<BundleOptions>): string {
  const measurement = measured(decoded);
  return toJson(toBundle(measurement, person, gateway, optionsFor(measurement, options)));
}

const height: Decoded = { kind: "body-height", value: quantity("171", "cm"), status: [] };
const glucose: Decoded = {
  kind: "glucose",
  value: quantity("104", "mg/dL"),
  specimen: "capillary-whole-blood",
  meal: "fasting",
  status: [],
};

test.each(flavours)("%s: a blood pressure has no body site, and a height no method", (flavour) => {
  for (const decoded of [pressure, height]) {
    const text = bundleOf(decoded, { flavour, mes: mesOptions });
    expect(text).toContain('"Observation"');
    expect(text).not.toMatch(/"bodySite"|"method":\{/);
  }
});

test("the moment of a glucose is sent to Mon espace santé alone, and only with a configured code", () => {
  const sent = (flavour: BundleOptions["flavour"], mes: BundleOptions["mes"] = mesOptions) =>
    bundleOf(glucose, { flavour, ...(mes === undefined ? {} : { mes }) });
  expect(sent("mes")).toContain("mesures-moment-of-measurement");
  expect(sent("mes", {})).toBe('{"noBundle":"mes-glucose-moment"}');
  for (const flavour of ["platform", "strict"] as const) expect(sent(flavour)).not.toContain("moment-of-measurement");
});
