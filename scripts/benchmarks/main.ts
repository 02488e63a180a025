/** `npm run bench [-- NAME…]`: measures, in one run, and prints figures and ratios. `--json` for a program. */
import { cpus } from "node:os";
import { delivery } from "./delivery.ts";
import { journal } from "./journal.ts";
import { line } from "./line.ts";
import { receiver } from "./receiver.ts";
import { type Row, table } from "./report.ts";
import { start } from "./start.ts";

const benchmarks: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  start,
  line,
  journal,
  receiver,
  delivery,
};

const args = process.argv.slice(2);
const wanted = args.filter((arg) => !arg.startsWith("--"));
const isJson = args.includes("--json");
if (!isJson) process.stdout.write(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}\n`);
for (const [name, run] of Object.entries(benchmarks)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const rows = await run();
  const text = isJson
    ? rows.map((row) => JSON.stringify({ name, ...row })).join("\n")
    : `\n## ${name}\n\n${table(rows)}`;
  process.stdout.write(`${text}\n`);
}
