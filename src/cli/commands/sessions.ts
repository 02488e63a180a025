/** `vigie sessions`: on a shared device, whose the next reading is. */
import type { Command } from "commander";
import type { Sentence } from "../../errors/error.ts";
import { say } from "../../errors/sentence.ts";
import { siteIso } from "../../measure/site-time.ts";
import { badgeFrom } from "../badge.ts";
import { command, inBoth } from "../command.ts";
import { type ActorOptions, actorOf, ask, asking, type ControlOptions, changing, whole } from "../control.ts";
import { errors } from "../errors.ts";
import { type Io, print } from "../io.ts";
import { table } from "../table.ts";

interface OpenOptions extends ActorOptions {
  readonly device: string;
  readonly person?: string;
  readonly badge?: string;
  readonly minutes?: number;
}

export default function sessions(io: Io, summary: Sentence): Command {
  const list = asking(
    command(io, { name: "list", summary: { fr: "donne les sessions ouvertes", en: "lists the open sessions" } }),
  ).action(async (options: ControlOptions) => {
    const { timeZone, sessions, devices, persons } = await ask(io, options, { do: "registry-show" }, "registry");
    if (options.json === true) return print(io.stdout, JSON.stringify(sessions, null, 2));
    const rows = sessions.map(({ device, person, opened, lasts, by }) => [
      devices.find(({ address }) => address === device)?.label ?? device,
      persons.find(({ reference }) => reference === person)?.label ?? person,
      siteIso(opened.wall + lasts, timeZone),
      by,
    ]);
    await print(io.stdout, ...table(["appareil · device", "personne · person", "jusqu'à · until", "par · by"], rows));
  });
  const open = changing(
    command(io, {
      name: "open",
      summary: {
        fr: "la prochaine mesure de l'appareil est celle de cette personne",
        en: "the device's next reading is this person's",
      },
    })
      .requiredOption("--device <address>", inBoth("l'appareil partagé", "the shared device"))
      .option("--person <reference>", inBoth("la personne", "the person"))
      .option(
        "--badge <text>",
        inBoth(
          "ou son badge ; - : une ligne de l'entrée standard, telle qu'un lecteur l'écrit",
          "or their badge; -: one line of standard input, as a reader writes it",
        ),
      )
      .option(
        "--minutes <number>",
        inBoth("pour combien de temps ; à défaut 4", "for how long; by default 4"),
        whole(1, 60),
      ),
  ).action(async (options: OpenOptions) => {
    const { device, person, badge, minutes } = options;
    if ((person === undefined) === (badge === undefined)) {
      throw errors.USAGE({ expected: say("--person ou --badge", "--person or --badge") });
    }
    const told = badge === "-" ? await badgeFrom(io) : badge;
    const request = {
      do: "session-open",
      device,
      ...(person === undefined ? {} : { person }),
      ...(told === undefined ? {} : { badge: told }),
      ...(minutes === undefined ? {} : { lasts: minutes * 60_000 }),
      actor: actorOf(options),
    } as const;
    const { id } = await ask(io, options, request, "done");
    await print(io.stdout, options.json === true ? JSON.stringify({ id }) : (id ?? ""));
  });
  const close = changing(
    command(io, {
      name: "close",
      summary: { fr: "ferme la session d'un appareil", en: "closes a device's session" },
    }).requiredOption("--device <address>", inBoth("l'appareil partagé", "the shared device")),
  ).action(async (options: ActorOptions & { readonly device: string }) => {
    await ask(io, options, { do: "session-close", device: options.device, actor: actorOf(options) }, "done");
  });
  const examples = [
    "vigie sessions open --device balance-1 --badge 0004711 --config config/vigie.yaml",
    "vigie sessions close --device balance-1 --config config/vigie.yaml",
    "vigie sessions list --config config/vigie.yaml",
  ];
  return command(io, { name: "sessions", summary, examples }).addCommand(list).addCommand(open).addCommand(close);
}
