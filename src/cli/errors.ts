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
  ERROR_UNKNOWN: {
    what: { fr: "Ce code d'erreur n'existe pas.", en: "There is no such error code." },
    remedy: { fr: "`vigie errors` les donne tous.", en: "`vigie errors` lists them all." },
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
  INTERNAL: {
    what: { fr: "Vigie a rencontré un défaut qui est le sien.", en: "Vigie met a defect of its own." },
    remedy: {
      fr: "Signalez-le avec les lignes ci-dessus : elles ne contiennent aucune donnée de santé.",
      en: "Report it with the lines above: they hold no health data.",
    },
    exit: ExitCode.internal,
  },
});
