/** The last line of CI, from vitest's JSON report: a run that wrote none has failed. Usage: summary.mjs REPORT STATUS */
import { readFileSync } from "node:fs";

const [report = "", status = "1"] = process.argv.slice(2);
const { passed, failed, skipped } = counts(report);
// tsc, Biome, coverage or vitest itself can fail without a failing test.
const failures = failed === 0 && status !== "0" ? 1 : failed;
console.log(`${passed} passed, ${failures} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`);
process.exitCode = failures === 0 ? 0 : 1;

function counts(file) {
  const none = { passed: 0, failed: 1, skipped: 0 };
  try {
    const run = JSON.parse(readFileSync(file, "utf8"));
    if (!Number.isInteger(run.numPassedTests) || !Number.isInteger(run.numFailedTests)) return none;
    const unloaded = run.success || run.numFailedTests > 0 ? 0 : 1; // a file that could not be loaded has no tests
    return {
      passed: run.numPassedTests,
      failed: run.numFailedTests + unloaded,
      skipped: run.numPendingTests + run.numTodoTests,
    };
  } catch {
    return none; // no report, or half of one: the run crashed
  }
}
