/** `vigie registry`: devices, persons, assignments and consents as one document. */
import type { Command } from "commander";
import type { Sentence } from "../../errors/error.ts";
import { command, inBoth } from "../command.ts";
import { type ActorOptions, actorOf, ask, asking, type ControlOptions, changing } from "../control.ts";
import { type Io, print } from "../io.ts";
import { readJson, writeJson } from "../json-file.ts";

const signs = { add: "+", change: "~", end: "|", remove: "-" } as const;

export default function registry(io: Io, summary: Sentence): Command {
  const exporting = asking(
    command(io, {
      name: "export",
      summary: { fr: "écrit le registre dans un fichier (0600)", en: "writes the registry to a file (0600)" },
    })
      .argument(
        "<file>",
        inBoth("le fichier à écrire ; il ne doit pas exister", "the file to write; it must not exist"),
      )
      .option("--identities", inBoth("avec les INS", "with the INS")),
  ).action(async (file: string, options: ControlOptions & { readonly identities?: boolean }) => {
    const request = { do: "registry-export", identities: options.identities === true } as const;
    const { document } = await ask(io, options, request, "document");
    await writeJson(file, document);
    await print(io.stdout, `→ ${file}`);
  });
  const importing = changing(
    command(io, {
      name: "import",
      summary: { fr: "fait du registre ce que dit un document", en: "makes the registry what a document says" },
    })
      .argument("<file>", inBoth("le document ; - : entrée standard", "the document; -: standard input"))
      .option(
        "--dry-run",
        inBoth("dit ce qui changerait, sans rien changer", "says what would change, and changes nothing"),
      ),
  ).action(async (file: string, options: ActorOptions & { readonly dryRun?: boolean }) => {
    const document = await readJson(io, file);
    const request = {
      do: "registry-apply",
      document,
      dryRun: options.dryRun === true,
      actor: actorOf(options),
    } as const;
    const { changes } = await ask(io, options, request, "changes");
    if (options.json === true) return print(io.stdout, JSON.stringify(changes, null, 2));
    const lines = changes.map((change) => `${signs[change.do]} ${change.what} ${change.name}`);
    await print(io.stdout, ...(lines.length === 0 ? ["rien à changer · nothing to change"] : lines));
  });
  const examples = [
    "vigie registry export registre.json --config config/vigie.yaml",
    "vigie registry import registre.json --dry-run --config config/vigie.yaml",
  ];
  return command(io, { name: "registry", summary, examples }).addCommand(exporting).addCommand(importing);
}
