/** The forms that several fields of the configuration share. */
import { z } from "zod";
import { wallMs } from "../measure/time.ts";
import { ADDRESS, FINESS } from "../registry/shape.ts";
import { field, form, say } from "./field.ts";

export const name = form(
  z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/),
  say("1 à 40 minuscules sans accent, chiffres ou tirets", "1 to 40 unaccented lower-case letters, digits or hyphens"),
);

export const label = form(
  z.string().min(1).max(80),
  say("un texte de 1 à 80 caractères", "a text of 1 to 80 characters"),
);

export const path = form(
  z.string().min(1),
  say("un chemin, absolu ou relatif à ce fichier", "a path, absolute or relative to this file"),
);

export const deviceAddress = form(
  z.string().regex(ADDRESS),
  say(
    "AA:BB:CC:DD:EE:FF en majuscules, ou un nom comme balance-1",
    "AA:BB:CC:DD:EE:FF in upper case, or a name like scale-1",
  ),
);

export const finess = field(
  z.string().regex(FINESS),
  say("FINESS géographique de la structure.", "FINESS of the structure's geographic entity (FINEG)."),
  say('9 caractères entre guillemets, comme "750000001"', 'nine characters in quotes, like "750000001"'),
);

export const legalFiness = field(
  z.string().regex(FINESS).exactOptional(),
  say("FINESS juridique de la structure.", "FINESS of the structure's legal entity (FINEJ)."),
  say('9 caractères entre guillemets, comme "750000019"', 'nine characters in quotes, like "750000019"'),
);

export const publicKey = form(
  z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/)
    .transform((text) => new Uint8Array(Buffer.from(text, "hex"))),
  say("64 chiffres hexadécimaux (32 octets)", "64 hex digits (32 bytes)"),
);

export const secret = form(
  z.union([
    z.strictObject({
      credential: field(
        z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/),
        say(
          "Nom du secret que systemd remet au service (`LoadCredential=`).",
          "Name of the secret that systemd hands to the service (`LoadCredential=`).",
        ),
      ),
    }),
    z.strictObject({
      file: field(
        path,
        say(
          "Fichier du secret, lisible de son seul propriétaire (0600).",
          "File of the secret, readable by its owner alone (0600).",
        ),
      ),
    }),
  ]),
  say(
    "{ credential: nom } ou { file: chemin }, jamais le secret lui-même",
    "{ credential: name } or { file: path }, never the secret itself",
  ),
);

export const instant = form(
  z.iso.datetime({ offset: true }).transform((text) => wallMs(Date.parse(text))),
  say(
    "date, heure et décalage, comme 2026-01-05T08:00:00+01:00",
    "date, time and offset, like 2026-01-05T08:00:00+01:00",
  ),
);
