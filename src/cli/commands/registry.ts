/** `vigie registry`: devices, persons, assignments and consents as one document. */
import type { Command } from "commander";
import type { Sentence } from "../../errors/error.ts";
import { command, inBoth } from "../command.ts";
import { type ActorOptions, actorOf, ask, changing } from "../control.ts";
import { type Io, print } from "../io.ts";
import { readJson } from "../json-file.ts";
import { exportCommand } from "../registry-export.ts";

const signs = { add: "+", change: "~", end: "|", remove: "-" } as const;

export default function registry(io: Io, summary: Sentence): Command {
  const exporting = exportCommand(io, {
    summary: { fr: "écrit le registre dans un fichier (0600)", en: "writes the registry to a file (0600)" },
    part: (document) => document,
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
