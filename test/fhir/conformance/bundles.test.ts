import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeFrame } from "../../../src/driver/decode.ts";
import type { Driver } from "../../../src/driver/define.ts";
import { isReject } from "../../../src/driver/reject.ts";
import { toBundle } from "../../../src/fhir/bundle.ts";
import { coincidentTimeStamp } from "../../../src/fhir/coincident.ts";
import { phgDevice } from "../../../src/fhir/gateway.ts";
import { type BundleOptions, flavours, type NoBundle } from "../../../src/fhir/port.ts";
import type { Measurement } from "../../../src/measure/measurement.ts";
import { sharedPath } from "../../fixtures/shared.ts";
import { clinicalKinds, measurementOf } from "../arbitrary.ts";
import { cuff, gateway, mesOptions, optionsFor, person, provenance, qualified } from "../samples.ts";
import { bundleFaults, checker, definitionsAtHand, received } from "./gate.ts";

/** What is wrong with the bundle of a measurement; none where there is rightly no bundle. */
function faultsOf(measurement: Measurement, options: BundleOptions, whose = person): readonly string[] {
  const outcome = toBundle(measurement, whose, gateway, options);
  return "noBundle" in outcome ? [] : bundleFaults(received(outcome.bundle), options.flavour);
}

describe.skipIf(!definitionsAtHand)("bundles against the published profiles (needs ../shared/profiles)", () => {
  describe.each(flavours)("flavour %s", (flavour) => {
    it.each(clinicalKinds)("every %s conforms", (kind) => {
      fc.assert(
        fc.property(measurementOf(kind), (measurement) => {
          expect(faultsOf(measurement, optionsFor(measurement, { flavour, mes: mesOptions }))).toEqual([]);
        }),
        { numRuns: 30 },
      );
    });
  });

  it("a person with a qualified identity conforms to fr-core-patient-ins, where the destination is allowed it", () => {
    fc.assert(
      fc.property(fc.constantFrom(...clinicalKinds).chain(measurementOf), (measurement) => {
        const options = optionsFor(measurement, { identity: "ins" });
        expect(faultsOf(measurement, options, qualified)).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it.each([gateway, { ...gateway, systemId: "FEEDABEEDEAD77C4" }])("the gateway conforms to PhgDevice", (box) => {
    for (const sync of ["none", "ntp", "sntp", "manual"] as const) {
      expect(checker().errors(received(phgDevice(box, sync)))).toEqual([]);
    }
  });

  it.each([{}, { utcOffsetMinutes: 60 }])("a device's clock conforms to PhdCoincidentTimeStampObservation", (zone) => {
    const shown = { local: "2026-03-10T08:12:00", ...zone };
    const bundle = coincidentTimeStamp({ device: cuff, shown, at: provenance.receivedAt }, person, gateway);
    expect(bundle && checker().errors(received(bundle))).toEqual([]);
  });
});

const driversFolder = new URL("../../../drivers/", import.meta.url);
const ownVectors = new URL("../../drivers/", import.meta.url);
const sharedVectors = sharedPath("vectors", "vectors.jsonl");

function isDriver(value: unknown): value is Driver {
  return typeof value === "object" && value !== null && "transport" in value && "specialization" in value;
}

async function allDrivers(): Promise<readonly Driver[]> {
  const files = readdirSync(driversFolder).filter((file) => file.endsWith(".ts"));
  const modules: readonly unknown[] = await Promise.all(files.map((file) => import(new URL(file, driversFolder).href)));
  return modules.flatMap((module) =>
    typeof module === "object" && module !== null && "default" in module && isDriver(module.default)
      ? [module.default]
      : [],
  );
}

/** Every frame in a file of vectors, whatever else it says. */
function framesIn(path: string | URL): readonly Uint8Array[] {
  const found = readFileSync(path, "utf8").matchAll(/"hex":\s*"((?:[0-9a-fA-F]{2})+)"/g);
  return [...found].map(([, hex = ""]) => new Uint8Array(Buffer.from(hex, "hex")));
}

function ownVectorFiles(): readonly URL[] {
  try {
    return readdirSync(ownVectors)
      .filter((file) => file.endsWith(".vectors.json"))
      .map((file) => new URL(file, ownVectors));
  } catch {
    return [];
  }
}

describe.skipIf(!definitionsAtHand)("bundles of driver vectors (needs ../shared/profiles)", () => {
  it.skipIf(sharedVectors === undefined && ownVectorFiles().length === 0)(
    "whatever a driver makes of a vector conforms in every flavour",
    async () => {
      const files = [...(sharedVectors === undefined ? [] : [sharedVectors]), ...ownVectorFiles()];
      const frames = files.flatMap(framesIn);
      let measurements = 0;
      for (const driver of await allDrivers()) {
        const channels = driver.transport === "ble" ? [...driver.channels.keys()] : ["serial" as const];
        for (const [channel, raw] of channels.flatMap((one) => frames.map((frame) => [one, frame] as const))) {
          const decoded = decodeFrame(driver, channel, { ...provenance, raw });
          if (isReject(decoded)) continue;
          for (const measurement of decoded) {
            measurements += 1;
            for (const flavour of flavours) {
              const options = optionsFor(measurement, { flavour, specialization: driver.specialization });
              expect(faultsOf(measurement, options), `${driver.id} ${Buffer.from(raw).toString("hex")}`).toEqual([]);
            }
          }
        }
      }
      expect(measurements).toBeGreaterThan(20);
    },
  );
});

describe("what gives no bundle", () => {
  it("is the same for everybody but Mon espace santé", () => {
    const mesOnly: readonly NoBundle[] = [
      "mes-bmi",
      "mes-respiratory-rate",
      "mes-value-absent",
      "mes-demonstration",
      "mes-not-paired",
      "mes-device-unidentified",
      "mes-glucose-moment",
      "mes-glucose-days",
    ];
    fc.assert(
      fc.property(fc.constantFrom(...clinicalKinds).chain(measurementOf), (measurement) => {
        const reasons = flavours.map((flavour) => {
          const outcome = toBundle(measurement, person, gateway, optionsFor(measurement, { flavour }));
          return "noBundle" in outcome ? outcome.noBundle : undefined;
        });
        const [platform, strict, mes] = reasons;
        expect(strict).toBe(platform);
        if (platform !== undefined) expect(mes).toBe(platform);
        else if (mes !== undefined) expect(mesOnly).toContain(mes);
      }),
    );
  });
});
