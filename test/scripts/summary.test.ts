import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const summary = fileURLToPath(new URL("../../scripts/lib/summary.mjs", import.meta.url));
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vigie-summary-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function lastLine(report: object | string | undefined, status: number) {
  const file = join(folder, "vitest.json");
  if (report !== undefined) writeFileSync(file, typeof report === "string" ? report : JSON.stringify(report));
  const run = spawnSync(process.execPath, [summary, file, String(status)]);
  return [String(run.stdout).trim(), run.status];
}
const counts = (passed: number, failed: number, skipped: number, success = failed === 0) => ({
  numPassedTests: passed,
  numFailedTests: failed,
  numPendingTests: skipped,
  numTodoTests: 0,
  success,
});

describe("the last line of CI", () => {
  test.each([
    ["all is well", counts(9, 0, 0), 0, "9 passed, 0 failed", 0],
    ["tests were skipped", counts(9, 0, 2), 0, "9 passed, 0 failed, 2 skipped", 0],
    ["a test failed", counts(8, 1, 0), 1, "8 passed, 1 failed", 1],
    ["tsc, Biome or coverage failed", counts(9, 0, 0), 1, "9 passed, 1 failed", 1],
    ["a test file could not be loaded", counts(9, 0, 0, false), 1, "9 passed, 1 failed", 1],
    ["vitest wrote no report", undefined, 1, "0 passed, 1 failed", 1],
    ["vitest wrote no report and claims success", undefined, 0, "0 passed, 1 failed", 1],
    ["the report is cut short", '{"numPassed', 0, "0 passed, 1 failed", 1],
    ["the report is another one", {}, 0, "0 passed, 1 failed", 1],
  ])("where %s", (_name, report, status, line, exit) => {
    expect(lastLine(report, status)).toEqual([line, exit]);
  });
});
