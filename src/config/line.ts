/** What every destination has, whatever it speaks: a name, an encrypted line, whose receipts count, and what it is for. */
import { z } from "zod";
import { codes } from "../measure/codes.ts";
import { field, say } from "./field.ts";
import { deviceAddress, name, path, publicKey, secret } from "./forms.ts";

export const destinationName = field(
  name,
  say(
    "Nom de la destination ; son avancement dans le journal y est attaché.",
    "Name of the destination; its cursor in the journal hangs on it.",
  ),
);

export const tls = field(
  z
    .strictObject({
      ca: field(
        path.exactOptional(),
        say("Autorités de certification admises (PEM).", "Accepted certificate authorities (PEM)."),
      ),
      cert: field(
        path.exactOptional(),
        say("Certificat de client de la passerelle (PEM).", "The gateway's client certificate (PEM)."),
      ),
      key: field(secret.exactOptional(), say("Clé privée de ce certificat.", "Private key of that certificate.")),
    })
    .exactOptional(),
  say("Chiffrement et identité sur la ligne.", "Encryption and identity on the line."),
);

export const platformKeys = field(
  z.array(publicKey).min(1),
  say("Clés publiques Ed25519 dont un reçu fait foi.", "Ed25519 public keys whose receipts count."),
);

const kinds = ["blood-pressure", ...kindsOf(codes)] as const;

export const only = field(
  z
    .strictObject({
      kinds: field(
        z.array(z.enum(kinds)).exactOptional(),
        say("Seulement ces sortes de mesures.", "These kinds of measure only."),
      ),
      devices: field(
        z.array(deviceAddress).exactOptional(),
        say("Seulement ces appareils, par leur adresse.", "These devices only, by their address."),
      ),
      persons: field(
        z.array(z.string().min(1)).exactOptional(),
        say("Seulement ces personnes, par leur référence.", "These persons only, by their reference."),
      ),
    })
    .exactOptional(),
  say(
    "Ce que cette destination reçoit ; à défaut, tout ce à quoi les personnes ont consenti.",
    "What this destination is for; by default all that persons consented to.",
  ),
);

function kindsOf<Kind extends string>(table: Readonly<Record<Kind, unknown>>): Kind[] {
  return Object.keys(table).filter((kind): kind is Kind => kind in table);
}
