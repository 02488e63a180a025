import { defineErrors, ExitCode } from "../errors/error.ts";

export const errors = defineErrors({
  CONFIG_UNREADABLE: {
    what: {
      fr: "Le fichier de configuration ne peut pas être lu.",
      en: "The configuration file cannot be read.",
    },
    remedy: {
      fr: "Vérifiez le chemin et les droits du fichier ; `config/vigie.yaml` est un modèle commenté.",
      en: "Check the path and the file's permissions; `config/vigie.yaml` is a commented model.",
    },
    exit: ExitCode.noInput,
  },
  CONFIG_FILE_UNREADABLE: {
    what: {
      fr: "Un fichier que la configuration nomme ne se lit pas.",
      en: "A file that the configuration names cannot be read.",
    },
    remedy: {
      fr: "Vérifiez son chemin, et que l'utilisateur `vigie` peut le lire (`ls -l`).",
      en: "Check its path, and that the user `vigie` may read it (`ls -l`).",
    },
    exit: ExitCode.noInput,
  },
  CONFIG_INVALID: {
    what: { fr: "La configuration n'est pas correcte.", en: "The configuration is not correct." },
    remedy: {
      fr: "Corrigez chaque point, puis relancez `vigie config check FICHIER` ; docs/configuration.md décrit chaque clé.",
      en: "Correct each point, then run `vigie config check FILE` again; docs/configuration.md describes every key.",
    },
    exit: ExitCode.config,
  },
  SECRET_MISSING: {
    what: { fr: "Un secret est introuvable.", en: "A secret cannot be found." },
    remedy: {
      fr: "Créez-le avec `vigie keys create --config FICHIER`, ou donnez-le à systemd (`LoadCredential=`).",
      en: "Create it with `vigie keys create --config FILE`, or hand it to systemd (`LoadCredential=`).",
    },
    exit: ExitCode.config,
  },
  SECRET_EXPOSED: {
    what: {
      fr: "Le fichier d'un secret peut être lu ou remplacé par d'autres.",
      en: "Others can read or replace the file of a secret.",
    },
    remedy: {
      fr: "Le fichier doit appartenir à l'utilisateur de Vigie (ou à root) : `chmod 600 FICHIER`. S'il a été lu, changez le secret.",
      en: "The file must belong to Vigie's user (or to root): `chmod 600 FILE`. If it has been read, change the secret.",
    },
    exit: ExitCode.noPermission,
  },
  SECRET_MALFORMED: {
    what: { fr: "Un secret n'a pas la forme attendue.", en: "A secret is not of the expected form." },
    remedy: {
      fr: "Remettez la bonne valeur ; une clé tient en 32 octets, écrits tels quels, en hexadécimal ou en base64.",
      en: "Put the right value back; a key is 32 bytes, written raw, as hex or as base64.",
    },
    exit: ExitCode.config,
  },
});
