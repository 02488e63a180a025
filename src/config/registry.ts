/** How the registry of persons, devices and assignments is to be kept. */
import { z } from "zod";
import { field, say } from "./field.ts";

export const registry = field(
  z
    .strictObject({
      testIdentities: field(
        z.boolean().default(false),
        say(
          "Admettre les identités de test et de démonstration ; jamais en service.",
          "Let test and demonstration identities in; never in service.",
        ),
      ),
      withoutConsent: field(
        z.enum(["deliver", "withhold"]).default("deliver"),
        say(
          "Ce qui vaut tant qu'une personne n'a rien dit d'une destination : livrer (le consentement est recueilli ailleurs) ou retenir.",
          "What holds while a person has said nothing about a destination: deliver (consent is collected elsewhere) or withhold.",
        ),
      ),
    })
    .prefault({}),
  say(
    "Le registre des appareils, des personnes et des attributions, tenu dans le journal.",
    "The registry of devices, persons and assignments, kept in the journal.",
  ),
);
