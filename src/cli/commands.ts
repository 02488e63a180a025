/** The subcommands. Each is loaded when it is called: `vigie --help` waits for none of them. */
import type { Command } from "commander";
import type { Sentence } from "../errors/error.ts";
import type { Io } from "./io.ts";

export interface CommandEntry {
  readonly summary: Sentence;
  readonly load: () => Promise<{ readonly default: (io: Io, summary: Sentence) => Command }>;
}

export const commands: Readonly<Record<string, CommandEntry>> = {
  decode: {
    summary: { fr: "dit ce qu'un pilote fait d'octets reçus", en: "shows what a driver makes of received bytes" },
    load: () => import("./commands/decode.ts"),
  },
  drivers: {
    summary: { fr: "donne la liste des pilotes", en: "lists the drivers" },
    load: () => import("./commands/drivers.ts"),
  },
  bundle: {
    summary: { fr: "fait d'une mesure son bundle FHIR", en: "makes the FHIR bundle of a measurement" },
    load: () => import("./commands/bundle.ts"),
  },
  config: {
    summary: { fr: "vérifie un fichier de configuration", en: "checks a configuration file" },
    load: () => import("./commands/config.ts"),
  },
  keys: {
    summary: {
      fr: "fabrique les clés de la passerelle, montre les publiques",
      en: "makes the gateway's keys, shows the public ones",
    },
    load: () => import("./commands/keys.ts"),
  },
  errors: {
    summary: { fr: "explique un code d'erreur", en: "explains an error code" },
    load: () => import("./commands/error-codes.ts"),
  },
};
