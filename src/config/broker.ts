/** MQTT in the configuration: a destination of a gateway, and what the platform's side has in common with it. */
import { z } from "zod";
import { field, form, say } from "./field.ts";
import { secret } from "./forms.ts";
import { destinationName, only, platformKeys, tls } from "./line.ts";

/** A health gateway's readings never cross a network in clear: without TLS, only on the board itself. */
const brokerUrl = form(
  z.string().regex(/^(?:mqtts:\/\/[^\s/@?#]+\/?|mqtt:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?\/?)$/),
  say(
    "mqtts://hôte:port, sans mot de passe (mqtt:// seulement vers 127.0.0.1)",
    "mqtts://host:port, without a password (mqtt:// only to 127.0.0.1)",
  ),
);

export const broker = {
  url: field(brokerUrl, say("Adresse du broker MQTT.", "Address of the MQTT broker.")),
  protocol: field(
    z.union([z.literal(5), z.literal(4)]).default(5),
    say("Version de MQTT : 5, ou 4 pour un broker 3.1.1.", "Version of MQTT: 5, or 4 for a 3.1.1 broker."),
    say("5 ou 4", "5 or 4"),
  ),
  clientId: field(
    z.string().min(1).max(64).exactOptional(),
    say(
      "Identifiant de client MQTT ; à défaut, le nom de la passerelle, ou vigie-receiver.",
      "MQTT client identifier; by default the gateway's name, or vigie-receiver.",
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
