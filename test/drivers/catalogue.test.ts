import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { drivers } from "../../drivers/all.ts";
import type { Channel } from "../../src/driver/decode.ts";
import { DriverRegistry } from "../../src/driver/registry.ts";
import { deviceList } from "./device-list.ts";
import { vectorFiles } from "./vectors.ts";

const root = new URL("../../", import.meta.url);
const vectors = vectorFiles();

/** The two files of drivers/ that are no driver. */
const catalogueFiles = ["all.ts", "index.ts"];

test("every file of drivers/ is in the catalogue, under the id that names it", () => {
  const files = readdirSync(new URL("drivers/", root)).filter((file) => !catalogueFiles.includes(file));
  expect(drivers.map((driver) => `${driver.id}.ts`).sort()).toEqual(files.sort());
});

test("every vector file belongs to a driver", () => {
  expect([...vectors.keys()].sort()).toEqual(drivers.map((driver) => driver.id).sort());
});

test("no two drivers have the same id or priority", () => {
  expect(() => new DriverRegistry(drivers)).not.toThrow();
});

describe.each(drivers.map((driver) => [driver.id, driver] as const))("%s", (id, driver) => {
  const own = vectors.get(id)?.vectors ?? [];

  test("what it is tested with has real captures among its vectors", () => {
    const captured = new Set(own.filter((vector) => vector.kind === "real-capture").map((vector) => vector.device));
    expect(driver.tested.filter((device) => !captured.has(device))).toEqual([]);
  });

  test("every channel has a vector", () => {
    const channels: readonly Channel[] = driver.transport === "ble" ? [...driver.channels.keys()] : ["serial"];
    const covered = new Set(own.map((vector) => vector.channel));
    expect(channels.filter((channel) => !covered.has(channel))).toEqual([]);
  });

  test("every kind that it claims appears in a vector, with one reject beside", () => {
    const expected = JSON.stringify(own.map((vector) => vector.expect));
    expect(driver.kinds.filter((kind) => !expected.includes(`"kind":"${kind}"`))).toEqual([]);
    expect(expected).toContain('"reject"');
  });

  test("generic drivers stand below vendor drivers", () => {
    const generic = id.startsWith("gatt-") || driver.transport === "serial";
    expect(driver.priority).toBeGreaterThanOrEqual(generic ? 10 : 50);
    expect(driver.priority).toBeLessThanOrEqual(generic ? 49 : 99);
  });
});

test("docs/devices.md is what the drivers say (UPDATE=1 rewrites it)", () => {
  const path = new URL("docs/devices.md", root);
  const list = deviceList(drivers, vectors);
  if (process.env.UPDATE === "1") writeFileSync(path, list);
  expect(readFileSync(path, "utf8")).toBe(list);
});
