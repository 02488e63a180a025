import { defineErrors, ExitCode } from "../errors/error.ts";

export const errors = defineErrors({
  USAGE: {
    what: { fr: "La commande n'est pas correcte.", en: "The command is not correct." },
    remedy: {
      fr: "`vigie --help` et `vigie COMMANDE --help` montrent l'usage, avec un exemple.",
      en: "`vigie --help` and `vigie COMMAND --help` show the usage, with an example.",
    },
    exit: ExitCode.usage,
  },
  INPUT_MALFORMED: {
    what: {
      fr: "Ce qui est donné à lire n'a pas la forme attendue.",
      en: "What is given to read is not of the expected form.",
    },
    remedy: {
      fr: "Comparez avec l'exemple de `vigie COMMANDE --help`.",
      en: "Compare with the example of `vigie COMMAND --help`.",
    },
    exit: ExitCode.data,
  },
  INPUT_UNREADABLE: {
    what: { fr: "Ce fichier ne se lit pas.", en: "This file cannot be read." },
    remedy: {
      fr: "Vérifiez son chemin et les droits de l'utilisateur qui lance la commande.",
      en: "Check its path and the rights of the user who runs the command.",
    },
    exit: ExitCode.noInput,
  },
  PERSON_UNKNOWN: {
    what: {
      fr: "Rien ne dit de qui est cette mesure.",
      en: "Nothing says whose this measurement is.",
    },
    remedy: {
      fr: "Ajoutez la personne ou l'attribution (`vigie persons add`, `vigie assign add`), ou nommez la personne avec --person. Sur la passerelle, la mesure attendrait en quarantaine.",
      en: "Add the person or the assignment (`vigie persons add`, `vigie assign add`), or name the person with --person. On the gateway the measurement would wait in quarantine.",
    },
    exit: ExitCode.data,
  },
  NO_BUNDLE: {
    what: { fr: "Cette mesure ne donne pas de bundle FHIR.", en: "This measurement makes no bundle." },
    remedy: {
      fr: "docs/fhir.md dit ce que devient chaque mesure ; sur la passerelle, elle est gardée comme événement.",
      en: "docs/fhir.md says what each measurement becomes; on the gateway it is kept as an event.",
    },
    exit: ExitCode.data,
  },
  ERROR_UNKNOWN: {
    what: { fr: "Ce code d'erreur n'existe pas.", en: "There is no such error code." },
    remedy: { fr: "`vigie errors` les donne tous.", en: "`vigie errors` lists them all." },
    exit: ExitCode.usage,
  },
  KEY_IN_CREDENTIALS: {
    what: {
      fr: "Cette clé est un secret que systemd remet au service : la commande ne sait pas où il le prend.",
      en: "This key is a secret that systemd hands to the service: the command does not know where it takes it from.",
    },
    remedy: {
      fr: "En root, donnez le dossier que `LoadCredential=` nomme : `--credentials /etc/vigie/credentials`. Pour un secret chiffré (`LoadCredentialEncrypted=`), suivez docs/operations.md.",
      en: "As root, give the folder that `LoadCredential=` names: `--credentials /etc/vigie/credentials`. For an encrypted secret (`LoadCredentialEncrypted=`), follow docs/operations.md.",
    },
    exit: ExitCode.usage,
  },
  KEY_NOT_WRITTEN: {
    what: { fr: "La clé n'a pas pu être écrite.", en: "The key could not be written." },
    remedy: {
      fr: "Vérifiez le dossier, ses droits et la place libre. Aucune clé existante n'a été touchée.",
      en: "Check the folder, its permissions and the free space. No existing key was touched.",
    },
    exit: ExitCode.io,
  },
  SYSTEMD_UNREACHABLE: {
    what: {
      fr: "systemd attend un signe du service, et `systemd-notify` n'a pas pu le donner.",
      en: "systemd waits for a sign of the service, and `systemd-notify` could not give it.",
    },
    remedy: {
      fr: "Vérifiez que la commande `systemd-notify` est installée et que l'unité dit NotifyAccess=all.",
      en: "Check that the command `systemd-notify` is installed and that the unit says NotifyAccess=all.",
    },
    exit: ExitCode.io,
  },
  FILE_NOT_WRITTEN: {
    what: { fr: "Ce fichier n'a pas pu être écrit.", en: "This file could not be written." },
    remedy: {
      fr: "Donnez un nom qui n'existe pas encore, dans un dossier où vous pouvez écrire.",
      en: "Give a name that does not exist yet, in a folder where you may write.",
    },
    exit: ExitCode.io,
  },
  JOURNAL_SOUND: {
    what: {
      fr: "Ce journal s'ouvre : il n'y a rien à sauver, et rien n'a été changé.",
      en: "This journal opens: there is nothing to salvage, and nothing was changed.",
    },
    remedy: {
      fr: "`vigie journal verify` dit s'il est intact ; `vigie journal export` en fait une copie vérifiable.",
      en: "`vigie journal verify` says whether it is whole; `vigie journal export` makes a copy that can be verified.",
    },
    exit: ExitCode.usage,
  },
  JOURNAL_ABSENT: {
    what: { fr: "Il n'y a pas encore de journal ici.", en: "There is no journal here yet." },
    remedy: {
      fr: "La passerelle le crée à son premier démarrage (`systemctl start vigie`) ; sinon, vérifiez `journal.path`.",
      en: "The gateway makes it at its first start (`systemctl start vigie`); otherwise check `journal.path`.",
    },
    exit: ExitCode.noInput,
  },
  OUTPUT_LOST: {
    what: { fr: "La sortie de la commande n'a pas pu être écrite.", en: "The command's output could not be written." },
    remedy: {
      fr: "Vérifiez la place libre là où va la sortie ; ce qui y est déjà n'est pas complet.",
      en: "Check the free space where the output goes; what is there already is not complete.",
    },
    exit: ExitCode.io,
  },
  INTERNAL: {
    what: { fr: "Vigie a rencontré un défaut de son propre programme.", en: "Vigie met a defect of its own." },
    remedy: {
      fr: "Signalez-le avec les lignes ci-dessus : elles ne contiennent aucune donnée de santé.",
      en: "Report it with the lines above: they hold no health data.",
    },
    exit: ExitCode.internal,
  },
});
