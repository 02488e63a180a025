import { defineErrors, ExitCode } from "../../errors/error.ts";

export const errors = defineErrors({
  SERIAL_NOT_OPENED: {
    what: { fr: "Le port série ne s'ouvre pas.", en: "The serial port does not open." },
    remedy: {
      fr: "Vérifiez le câble, le chemin (`ls -l /dev/serial/by-id`) et le groupe `dialout`. Vigie réessaie de lui-même.",
      en: "Check the cable, the path (`ls -l /dev/serial/by-id`) and the group `dialout`. Vigie tries again by itself.",
    },
    exit: ExitCode.io,
  },
  SERIAL_LOST: {
    what: { fr: "Le port série a disparu.", en: "The serial port went away." },
    remedy: {
      fr: "Rebranchez l'appareil ; Vigie rouvre le port de lui-même.",
      en: "Plug the device in again; Vigie opens the port by itself.",
    },
    exit: ExitCode.io,
  },
  SERIAL_NOT_ANSWERED: {
    what: {
      fr: "La mesure est gardée, mais l'appareil n'a pas pu en être averti.",
      en: "The reading is kept, but its device could not be told.",
    },
    remedy: {
      fr: "Rien à faire : l'appareil l'enverra encore, et le doublon sera reconnu.",
      en: "Nothing to do: the device will send it again, and the repeat will be recognised.",
    },
    exit: ExitCode.tempFail,
  },
  SERIAL_NOT_TAKEN: {
    what: {
      fr: "Le journal n'a pas pris une trame reçue par le port série.",
      en: "The journal did not take a frame that came over the serial port.",
    },
    remedy: {
      fr: "Vérifiez l'espace disque et `vigie journal status`. Vigie garde la trame en mémoire et réessaie, ou l'appareil la renverra.",
      en: "Check disk space and `vigie journal status`. Vigie keeps the frame in memory and tries again, or its device will send it again.",
    },
    exit: ExitCode.tempFail,
  },
  SERIAL_ABANDONED: {
    what: {
      fr: "Vigie s'est arrêté avec des trames que le journal n'a jamais prises.",
      en: "Vigie stopped with frames that the journal never took.",
    },
    remedy: {
      fr: "Ces mesures sont perdues pour Vigie : reprenez-les sur l'appareil.",
      en: "These readings are lost to Vigie: take them again.",
    },
    exit: ExitCode.io,
  },
});
