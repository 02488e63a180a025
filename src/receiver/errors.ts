import { defineErrors, ExitCode } from "../errors/error.ts";

export const errors = defineErrors({
  RECEIVER_FAILED: {
    what: {
      fr: "Le récepteur n'a pas pu garder un segment ; il n'en a pas accusé réception.",
      en: "The receiver could not keep a segment; it gave no receipt for it.",
    },
    remedy: {
      fr: "Regardez la cause (base de données, serveur FHIR, disque). La passerelle renverra le segment.",
      en: "See the cause (database, FHIR server, disk). The gateway will send the segment again.",
    },
    exit: ExitCode.tempFail,
  },
  RECEIVER_CLOSED: {
    what: { fr: "Le récepteur s'arrête.", en: "The receiver is stopping." },
    remedy: { fr: "Rien à faire.", en: "Nothing to do." },
    exit: ExitCode.ok,
  },
});
