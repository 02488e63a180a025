/** `vigie deliveries`: the records that a destination refused for good, in its own words, and once more to it. */
import type { Command } from "commander";
import type { Sentence } from "../../errors/error.ts";
import { siteIso } from "../../measure/site-time.ts";
import { command, inBoth } from "../command.ts";
import { type ActorOptions, actorOf, ask, asking, type ControlOptions, changing, whole } from "../control.ts";
import { look } from "../health.ts";
import { deliveryLines, verdictLines } from "../health-words.ts";
import { type Io, print } from "../io.ts";
import { table } from "../table.ts";

const named = inBoth("la destination, comme dans la configuration", "the destination, as in the configuration");
const seqOf = whole(1, 999_999_999);

export default function deliveries(io: Io, summary: Sentence): Command {
  const status = asking(
    command(io, {
      name: "status",
      summary: {
        fr: "dit si tout part, et sinon ce qui retient quoi",
        en: "tells whether everything leaves, and if not what keeps what back",
      },
    }),
  ).action(async ({ config, json }: ControlOptions) => {
    const { health, points } = await look(config);
    if (json === true) return print(io.stdout, JSON.stringify({ destinations: health.destinations, points }));
    await print(io.stdout, ...verdictLines(points), "", ...deliveryLines(health));
  });
  const dead = asking(
    command(io, {
      name: "dead",
      summary: {
        fr: "donne ce qui est mis de côté ; les mots du serveur peuvent répéter une mesure",
        en: "lists what was put aside; the server's words may repeat a measure",
      },
    }).option("--destination <name>", named),
  ).action(async (options: ControlOptions & { readonly destination?: string }) => {
    const { destination } = options;
    const of = destination === undefined ? {} : { destination };
    const { letters, timeZone } = await ask(io, options, { do: "deliveries-dead", ...of }, "dead-letters");
    if (options.json === true) return print(io.stdout, JSON.stringify(letters, null, 2));
    const rows = letters.map(({ destination, seq, code, at, again, words }) => [
      destination,
      String(seq),
      code,
      siteIso(at, timeZone),
      again ? "à renvoyer · to go again" : "de côté · aside",
      words,
    ]);
    await print(
      io.stdout,
      ...table(["destination", "n°", "code", "quand · when", "état · state", "ses mots · its words"], rows),
    );
  });
  const retry = changing(
    command(io, {
      name: "retry",
      summary: { fr: "renvoie ce qui a été mis de côté", en: "sends again what was put aside" },
    })
      .argument("<seq...>", inBoth("n° donnés par `deliveries dead`", "numbers from `deliveries dead`"))
      .requiredOption("--destination <name>", named),
  ).action(async (seqs: readonly string[], options: ActorOptions & { readonly destination: string }) => {
    const { destination } = options;
    const request = { do: "deliveries-retry", destination, seqs: seqs.map(seqOf), actor: actorOf(options) } as const;
    const { count } = await ask(io, options, request, "again");
    if (options.json === true) return print(io.stdout, JSON.stringify({ count }));
    await print(io.stdout, `${count} enregistrements à renvoyer · records to be sent again`);
  });
  const examples = [
    "vigie deliveries status --config config/vigie.yaml",
    "vigie deliveries dead --config config/vigie.yaml",
    'vigie deliveries retry 1042 1043 --destination fhir --reason "patient créé" --config config/vigie.yaml',
  ];
  return command(io, { name: "deliveries", summary, examples }).addCommand(status).addCommand(dead).addCommand(retry);
}
