import { defineErrors, ExitCode } from "../errors/error.ts";

export const errors = defineErrors({
  CONTROL_MALFORMED: {
    what: { fr: "La passerelle ne comprend pas cette demande.", en: "The gateway does not understand this request." },
    remedy: {
      fr: "La commande et la passerelle doivent être de la même version de Vigie : `vigie --version`.",
      en: "The command and the gateway must be of the same version of Vigie: `vigie --version`.",
    },
    exit: ExitCode.data,
  },
  CONTROL_CUT: {
    what: { fr: "La passerelle s'est arrêtée avant de répondre.", en: "The gateway stopped before it answered." },
    remedy: {
      fr: "Relancez la commande ; les listes disent ce qui a été fait.",
      en: "Run the command again; the lists tell what was done.",
    },
    exit: ExitCode.tempFail,
  },
  CONTROL_UNAVAILABLE: {
    what: {
      fr: "La passerelle tourne, mais les commandes ne peuvent pas lui parler.",
      en: "The gateway runs, but commands cannot talk to it.",
    },
    remedy: {
      fr: "Choisissez un `journal.path` de moins de 90 caractères, accessible à l'utilisateur de la passerelle seul.",
      en: "Choose a `journal.path` of fewer than 90 characters that the gateway's user alone may enter.",
    },
    exit: ExitCode.io,
  },
});
