import { expect, test } from "vitest";
import { deliveryLines, pointsOf, verdictLines } from "../../src/cli/health-words.ts";
import type { Health } from "../../src/control/health.ts";
import { say } from "../../src/errors/sentence.ts";

const well: Health = {
  gateway: "ehpad-1",
  timeZone: "Europe/Paris",
  lastSeq: 1_050,
  isFull: false,
  isMovingToBoxKey: false,
  destinations: [
    { name: "coordination", through: 1_050, aside: 0, again: 0, line: { name: "coordination", state: "connected" } },
  ],
  quarantine: { count: 0 },
};
const words = (code: string) => (code === "DELIVERY_UNREACHABLE" ? say("Pas de réponse.", "No answer.") : undefined);
const verdict = (health: Health, isRunning = true) => verdictLines(pointsOf(health, isRunning, words));
const [coordination] = well.destinations;
const but = (change: Partial<Health["destinations"][number]>): Health => ({
  ...well,
  destinations: coordination === undefined ? [] : [{ ...coordination, ...change }],
});

test("a gateway that has nothing for anybody to do says so in one line", () => {
  expect(verdict(well)).toEqual(["TOUT VA BIEN · ALL IS WELL"]);
  // What is on its way is nobody's trouble.
  expect(verdict(but({ through: 900, again: 2, line: { name: "coordination", state: "connecting" } }))).toHaveLength(1);
});

test("each trouble is told in French first, with the command that shows more", () => {
  expect(
    verdict({
      ...but({
        aside: 1,
        line: { name: "coordination", state: "waiting", trouble: "DELIVERY_UNREACHABLE" },
      }),
      quarantine: { count: 2, since: Date.UTC(2026, 10, 20, 7) },
    }),
  ).toEqual([
    "À VOIR : 3 · TO BE LOOKED AT: 3",
    "  ✗ coordination ne prend rien : Pas de réponse.",
    "    coordination takes nothing: No answer.",
    "    → vigie errors DELIVERY_UNREACHABLE",
    "  ✗ coordination a refusé 1 mesure, mise de côté",
    "    coordination has refused 1 measure, put aside",
    "    → vigie deliveries dead --destination coordination",
    "  ✗ quarantaine : 2 mesures attendent qu'on dise de qui elles sont, depuis le 2026-11-20T08:00:00+01:00",
    "    quarantine: 2 readings wait for somebody to say whose they are, since 2026-11-20T08:00:00+01:00",
    "    → vigie quarantine list",
  ]);
});

test("a stopped gateway, a full journal and a half-done change of key are points", () => {
  const told = verdict({ ...well, isFull: true, isMovingToBoxKey: true }, false).join("\n");
  expect(told).toContain("la passerelle est arrêtée");
  expect(told).toContain("le journal est plein");
  expect(told).toContain("→ vigie keys rotate --box");
});

test("each destination says how far it is", () => {
  const second = { name: "dossier", through: 1_000, aside: 3, again: 1 };
  expect(deliveryLines({ ...well, destinations: [...well.destinations, second] })).toEqual([
    "livré à · delivered to      coordination : connectée · connected, tout est confirmé · all is confirmed",
    "                            dossier : 50 en attente · waiting (n° 1000 / 1050), 1 à renvoyer · to go again",
  ]);
  expect(deliveryLines({ ...well, destinations: [] })).toHaveLength(1);
});
