/** How a gateway is, in one look: the verdict first, then what there is to do, then the figures. French first. */
import type { Health } from "../control/health.ts";
import type { ErrorDefinition } from "../errors/error.ts";
import { type Sentence, say } from "../errors/sentence.ts";
import { siteIso } from "../measure/site-time.ts";

/** What somebody has to look at, and the command that shows more. */
export interface Point extends Sentence {
  readonly command?: string;
}

/** An error's words by its code. */
export type Words = (code: string) => ErrorDefinition["what"] | undefined;

export function pointsOf(health: Health, isRunning: boolean, wordsOf: Words): readonly Point[] {
  const { isFull, isMovingToBoxKey, quarantine, destinations, timeZone } = health;
  const since = quarantine.since === undefined ? "" : siteIso(quarantine.since, timeZone);
  return [
    ...(isRunning
      ? []
      : [
          {
            ...say(
              "la passerelle est arrêtée : rien n'est lu ni livré",
              "the gateway is stopped: nothing is read or delivered",
            ),
            command: "systemctl status vigie",
          },
        ]),
    ...(isFull
      ? [
          say(
            "le journal est plein : les lectures restent dans les appareils",
            "the journal is full: readings stay in the devices",
          ),
        ]
      : []),
    ...(isMovingToBoxKey
      ? [
          {
            ...say(
              "un changement de clé de chiffrement n'est pas fini",
              "a change of the encryption key is not finished",
            ),
            ...(isRunning ? {} : { command: "vigie keys rotate --box" }),
          },
        ]
      : []),
    ...destinations.flatMap((one) => destinationPoints(one, wordsOf)),
    ...(quarantine.count === 0
      ? []
      : [
          {
            ...say(
              `quarantaine : ${count(quarantine.count, "mesure attend qu'on dise de qui elle est", "mesures attendent qu'on dise de qui elles sont")}, depuis le ${since}`,
              `quarantine: ${count(quarantine.count, "reading waits for somebody to say whose it is", "readings wait for somebody to say whose they are")}, since ${since}`,
            ),
            command: "vigie quarantine list",
          },
        ]),
  ];
}

function destinationPoints({ name, line, aside }: Health["destinations"][number], wordsOf: Words): readonly Point[] {
  const isAway = line !== undefined && (line.state === "waiting" || line.state === "suspended");
  const trouble = line?.trouble;
  const words = trouble === undefined ? undefined : wordsOf(trouble);
  const because = trouble === undefined ? say("", "") : say(` : ${words?.fr ?? trouble}`, `: ${words?.en ?? trouble}`);
  return [
    ...(isAway
      ? [
          {
            ...say(`${name} ne prend rien${because.fr}`, `${name} takes nothing${because.en}`),
            ...(trouble === undefined ? {} : { command: `vigie errors ${trouble}` }),
          },
        ]
      : []),
    ...(aside === 0
      ? []
      : [
          {
            ...say(
              `${name} a refusé ${count(aside, "mesure, mise de côté", "mesures, mises de côté")}`,
              `${name} has refused ${count(aside, "measure, put aside", "measures, put aside")}`,
            ),
            command: `vigie deliveries dead --destination ${name}`,
          },
        ]),
  ];
}

export function verdictLines(points: readonly Point[]): readonly string[] {
  if (points.length === 0) return ["TOUT VA BIEN · ALL IS WELL"];
  return [
    `À VOIR : ${points.length} · TO BE LOOKED AT: ${points.length}`,
    ...points.flatMap(({ fr, en, command }) => [
      `  ✗ ${fr}`,
      `    ${en}`,
      ...(command === undefined ? [] : [`    → ${command}`]),
    ]),
  ];
}

const states = {
  connecting: "se connecte · connecting",
  connected: "connectée · connected",
  waiting: "attend avant de réessayer · waits before it tries again",
  suspended: "suspendue · suspended",
  closed: "fermée · closed",
} as const;

export function deliveryLines({ destinations, lastSeq }: Health): readonly string[] {
  if (destinations.length === 0)
    return ["livré à · delivered to      aucune destination configurée · no destination configured"];
  return destinations.map(({ name, line, through, again }, index) => {
    const heading = index === 0 ? "livré à · delivered to      " : " ".repeat(28);
    const left = lastSeq - through;
    const parts = [
      ...(line === undefined ? [] : [states[line.state]]),
      left === 0 ? "tout est confirmé · all is confirmed" : `${left} en attente · waiting (n° ${through} / ${lastSeq})`,
      ...(again === 0 ? [] : [`${again} à renvoyer · to go again`]),
    ];
    return `${heading}${name} : ${parts.join(", ")}`;
  });
}

const count = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;
