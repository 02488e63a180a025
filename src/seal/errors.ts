import { defineErrors, ExitCode } from "../errors/error.ts";

export const errors = defineErrors({
  SEAL_KEY_INVALID: {
    what: { fr: "Ce n'est pas une clé Ed25519 utilisable.", en: "This is no usable Ed25519 key." },
    remedy: {
      fr: "Donnez une clé de 32 octets (64 chiffres hexadécimaux) ; `vigie keys create` en fabrique une.",
      en: "Give a key of 32 bytes (64 hex digits); `vigie keys create` makes one.",
    },
    exit: ExitCode.config,
  },
});
