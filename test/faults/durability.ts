/**
 * The table of docs/durability.md, one line per fault, written by the tests themselves:
 * `VIGIE_DURABILITY=docs/durability.md npx vitest run --no-file-parallelism test/faults`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { seed } from "./random.ts";

export interface Row {
  readonly fault: string;
  readonly trials: number;
  /** Acknowledged records that were in danger, all trials together. */
  readonly acknowledged: number;
  /** Trials in which a promise was broken. */
  readonly broken: number;
  /** The most acknowledged records that one trial lost. */
  readonly worstLoss: number;
  /** What else the test saw. */
  readonly note?: string;
}

/** Prints the line, and puts it in place of the line of the same fault where VIGIE_DURABILITY names the page. */
export function publish({ fault, trials, acknowledged, broken, worstLoss, note = "" }: Row): void {
  const line = `| ${[fault, trials, acknowledged, broken, worstLoss, seed, note].join(" | ")} |`;
  console.log(line);
  const page = process.env["VIGIE_DURABILITY"];
  if (page === undefined) return;
  const lines = readFileSync(page, "utf8").split("\n");
  const there = lines.findIndex((old) => old.startsWith(`| ${fault} |`));
  if (there >= 0) lines[there] = line;
  else lines.splice(lines.indexOf("<!-- end of the table -->"), 0, line);
  writeFileSync(page, lines.join("\n"));
}
