/** The subcommands. Each is loaded when it is called: `vigie --help` waits for none of them. */
import type { Command } from "commander";
import type { Sentence } from "../errors/error.ts";
import type { Io } from "./io.ts";

export interface CommandEntry {
  readonly summary: Sentence;
  readonly load: () => Promise<{ readonly default: (io: Io, summary: Sentence) => Command }>;
}

export const commands: Readonly<Record<string, CommandEntry>> = {
  run: {
    summary: { fr: "fait tourner la passerelle", en: "runs the gateway" },
    load: () => import("./commands/run.ts"),
  },
  receive: {
    summary: {
      fr: "reçoit, vérifie et confirme, côté plateforme",
      en: "receives, verifies and receipts: the platform's side",
    },
    load: () => import("./commands/receive.ts"),
  },
  journal: {
    summary: { fr: "montre, vérifie ou exporte le journal", en: "shows, verifies or exports the journal" },
    load: () => import("./commands/journal.ts"),
  },
  verify: {
    summary: { fr: "vérifie un export avec la seule clé publique", en: "verifies an export with the public key alone" },
    load: () => import("./commands/verify.ts"),
  },
  persons: {
    summary: { fr: "tient les personnes suivies", en: "keeps the persons followed" },
    load: () => import("./commands/persons.ts"),
  },
  devices: {
    summary: { fr: "tient les appareils connus", en: "keeps the known devices" },
    load: () => import("./commands/devices.ts"),
  },
  assign: {
    summary: { fr: "dit à qui sont les mesures d'un appareil", en: "says whose a device's readings are" },
    load: () => import("./commands/assign.ts"),
  },
  sessions: {
    summary: { fr: "lie la prochaine mesure d'un appareil partagé", en: "binds the next reading of a shared device" },
    load: () => import("./commands/sessions.ts"),
  },
  quarantine: {
    summary: { fr: "rend ou écarte les mesures en attente", en: "releases or discards waiting readings" },
    load: () => import("./commands/quarantine.ts"),
  },
  consent: {
    summary: { fr: "note qui consent à quelle destination", en: "records who consents to which destination" },
    load: () => import("./commands/consent.ts"),
  },
  registry: {
    summary: { fr: "exporte ou applique le registre entier", en: "exports or applies the whole registry" },
    load: () => import("./commands/registry.ts"),
  },
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
  deliveries: {
    summary: {
      fr: "montre ce qu'une destination refuse, et le renvoie",
      en: "shows what a destination refuses, and sends it again",
    },
    load: () => import("./commands/deliveries.ts"),
  },
  errors: {
    summary: { fr: "explique un code d'erreur", en: "explains an error code" },
    load: () => import("./commands/error-codes.ts"),
  },
};
