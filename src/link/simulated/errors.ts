import { defineErrors, ExitCode } from "../../errors/error.ts";

export const errors = defineErrors({
  SCENARIO_INVALID: {
    what: { fr: "Ce scénario ne se lit pas.", en: "This scenario cannot be read." },
    remedy: {
      fr: "Corrigez chaque point nommé ; config/demo-scenario.yaml montre la forme attendue.",
      en: "Mend each point named; config/demo-scenario.yaml shows the expected form.",
    },
    exit: ExitCode.data,
  },
  SIMULATED_NOT_TAKEN: {
    what: {
      fr: "Le journal n'a pas pris une trame d'un appareil simulé.",
      en: "The journal did not take a frame of a simulated device.",
    },
    remedy: {
      fr: "Vérifiez l'espace disque et `vigie journal status`. L'appareil simulé garde sa mesure et la renvoie.",
      en: "Check disk space and `vigie journal status`. The simulated device keeps its reading and sends it again.",
    },
    exit: ExitCode.tempFail,
  },
});
