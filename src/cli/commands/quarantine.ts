/** `vigie quarantine`: what waits because nobody can be sure whose it is. Never what was measured. */
import type { Command } from "commander";
import type { Sentence } from "../../errors/error.ts";
import { quarantineWords } from "../../registry/port.ts";
import { command, inBoth } from "../command.ts";
import { type ActorOptions, actorOf, ask, asking, type ControlOptions, changing } from "../control.ts";
import { type Io, print } from "../io.ts";
import { table } from "../table.ts";

export default function quarantine(io: Io, summary: Sentence): Command {
  const list = asking(
    command(io, { name: "list", summary: { fr: "donne ce qui attend", en: "lists what waits" } }),
  ).action(async (options: ControlOptions) => {
    const { waiting } = await ask(io, options, { do: "quarantine-list" }, "quarantine");
    if (options.json === true) return print(io.stdout, JSON.stringify(waiting, null, 2));
    const { devices } = await ask(io, options, { do: "registry-show" }, "registry");
    const rows = waiting.map(({ id, kind, device, measuredAt, receivedAt, reason }) => [
      id,
      kind,
      devices.find(({ address }) => address === device)?.label ?? device,
      measuredAt,
      receivedAt,
      `${quarantineWords[reason].fr} · ${quarantineWords[reason].en}`,
    ]);
    const headings = [
      "n°",
      "mesure · measure",
      "appareil · device",
      "mesurée · measured",
      "reçue · received",
      "motif · reason",
    ];
    await print(io.stdout, ...table(headings, rows));
  });
  const ids = inBoth("n° donnés par `quarantine list`", "numbers from `quarantine list`");
  const release = changing(
    command(io, {
      name: "release",
      summary: { fr: "rend des mesures à leur personne", en: "gives readings to their person" },
    })
      .argument("<id...>", ids)
      .option(
        "--person <reference>",
        inBoth(
          "la personne ; à défaut, celle que le registre désigne à présent",
          "the person; by default whom the registry names by now",
        ),
      ),
    "needed",
  ).action(async (all: readonly string[], options: ActorOptions & { readonly person?: string }) => {
    const { person, reason = "" } = options;
    const actor = { ...actorOf(options), reason };
    for (const id of all) {
      const request = { do: "quarantine-release", id, ...(person === undefined ? {} : { person }), actor } as const;
      await ask(io, options, request, "done");
    }
  });
  const discard = changing(
    command(io, {
      name: "discard",
      summary: {
        fr: "écarte des mesures ; leur trace signée reste",
        en: "sets readings aside; their signed trace stays",
      },
    }).argument("<id...>", ids),
    "needed",
  ).action(async (all: readonly string[], options: ActorOptions) => {
    const actor = { ...actorOf(options), reason: options.reason ?? "" };
    for (const id of all) await ask(io, options, { do: "quarantine-discard", id, actor }, "done");
  });
  const examples = [
    "vigie quarantine list --config config/vigie.yaml",
    'vigie quarantine release 5ab01c77 --person r-0012 --reason "vu avec l\'infirmière" --config config/vigie.yaml',
    'vigie quarantine discard 5ab01c77 --reason "essai de l\'appareil" --config config/vigie.yaml',
  ];
  return command(io, { name: "quarantine", summary, examples })
    .addCommand(list)
    .addCommand(release)
    .addCommand(discard);
}
