/** MQTT in the configuration: the destinations of a gateway, and the platform's side of the same line. */
import { z } from "zod";
import { field, form, say } from "./field.ts";
import { finess, name, path, publicKey, secret } from "./forms.ts";
import { destinationName, only, platformKeys, tls } from "./line.ts";

/** A health gateway's readings never cross a network in clear: without TLS, only on the board itself. */
const brokerUrl = form(
  z.string().regex(/^(?:mqtts:\/\/[^\s/@?#]+\/?|mqtt:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?\/?)$/),
  say(
    "mqtts://hôte:port, sans mot de passe (mqtt:// seulement vers 127.0.0.1)",
    "mqtts://host:port, without a password (mqtt:// only to 127.0.0.1)",
  ),
);

const broker = {
  url: field(brokerUrl, say("Adresse du broker MQTT.", "Address of the MQTT broker.")),
  protocol: field(
    z.union([z.literal(5), z.literal(4)]).default(5),
    say("Version de MQTT : 5, ou 4 pour un broker 3.1.1.", "Version of MQTT: 5, or 4 for a 3.1.1 broker."),
    say("5 ou 4", "5 or 4"),
  ),
  clientId: field(
    z.string().min(1).max(64).exactOptional(),
    say(
      "Identifiant de client MQTT ; à défaut, celui de la passerelle.",
      "MQTT client identifier; by default the gateway's.",
    ),
  ),
  tls,
  username: field(z.string().min(1).exactOptional(), say("Utilisateur du broker.", "User of the broker.")),
  password: field(secret.exactOptional(), say("Mot de passe du broker.", "Password of the broker.")),
};

export const mqttDestination = z.strictObject({
  name: destinationName,
  type: z.literal("mqtt"),
  ...broker,
  platformKeys,
  only,
  window: field(
    z.int().min(1).max(64).default(32),
    say("Segments envoyés sans reçu, au plus.", "Segments sent without a receipt, at most."),
  ),
});

const gatewayKey = form(
  z.union([publicKey, z.array(publicKey).min(1).max(8)]),
  say(
    "64 chiffres hexadécimaux ; l'ancienne et la nouvelle en liste, pendant un changement de clé",
    "64 hex digits; the old one and the new one as a list, while the key is changed",
  ),
);

export const receiver = field(
  z.strictObject({
    ...broker,
    structure: finess,
    signingKey: field(
      secret,
      say("Graine Ed25519 qui signe les reçus (32 octets).", "Ed25519 seed that signs the receipts (32 bytes)."),
    ),
    gateways: field(
      z.record(name, gatewayKey),
      say("Passerelles admises : leur nom et leur clé publique.", "Accepted gateways: their name and public key."),
    ),
    state: field(
      path.default("receiver.db"),
      say(
        "Fichier où le récepteur garde jusqu'où il en est de chaque passerelle.",
        "File in which the receiver keeps how far it is with each gateway.",
      ),
    ),
    sink: field(z.enum(["stdout"]).default("stdout"), say("Où vont les bundles reçus.", "Where received bundles go.")),
  }),
  say("Le côté de la plateforme, pour `vigie receive`.", "The platform's side, for `vigie receive`."),
);
