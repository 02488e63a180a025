import { existsSync, readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Channel, decodeFrame } from "../../../src/driver/decode.ts";
import type { Driver, SerialDriver } from "../../../src/driver/define.ts";
import { FrameCutter } from "../../../src/driver/framing.ts";
import { isReject } from "../../../src/driver/reject.ts";
import { toBundle } from "../../../src/fhir/bundle.ts";
import { coincidentTimeStamp } from "../../../src/fhir/coincident.ts";
import { phgDevice } from "../../../src/fhir/gateway.ts";
import { type BundleOptions, flavours, type NoBundle, timeSyncs } from "../../../src/fhir/port.ts";
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
        fc.property(
          measurementOf(kind),
          fc.constantFrom("final", "amended", "entered-in-error"),
          (measurement, status) => {
            expect(faultsOf(measurement, optionsFor(measurement, { flavour, status, mes: mesOptions }))).toEqual([]);
          },
        ),
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
    for (const timeSync of timeSyncs) {
      expect(checker().errors(received(phgDevice({ ...box, timeSync })))).toEqual([]);
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

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));
const HEX = /"hex":\s*"((?:[0-9a-fA-F]{2})+)"/g;

/** The frames of the shared vectors that came over this channel. */
function sharedFrames(channel: Channel): readonly Uint8Array[] {
  const lines = sharedVectors === undefined ? [] : readFileSync(sharedVectors, "utf8").trim().split("\n");
  const vectors: readonly { readonly service: string; readonly characteristic: string; readonly hex: string }[] =
    lines.map((line) => JSON.parse(line));
  return vectors
    .filter(({ service, characteristic, hex }) => {
      if (!/^(?:[0-9a-f]{2})+$/i.test(hex)) return false;
      return channel === "serial" ? service === "serial" : Number(characteristic) === channel;
    })
    .map(({ hex }) => bytes(hex));
}

/** Every frame in the vectors that stand beside a driver, whatever else they say. */
function ownFrames(driver: Driver): readonly Uint8Array[] {
  const file = new URL(`${driver.id}.vectors.json`, ownVectors);
  return existsSync(file) ? [...readFileSync(file, "utf8").matchAll(HEX)].map(([, hex = ""]) => bytes(hex)) : [];
}

function measurementsOf(driver: Driver): readonly Measurement[] {
  const channels = driver.transport === "ble" ? [...driver.channels.keys()] : (["serial"] as const);
  const own = ownFrames(driver);
  return channels.flatMap((channel) =>
    [...own, ...sharedFrames(channel)]
      .flatMap((received) => (driver.transport === "ble" ? [received] : cut(received, driver)))
      .flatMap((raw) => {
        const decoded = decodeFrame(driver, channel, { ...provenance, raw });
        return isReject(decoded) ? [] : decoded;
      }),
  );
}

/** A serial vector may hold its terminator, or lack it. */
function cut(received: Uint8Array, { framing }: SerialDriver): readonly Uint8Array[] {
  const cuts = [...new FrameCutter(framing).push(Uint8Array.of(...received, framing.terminator))];
  return cuts.flatMap((one) => ("frame" in one ? [one.frame] : []));
}

const drivers = await allDrivers();

describe.skipIf(!definitionsAtHand)("bundles of driver vectors (needs ../shared/profiles)", () => {
  it.each(drivers.map((driver) => [driver.id, driver] as const))(
    "whatever %s makes of them conforms",
    (_id, driver) => {
      for (const measurement of measurementsOf(driver)) {
        for (const flavour of flavours) {
          const options = optionsFor(measurement, { flavour, specialization: driver.specialization });
          expect(faultsOf(measurement, options), Buffer.from(measurement.raw).toString("hex")).toEqual([]);
        }
      }
    },
  );

  it.skipIf(sharedVectors === undefined).each(["gatt-blood-pressure", "gatt-thermometer", "scale-line"])(
    "%s makes something of the shared vectors",
    (id) => {
      const found = drivers.filter((driver) => driver.id === id).flatMap(measurementsOf);
      expect(found).not.toEqual([]);
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
