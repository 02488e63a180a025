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
  PAIRING_NEEDS_GATEWAY: {
    what: {
      fr: "La passerelle ne tourne pas : elle seule peut appairer.",
      en: "The gateway does not run: it alone can pair.",
    },
    remedy: { fr: "`systemctl start vigie`, puis recommencez.", en: "`systemctl start vigie`, then begin anew." },
    exit: ExitCode.tempFail,
  },
  PAIRING_NO_RADIO: {
    what: { fr: "La passerelle n'a pas de liaison Bluetooth.", en: "The gateway has no Bluetooth link." },
    remedy: {
      fr: "Ajoutez `links.ble` à sa configuration ; si elle y est, la passerelle démarre encore : réessayez.",
      en: "Add `links.ble` to its configuration; if it is there, the gateway is still starting: try again.",
    },
    exit: ExitCode.config,
  },
  PAIRING_OFF: {
    what: {
      fr: "La configuration de cette passerelle ne permet pas d'appairer.",
      en: "The configuration of this gateway does not allow pairing.",
    },
    remedy: {
      fr: "Mettez `links.ble.discover: true`, puis relancez la passerelle.",
      en: "Set `links.ble.discover: true`, then restart the gateway.",
    },
    exit: ExitCode.config,
  },
  PAIRING_OVER: {
    what: {
      fr: "Cet appairage est terminé, ou n'attend pas cette réponse.",
      en: "This pairing is over, or does not wait for this answer.",
    },
    remedy: { fr: "Recommencez : `vigie devices pair`.", en: "Begin anew: `vigie devices pair`." },
    exit: ExitCode.data,
  },
});
