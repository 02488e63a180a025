import { defineErrors, ExitCode } from "../../errors/error.ts";

export const errors = defineErrors({
  BADGE_UNREADABLE: {
    what: {
      fr: "Un lecteur de badges a envoyé ce qui n'est pas un numéro de badge.",
      en: "A badge reader sent what is no badge number.",
    },
    remedy: {
      fr: "Présentez le badge de nouveau ; si cela dure, vérifiez le réglage de la ligne (`links.badges[].line`).",
      en: "Show the badge again; if it lasts, check the settings of the line (`links.badges[].line`).",
    },
    exit: ExitCode.data,
  },
});
