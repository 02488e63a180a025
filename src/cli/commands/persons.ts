/** `vigie persons`: who is followed here, by opaque reference and label. The INS goes in, and is never shown. */
import type { Command } from "commander";
import { z } from "zod";
import type { Sentence } from "../../errors/error.ts";
import { say, verbatim } from "../../errors/sentence.ts";
import { badgeFrom } from "../badge.ts";
import { command, inBoth } from "../command.ts";
import { type ActorOptions, actorOf, ask, asking, type ControlOptions, changing } from "../control.ts";
import { errors } from "../errors.ts";
import { type Io, print } from "../io.ts";
import { readJson } from "../json-file.ts";
import { exportCommand } from "../registry-export.ts";
import { table } from "../table.ts";

interface AddOptions extends ActorOptions {
  readonly system: string;
  readonly label: string;
  readonly badge?: string;
  readonly identity?: string;
}

interface BadgeOptions extends ActorOptions {
  readonly reader?: string;
  readonly badge?: string;
  readonly none?: true;
}

export default function persons(io: Io, summary: Sentence): Command {
  const list = asking(
    command(io, { name: "list", summary: { fr: "donne les personnes suivies", en: "lists the persons followed" } }),
  ).action(async (options: ControlOptions) => {
    const { persons } = await ask(io, options, { do: "registry-show" }, "registry");
    if (options.json === true) return print(io.stdout, JSON.stringify(persons, null, 2));
    const yes = (is: boolean) => (is ? "oui · yes" : "–");
    const rows = persons.map(({ label, reference, qualified, badge }) => [
      label,
      reference,
      yes(qualified),
      yes(badge),
    ]);
    await print(
      io.stdout,
      ...table(["nom d'usage · label", "référence · reference", "INS qualifiée · qualified", "badge"], rows),
    );
  });
  const add = changing(
    command(io, {
      name: "add",
      summary: {
        fr: "ajoute une personne, ou change ce qu'on en sait",
        en: "adds a person, or changes what is known of them",
      },
    })
      .argument(
        "<reference>",
        inBoth("la référence opaque, jamais un NIR ni un INS", "the opaque reference, never a NIR or an INS"),
      )
      .requiredOption("--system <uri>", inBoth("le système de cette référence", "the system of that reference"))
      .requiredOption("--label <text>", inBoth("le nom d'usage sur le site", "what the site calls them"))
      .option("--badge <text>", inBoth("ce que son badge dit au lecteur", "what their badge says to a reader"))
      .option(
        "--identity <file>",
        inBoth(
          "l'identité qualifiée, en JSON ; - : entrée standard",
          "the qualified identity, as JSON; -: standard input",
        ),
      ),
  ).action(async (reference: string, options: AddOptions) => {
    const { system, label, badge, identity } = options;
    const person = {
      reference,
      system,
      label,
      ...(badge === undefined ? {} : { badge }),
      ...(identity === undefined ? {} : { ins: await readJson(io, identity) }),
    };
    await ask(io, options, { do: "person-put", person, actor: actorOf(options) }, "done");
  });
  const remove = changing(
    command(io, {
      name: "remove",
      summary: {
        fr: "oublie une personne ; ses mesures restent les siennes",
        en: "forgets a person; their readings stay theirs",
      },
    }).argument("<reference>"),
  ).action(async (person: string, options: ActorOptions) => {
    await ask(io, options, { do: "person-remove", person, actor: actorOf(options) }, "done");
  });
  const badge = changing(
    command(io, {
      name: "badge",
      summary: { fr: "donne un badge à une personne, ou le retire", en: "gives a person a badge, or takes it away" },
      examples: [
        "vigie persons badge r-0012 --reader couloir-a --config config/vigie.yaml",
        "vigie persons badge r-0012 --none --config config/vigie.yaml",
      ],
    })
      .argument("<reference>")
      .option(
        "--reader <name>",
        inBoth("le prochain badge présenté à ce lecteur", "the next badge that is shown to this reader"),
      )
      .option(
        "--badge <text>",
        inBoth(
          "ou ce que le badge dit au lecteur ; - : une ligne de l'entrée standard",
          "or what the badge says to a reader; -: one line of standard input",
        ),
      )
      .option("--none", inBoth("ou aucun", "or none")),
  ).action(async (person: string, options: BadgeOptions) => {
    const { reader, badge: given, none } = options;
    const actor = actorOf(options);
    if ([reader, given, none].filter((one) => one !== undefined).length !== 1) {
      throw errors.USAGE({ expected: say("--reader, --badge ou --none", "--reader, --badge or --none") });
    }
    if (reader !== undefined) {
      await print(io.stdout, "Présentez le badge au lecteur.\nShow the badge to the reader.");
      await ask(io, options, { do: "badge-learn", person, reader, actor }, "done");
    } else {
      const told = given === "-" ? await badgeFrom(io) : given;
      const request = { do: "person-badge", person, ...(told === undefined ? {} : { badge: told }), actor } as const;
      await ask(io, options, request, "done");
    }
  });
  const erase = changing(
    command(io, {
      name: "erase",
      summary: {
        fr: "efface du journal toutes les mesures d'une personne (RGPD), livrées ou non ; sans retour",
        en: "erases all readings of a person from the journal (GDPR), delivered or not; for good",
      },
    }).argument("<reference>"),
    "needed",
  ).action(async (person: string, options: ActorOptions) => {
    const actor = { ...actorOf(options), reason: options.reason ?? "" };
    const { erased = 0 } = await ask(io, options, { do: "person-erase", person, actor }, "done");
    if (options.json === true) return print(io.stdout, JSON.stringify({ erased }));
    await print(io.stdout, `${erased} enregistrement(s) effacé(s) · record(s) erased`);
  });
  const importing = changing(
    command(io, {
      name: "import",
      summary: {
        fr: "ajoute ou change les personnes d'un fichier JSON",
        en: "adds or changes the persons of a JSON file",
      },
    }).argument(
      "<file>",
      inBoth("une liste de personnes ; - : entrée standard", "a list of persons; -: standard input"),
    ),
  ).action(async (file: string, options: ActorOptions) => {
    const parsed = z.array(z.unknown()).safeParse(await readJson(io, file));
    if (!parsed.success)
      throw errors.INPUT_MALFORMED({
        where: verbatim(file),
        expected: say("une liste de personnes", "a list of persons"),
      });
    for (const person of parsed.data) {
      await ask(io, options, { do: "person-put", person, actor: actorOf(options) }, "done");
    }
    await print(io.stdout, `${parsed.data.length} personne(s) · person(s)`);
  });
  const exporting = exportCommand(io, {
    summary: { fr: "écrit les personnes dans un fichier (0600)", en: "writes the persons to a file (0600)" },
    part: (document) => z.object({ persons: z.array(z.unknown()) }).parse(document).persons,
  });
  const examples = [
    "vigie persons list --config config/vigie.yaml",
    "vigie persons badge r-0012 --reader couloir-a --config config/vigie.yaml",
    "vigie persons remove r-0012 --config config/vigie.yaml",
    'vigie persons erase r-0012 --reason "demande du résident" --config config/vigie.yaml',
    "vigie persons import personnes.json --config config/vigie.yaml",
    "vigie persons export personnes.json --config config/vigie.yaml",
    'vigie persons add r-0012 --system urn:oid:1.2.250.1.999.1 --label "Chambre 12" --config config/vigie.yaml',
  ];
  return command(io, { name: "persons", summary, examples })
    .addCommand(list)
    .addCommand(add)
    .addCommand(remove)
    .addCommand(badge)
    .addCommand(erase)
    .addCommand(importing)
    .addCommand(exporting);
}
