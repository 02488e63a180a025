import { defineErrors, ExitCode } from "../errors/error.ts";

export const errors = defineErrors({
  JOURNAL_LOCKED: {
    what: { fr: "Un autre processus tient déjà ce journal.", en: "Another process holds this journal already." },
    remedy: {
      fr: "Arrêtez l'autre passerelle (`systemctl stop vigie`) ou choisissez un autre `journal.path`.",
      en: "Stop the other gateway (`systemctl stop vigie`) or choose another `journal.path`.",
    },
    exit: ExitCode.tempFail,
  },
  JOURNAL_OPEN: {
    what: { fr: "Le journal ne s'ouvre pas.", en: "The journal cannot be opened." },
    remedy: {
      fr: "Vérifiez que le dossier existe et que l'utilisateur de la passerelle peut y écrire. Rien n'a été modifié.",
      en: "Check that the folder exists and that the gateway's user may write there. Nothing was changed.",
    },
    exit: ExitCode.io,
  },
  JOURNAL_NEWER: {
    what: {
      fr: "Ce journal a été écrit par une version plus récente de Vigie.",
      en: "This journal was written by a newer version of Vigie.",
    },
    remedy: {
      fr: "Installez cette version ou une plus récente. Rien n'a été modifié.",
      en: "Install that version or a newer one. Nothing was changed.",
    },
    exit: ExitCode.config,
  },
  JOURNAL_NOT_OURS: {
    what: { fr: "Ce fichier n'est pas un journal de Vigie.", en: "This file is no journal of Vigie." },
    remedy: {
      fr: "Vérifiez `journal.path`. Si c'était bien le journal, il est abîmé : `vigie journal salvage --config FICHIER`. Le fichier n'a pas été touché.",
      en: "Check `journal.path`. Where it was the journal, it is damaged: `vigie journal salvage --config FILE`. The file was not touched.",
    },
    exit: ExitCode.config,
  },
  JOURNAL_FOREIGN: {
    what: { fr: "Ce journal est celui d'une autre passerelle.", en: "This journal is another gateway's." },
    remedy: {
      fr: "Corrigez `gateway.id`, ou donnez à cette passerelle un `journal.path` vide.",
      en: "Correct `gateway.id`, or give this gateway an empty `journal.path`.",
    },
    exit: ExitCode.config,
  },
  JOURNAL_KEY_WRONG: {
    what: {
      fr: "La clé de chiffrement n'est pas celle de ce journal.",
      en: "The encryption key is not this journal's.",
    },
    remedy: {
      fr: "Si un changement de clé n'est pas fini, `vigie keys rotate --box --config FICHIER` le finit. Sinon, remettez la clé d'origine (`journal.key`) : sans elle, les mesures gardées ne peuvent pas être lues.",
      en: "Where a change of key is not finished, `vigie keys rotate --box --config FILE` finishes it. Otherwise put the original key back (`journal.key`): without it the stored measures cannot be read.",
    },
    exit: ExitCode.noPermission,
  },
  JOURNAL_KEY_ROTATING: {
    what: {
      fr: "Le journal passe d'une clé de chiffrement à une autre : celle-ci est l'ancienne.",
      en: "The journal is moving from one encryption key to another: this is the old one.",
    },
    remedy: {
      fr: "`vigie keys rotate --box --config FICHIER` finit le changement, avec la nouvelle clé qui attend à côté de l'ancienne (`….next`).",
      en: "`vigie keys rotate --box --config FILE` finishes the change, with the new key that waits beside the old one (`….next`).",
    },
    exit: ExitCode.noPermission,
  },
  JOURNAL_SIGNING_KEY_CHANGED: {
    what: {
      fr: "La clé de signature n'est pas celle qui a scellé ce journal.",
      en: "The signing key is not the one that sealed this journal.",
    },
    remedy: {
      fr: "Si un changement de clé n'est pas fini, `vigie keys rotate --config FICHIER` le finit. Sinon, remettez la clé d'origine (`journal.signingKey`) ; sans elle, gardez ce dossier et commencez un journal dans un autre `journal.path`.",
      en: "Where a change of key is not finished, `vigie keys rotate --config FILE` finishes it. Otherwise put the original key back (`journal.signingKey`); without it, keep this folder and begin a journal at another `journal.path`.",
    },
    exit: ExitCode.noPermission,
  },
  JOURNAL_FULL: {
    what: {
      fr: "Le journal est plein : les lectures restent dans les appareils.",
      en: "The journal is full: readings stay in the devices.",
    },
    remedy: {
      fr: "Rétablissez la liaison avec la plateforme : ce qui est livré libère la place. Sinon, agrandissez la partition.",
      en: "Restore the link to the platform: what is delivered frees space. Otherwise enlarge the partition.",
    },
    exit: ExitCode.io,
  },
  JOURNAL_WRITE_FAILED: {
    what: {
      fr: "Le disque a refusé une écriture : le journal n'accepte plus rien avant un redémarrage.",
      en: "The disk refused a write: the journal takes nothing more before a restart.",
    },
    remedy: {
      fr: "La passerelle redémarre d'elle-même. Si cela se répète, remplacez la carte mémoire.",
      en: "The gateway restarts by itself. If it happens again, replace the memory card.",
    },
    exit: ExitCode.io,
  },
  JOURNAL_DAMAGED: {
    what: { fr: "Le fichier du journal est abîmé.", en: "The journal's file is damaged." },
    remedy: {
      fr: "Ne l'effacez pas. Si la passerelle tourne encore, `vigie journal verify` dit ce qui est touché. Si elle ne démarre plus : `systemctl stop vigie`, puis `vigie journal salvage --config FICHIER`.",
      en: "Do not delete it. Where the gateway still runs, `vigie journal verify` says what is touched. Where it does not start any more: `systemctl stop vigie`, then `vigie journal salvage --config FILE`.",
    },
    exit: ExitCode.data,
  },
  JOURNAL_SALVAGING: {
    what: {
      fr: "Le sauvetage de ce journal a été coupé avant sa fin.",
      en: "The salvage of this journal was cut before its end.",
    },
    remedy: {
      fr: "Relancez `vigie journal salvage --config FICHIER` : il finit ce qui reste. Ne déplacez aucun fichier à la main.",
      en: "Run `vigie journal salvage --config FILE` again: it finishes what is left. Move no file by hand.",
    },
    exit: ExitCode.tempFail,
  },
  JOURNAL_SALVAGE_FAILED: {
    what: {
      fr: "Le sauvetage n'a pas abouti. Le journal est comme avant.",
      en: "The salvage did not succeed. The journal is as before.",
    },
    remedy: {
      fr: "Il faut sur la partition cinq fois la taille de `journal.db`. Faites de la place ou copiez le dossier du journal ailleurs, puis relancez.",
      en: "The partition needs five times the size of `journal.db`. Make room, or copy the journal's folder elsewhere, then run it again.",
    },
    exit: ExitCode.io,
  },
  JOURNAL_CLOSED: {
    what: { fr: "Le journal est fermé.", en: "The journal is closed." },
    remedy: { fr: "Redémarrez la passerelle.", en: "Restart the gateway." },
    exit: ExitCode.tempFail,
  },
});
