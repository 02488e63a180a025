/** `vigie assign`: whose a device's readings are, from when until when. */
import type { Command } from "commander";
import type { Sentence } from "../../errors/error.ts";
import { siteIso } from "../../measure/site-time.ts";
import { command, inBoth } from "../command.ts";
import { type ActorOptions, actorOf, ask, asking, type ControlOptions, changing, instant, whole } from "../control.ts";
import { type Io, print } from "../io.ts";
import { table } from "../table.ts";

interface Period {
  readonly from?: number;
  readonly until?: number;
}
type AddOptions = ActorOptions & Period & { readonly device: string; readonly person: string; readonly slot?: number };
type CorrectOptions = ActorOptions & Period & { readonly person: string };

const period = ({ from, until }: Period) => ({
  ...(from === undefined ? {} : { from }),
  ...(until === undefined ? {} : { until }),
});

export default function assign(io: Io, summary: Sentence): Command {
  const list = asking(
    command(io, { name: "list", summary: { fr: "donne les attributions", en: "lists the assignments" } }).option(
      "--all",
      inBoth("aussi celles qui ont été corrigées", "also those that were corrected"),
    ),
  ).action((options: ControlOptions & { readonly all?: boolean }) => showAssignments(io, options));
  const add = changing(
    command(io, {
      name: "add",
      summary: { fr: "attribue un appareil à une personne", en: "assigns a device to a person" },
    })
      .requiredOption("--device <address>", inBoth("l'appareil", "the device"))
      .requiredOption("--person <reference>", inBoth("la personne", "the person"))
      .option(
        "--slot <number>",
        inBoth("cet utilisateur de l'appareil seulement", "this user of the device only"),
        whole(0, 254),
      )
      .option(
        "--from <time>",
        inBoth("depuis quand, inclus ; à défaut, maintenant", "since when, inclusive; by default now"),
        instant,
      )
      .option("--until <time>", inBoth("jusqu'à quand, exclu", "until when, exclusive"), instant),
  ).action(async (options: AddOptions) => {
    const { device, person, slot } = options;
    const who = { device, person, ...(slot === undefined ? {} : { userSlot: slot }) };
    const { id } = await ask(
      io,
      options,
      { do: "assign-add", ...who, ...period(options), actor: actorOf(options) },
      "done",
    );
    await print(io.stdout, options.json === true ? JSON.stringify({ id }) : (id ?? ""));
  });
  const end = changing(
    command(io, { name: "end", summary: { fr: "termine une attribution", en: "ends an assignment" } })
      .argument("<id>")
      .option("--at <time>", inBoth("quand ; à défaut, maintenant", "when; by default now"), instant),
  ).action(async (id: string, options: ActorOptions & { readonly at?: number }) => {
    const { at } = options;
    await ask(
      io,
      options,
      { do: "assign-end", id, ...(at === undefined ? {} : { at }), actor: actorOf(options) },
      "done",
    );
  });
  const correct = changing(
    command(io, {
      name: "correct",
      summary: {
        fr: "remplace une attribution fausse ; ses mesures repartent, corrigées",
        en: "replaces a wrong assignment; its readings are sent again, amended",
      },
    })
      .argument("<id>")
      .requiredOption("--person <reference>", inBoth("la bonne personne", "the right person"))
      .option(
        "--from <time>",
        inBoth("depuis quand ; à défaut, comme avant", "since when; by default as before"),
        instant,
      )
      .option(
        "--until <time>",
        inBoth("jusqu'à quand ; à défaut, comme avant", "until when; by default as before"),
        instant,
      ),
    "needed",
  ).action(async (wrong: string, options: CorrectOptions) => {
    const { person } = options;
    const actor = { ...actorOf(options), reason: options.reason ?? "" };
    const request = { do: "assign-correct", id: wrong, person, ...period(options), actor } as const;
    const { id, amended } = await ask(io, options, request, "done");
    await print(
      io.stdout,
      options.json === true
        ? JSON.stringify({ id, amended })
        : `${id}: ${amended} mesure(s) corrigée(s) · reading(s) amended`,
    );
  });
  const examples = [
    "vigie assign add --device AA:BB:CC:DD:EE:FF --person r-0012 --config config/vigie.yaml",
    "vigie assign list --all --config config/vigie.yaml",
    "vigie assign end 1f0c9a42 --config config/vigie.yaml",
    'vigie assign correct 1f0c9a42 --person r-0014 --reason "chambres échangées" --config config/vigie.yaml',
  ];
  return command(io, { name: "assign", summary, examples })
    .addCommand(list)
    .addCommand(add)
    .addCommand(end)
    .addCommand(correct);
}

async function showAssignments(io: Io, options: ControlOptions & { readonly all?: boolean }): Promise<void> {
  const { timeZone, assignments, devices, persons } = await ask(io, options, { do: "registry-show" }, "registry");
  const shown = assignments.filter(({ correctedBy }) => options.all === true || correctedBy === undefined);
  if (options.json === true) return print(io.stdout, JSON.stringify(shown, null, 2));
  const time = (at: number | undefined) => (at === undefined ? "…" : siteIso(at, timeZone));
  const rows = shown.map(({ id, device, userSlot, person, from, until, corrects, correctedBy }) => [
    id,
    devices.find(({ address }) => address === device)?.label ?? device,
    userSlot === undefined ? "" : String(userSlot),
    persons.find(({ reference }) => reference === person)?.label ?? person,
    time(from),
    time(until),
    correctedBy !== undefined
      ? `corrigée par · corrected by ${correctedBy}`
      : corrects !== undefined
        ? `corrige · corrects ${corrects}`
        : "",
  ]);
  const headings = [
    "n°",
    "appareil · device",
    "util. · slot",
    "personne · person",
    "depuis · from",
    "jusqu'à · until",
    "",
  ];
  await print(io.stdout, ...table(headings, rows));
}
