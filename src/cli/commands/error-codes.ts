/** `vigie errors`: what a code means and what to do about it, without a network. */
import type { Command } from "commander";
import { nearest } from "../../config/nearest.ts";
import type { Sentence } from "../../errors/error.ts";
import { verbatim } from "../../errors/sentence.ts";
import { type CatalogueEntry, errorCatalogue } from "../catalogue.ts";
import { command, inBoth } from "../command.ts";
import { errors } from "../errors.ts";
import { type Io, print } from "../io.ts";

export default function errorCodes(io: Io, summary: Sentence): Command {
  return command(io, { name: "errors", summary, examples: ["vigie errors CONFIG_INVALID", "vigie errors --json"] })
    .argument("[code]", inBoth("un code ; à défaut, tous", "a code; by default all of them"))
    .option("--json", inBoth("pour un programme", "for a program"))
    .action(async (code: string | undefined, { json }: { readonly json?: boolean }) => {
      const chosen = choose(await errorCatalogue(), code);
      await print(io.stdout, json === true ? JSON.stringify(chosen, null, 2) : chosen.map(paragraph).join("\n\n"));
    });
}

function choose(all: readonly CatalogueEntry[], code: string | undefined): readonly CatalogueEntry[] {
  if (code === undefined) return all;
  const chosen = all.filter((entry) => entry.code === code.toUpperCase());
  if (chosen.length > 0) return chosen;
  const near = nearest(
    code,
    all.map((entry) => entry.code),
  );
  throw errors.ERROR_UNKNOWN({ found: verbatim(code), ...(near === undefined ? {} : { expected: verbatim(near) }) });
}

function paragraph({ code, what, remedy, exit }: CatalogueEntry): string {
  return [`${code} (exit ${exit})`, `  ${what.fr}`, `  → ${remedy.fr}`, `  ${what.en}`, `  → ${remedy.en}`].join("\n");
}
