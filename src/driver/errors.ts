import { defineErrors, ExitCode } from "../errors/error.ts";

export const errors = defineErrors({
  DRIVER_CONFLICT: {
    what: { fr: "Deux pilotes se disputent la même place.", en: "Two drivers claim the same place." },
    remedy: {
      fr: "Donnez à chaque pilote un identifiant et une priorité qui lui soient propres.",
      en: "Give each driver an id and a priority of its own.",
    },
    exit: ExitCode.internal,
  },
  DRIVER_UNKNOWN: {
    what: { fr: "Ce pilote n'existe pas.", en: "There is no such driver." },
    remedy: { fr: "`vigie drivers` donne la liste des pilotes.", en: "`vigie drivers` lists the drivers." },
    exit: ExitCode.usage,
  },
});
