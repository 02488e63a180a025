/** `export <file>` of `vigie registry` and `vigie persons`: the registry, or a part of it, to a file for its owner alone. */
import type { Command } from "commander";
import type { Sentence } from "../errors/error.ts";
import { command, inBoth } from "./command.ts";
import { ask, asking, type ControlOptions } from "./control.ts";
import { type Io, print } from "./io.ts";
import { writeJson } from "./json-file.ts";

export interface RegistryExport {
  readonly summary: Sentence;
  /** What of the document is written. */
  readonly part: (document: unknown) => unknown;
}

export function exportCommand(io: Io, { summary, part }: RegistryExport): Command {
  return asking(
    command(io, { name: "export", summary })
      .argument(
        "<file>",
        inBoth("le fichier à écrire ; il ne doit pas exister", "the file to write; it must not exist"),
      )
      .option("--identities", inBoth("avec les INS", "with the INS")),
  ).action(async (file: string, options: ControlOptions & { readonly identities?: boolean }) => {
    const request = { do: "registry-export", identities: options.identities === true } as const;
    const { document } = await ask(io, options, request, "document");
    const written = part(document);
    await writeJson(file, written);
    const count = Array.isArray(written) ? `${written.length} ` : "";
    await print(io.stdout, options.json === true ? JSON.stringify({ file }) : `${count}→ ${file}`);
  });
}
