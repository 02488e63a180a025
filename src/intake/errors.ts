import { defineErrors, ExitCode } from "../errors/error.ts";

export const errors = defineErrors({
  QUARANTINE_UNKNOWN: {
    what: { fr: "Aucune mesure n'attend sous ce nom.", en: "No measurement waits under this name." },
    remedy: {
      fr: "`vigie quarantine list` donne ce qui attend encore.",
      en: "`vigie quarantine list` gives what is still waiting.",
    },
    exit: ExitCode.data,
  },
  DESTINATION_UNKNOWN: {
    what: { fr: "Aucune destination ne porte ce nom.", en: "No destination has this name." },
    remedy: {
      fr: "Prenez un nom de la section `destinations` de la configuration.",
      en: "Take a name from the configuration's section `destinations`.",
    },
    exit: ExitCode.data,
  },
  QUARANTINE_UNRESOLVED: {
    what: {
      fr: "Le registre ne dit toujours pas à qui est cette mesure.",
      en: "The registry still does not say whose this measurement is.",
    },
    remedy: {
      fr: "Nommez la personne avec --person, si vous en êtes sûr ; sinon `vigie quarantine discard`.",
      en: "Name the person with --person, if you are sure; otherwise `vigie quarantine discard`.",
    },
    exit: ExitCode.data,
  },
});
