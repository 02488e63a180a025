import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type SourceFile, violations } from "./house/rules.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

const files: readonly SourceFile[] = ["src", "drivers"].flatMap((folder) =>
  readdirSync(`${root}/${folder}`, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => ({ path: `${folder}/${file}`, text: readFileSync(`${root}/${folder}/${file}`, "utf8") })),
);

describe("the rules of the house", () => {
  test("hold in every file", () => {
    expect(files.length).toBeGreaterThan(50);
    expect(violations(files)).toEqual([]);
  });

  test.each([
    ["a driver that goes round the driver API", "drivers/x.ts", 'import { ms } from "../src/measure/time.ts";'],
    ["a driver with a package", "drivers/x.ts", 'import { z } from "zod";'],
    ["an arrow that runs back", "src/journal/x.ts", 'import { createIntake } from "../intake/intake.ts";'],
    ["a link that knows the journal", "src/link/serial/x.ts", 'export type { Journal } from "../../journal/port.ts";'],
    [
      "a stage that knows more than the next one's port",
      "src/intake/x.ts",
      'import {\n  openJournal,\n} from "../journal/open.ts";',
    ],
    ["somebody who knows the composition root", "src/delivery/x.ts", 'import { startGateway } from "../gateway.ts";'],
    ["a pure folder that reads files", "src/fhir/x.ts", 'import { readFileSync } from "node:fs";'],
    ["a pure folder that asks for the time", "src/seal/x.ts", "export const now = Date.now();"],
    ["a pure folder that starts a timer", "src/driver/x.ts", "setTimeout(() => {}, 1);"],
    ["a second file that knows SQLite", "src/journal/x.ts", 'import sqlite3 from "sqlite3";'],
    [
      "a dynamic import of another folder's library",
      "src/delivery/x.ts",
      'const { SerialPort } = await import("serialport");',
    ],
    ["a required package", "src/link/x.ts", 'const { connect } = require("mqtt");'],
    ["a package in no table", "src/link/x.ts", 'import got from "got";'],
    ["the environment outside of cli and config", "src/journal/x.ts", 'const home = process.env["HOME"];'],
    ["the console", "src/gateway.ts", 'console.log("started");'],
    ["a clock of one's own", "src/intake/x.ts", "const at = new Date();"],
    ["errors declared somewhere", "src/journal/x.ts", "export const errors = defineErrors({});"],
    ["a folder in no row", "src/utils/x.ts", ""],
  ])("see %s", (_name, path, text) => {
    const sqlite = { path: "src/journal/sqlite.ts", text: 'import sqlite3 from "sqlite3";' };
    expect(violations([sqlite, { path, text }])).toHaveLength(1);
  });

  test.each([
    ["a comment", "src/seal/x.ts", "/** Date.now() stands in one file. */\n// import x from 'node:fs'\n"],
    ["a port", "src/intake/x.ts", 'import type { JournalWriter } from "../journal/port.ts";'],
    ["the composition root", "src/gateway.ts", 'import { openJournal } from "./journal/open.ts";'],
    ["hashing in a pure folder", "src/seal/x.ts", 'import { createHash } from "node:crypto";'],
    ["a time that was given", "src/measure/x.ts", "const date = new Date(instant);"],
  ])("let %s be", (_name, path, text) => {
    expect(violations([{ path, text }])).toEqual([]);
  });
});
