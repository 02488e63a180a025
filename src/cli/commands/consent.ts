/** `vigie consent`: which destination may have what is a person's. */
import { type Command, Option } from "commander";
import type { Sentence } from "../../errors/error.ts";
import { siteIso } from "../../measure/site-time.ts";
import { media } from "../../registry/shape.ts";
import { command, inBoth } from "../command.ts";
import { type ActorOptions, actorOf, ask, asking, type ControlOptions, changing, instant } from "../control.ts";
import { type Io, print } from "../io.ts";
import { table } from "../table.ts";

interface SayOptions extends ActorOptions {
  readonly person: string;
  readonly destination: string;
  readonly medium: (typeof media)[number];
  readonly at?: number;
}

const words = { given: "donné · given", withdrawn: "retiré · withdrawn" } as const;

export default function consent(io: Io, summary: Sentence): Command {
  const list = asking(
    command(io, {
      name: "list",
      summary: { fr: "donne ce que chacun a dit, et quand", en: "lists what each has said, and when" },
    }),
  ).action(async (options: ControlOptions) => {
    const { timeZone, consents, persons } = await ask(io, options, { do: "registry-show" }, "registry");
    if (options.json === true) return print(io.stdout, JSON.stringify(consents, null, 2));
    const rows = consents.flatMap(({ person, destination, said }) =>
      said.map(({ what, at, medium, by }) => [
        persons.find(({ reference }) => reference === person)?.label ?? person,
        destination,
        words[what],
        siteIso(at, timeZone),
        medium,
        by,
      ]),
    );
    const headings = [
      "personne · person",
      "destination",
      "consentement · consent",
      "quand · when",
      "support · medium",
      "par · by",
    ];
    await print(io.stdout, ...table(headings, rows));
  });
  const saying = (name: "give" | "withdraw", what: SayWhat, said: Sentence) =>
    changing(
      command(io, { name, summary: said })
        .requiredOption("--person <reference>", inBoth("la personne", "the person"))
        .requiredOption(
          "--destination <name>",
          inBoth("la destination, comme dans la configuration", "the destination, as in the configuration"),
        )
        .addOption(
          new Option("--medium <medium>", inBoth("par quel moyen", "by which medium"))
            .choices(media)
            .makeOptionMandatory(),
        )
        .option("--at <time>", inBoth("quand ; à défaut, maintenant", "when; by default now"), instant),
    ).action(async (options: SayOptions) => {
      const { person, destination, medium, at } = options;
      const when = at === undefined ? {} : { at };
      const request = {
        do: "consent-say",
        what,
        person,
        destination,
        medium,
        ...when,
        actor: actorOf(options),
      } as const;
      const { erased } = await ask(io, options, request, "done");
      if (options.json === true) return print(io.stdout, JSON.stringify({ erased: erased ?? 0 }));
      if ((erased ?? 0) > 0)
        await print(io.stdout, `${erased} mesure(s) en attente effacée(s) · waiting reading(s) erased`);
    });
  const give = saying("give", "given", { fr: "note un consentement", en: "records a consent" });
  const withdraw = saying("withdraw", "withdrawn", {
    fr: "note un retrait : plus rien ne part vers cette destination",
    en: "records a withdrawal: nothing more goes to that destination",
  });
  const examples = [
    "vigie consent give --person r-0012 --destination coordination --medium paper --config config/vigie.yaml",
    "vigie consent list --config config/vigie.yaml",
    "vigie consent withdraw --person r-0012 --destination coordination --medium oral --config config/vigie.yaml",
  ];
  return command(io, { name: "consent", summary, examples }).addCommand(list).addCommand(give).addCommand(withdraw);
}

type SayWhat = keyof typeof words;
