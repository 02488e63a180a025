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
      withdrawnConsent: field(
        z.enum(["hold", "erase"]).default("hold"),
        say(
          "Ce que devient, sur la passerelle, ce qui attendait quand un consentement est retiré : retenu jusqu'à la fin de sa conservation, ou effacé.",
          "What becomes, on the gateway, of what was waiting when a consent is withdrawn: held until its retention ends, or erased.",
        ),
      ),
    })
    .prefault({}),
  say(
    "Le registre des appareils, des personnes et des attributions, tenu dans le journal.",
    "The registry of devices, persons and assignments, kept in the journal.",
  ),
);
