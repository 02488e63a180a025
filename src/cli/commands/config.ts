/** `vigie config check`: everything that is wrong with a configuration, before it is put in service. */
import type { Command } from "commander";
import { drivers } from "../../../drivers/all.ts";
import { loadAnyConfig } from "../../config/load.ts";
import { InvalidConfig } from "../../config/problem.ts";
import type { Sentence } from "../../errors/error.ts";
import { command, inBoth } from "../command.ts";
import { type Io, print } from "../io.ts";

export default function config(io: Io, summary: Sentence): Command {
  const examples = ["vigie config check config/vigie.yaml"];
  const check = command(io, { name: "check", summary, examples })
    .argument("<file>", inBoth("le fichier YAML", "the YAML file"))
    .option("--json", inBoth("les problèmes pour un programme", "the problems for a program"))
    .action((file: string, { json }: { readonly json?: boolean }) => checkFile(io, file, json === true));
  return command(io, { name: "config", summary, examples }).addCommand(check);
}

async function checkFile(io: Io, file: string, json: boolean): Promise<void> {
  try {
    await loadAnyConfig(file, drivers);
  } catch (error) {
    if (!json || !(error instanceof InvalidConfig)) throw error;
    io.exitCode = error.exit;
    return print(io.stdout, JSON.stringify({ file, ok: false, problems: error.problems }, null, 2));
  }
  await print(io.stdout, json ? JSON.stringify({ file, ok: true, problems: [] }, null, 2) : `${file} : OK`);
}
