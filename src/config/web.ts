/** HTTPS in the configuration: a platform that takes the sealed feed, and a FHIR server. */
import { z } from "zod";
import { flavours } from "../fhir/port.ts";
import type { Meal } from "../measure/measurement.ts";
import { field, form, say } from "./field.ts";
import { secret } from "./forms.ts";
import { destinationName, only, platformKeys, tls } from "./line.ts";

/** A health gateway's readings never cross a network in clear: without TLS, only on the board itself. */
const webUrl = form(
  z
    .string()
    .regex(
      /^(?:https:\/\/[^\s/@?#]+(?:\/[^\s@?#]*)?|http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?(?:\/[^\s@?#]*)?)$/,
    ),
  say(
    "https://hôte/chemin, sans mot de passe (http:// seulement vers 127.0.0.1)",
    "https://host/path, without a password (http:// only to 127.0.0.1)",
  ),
);

export const httpsDestination = z.strictObject({
  name: destinationName,
  type: z.literal("https"),
  url: field(webUrl, say("Où les segments sont envoyés (POST).", "Where segments are sent (POST).")),
  tls,
  platformKeys,
  only,
});

const oid = form(
  z.string().regex(/^[0-9]+(?:\.[0-9]+)+$/),
  say("un OID, comme 1.2.250.1.999", "an OID, like 1.2.250.1.999"),
);

const oauth = z.strictObject({
  tokenUrl: field(webUrl, say("Où les jetons sont demandés.", "Where tokens are asked for.")),
  clientId: field(
    z.string().min(1).max(200),
    say("Identifiant de la passerelle auprès du serveur d'autorisation.", "The gateway's identifier there."),
  ),
  scope: field(z.string().min(1).exactOptional(), say("Droits demandés.", "Rights asked for.")),
  audience: field(
    z.string().min(1).exactOptional(),
    say(
      "Destinataire nommé dans la demande signée ; à défaut, `tokenUrl`.",
      "Audience of the signed request; by default `tokenUrl`.",
    ),
  ),
  key: field(
    secret.exactOptional(),
    say(
      "Clé privée PEM (RSA ou EC P-256) qui signe les demandes ; à défaut, le certificat de `tls` fait foi (RFC 8705).",
      "PEM private key (RSA or EC P-256) that signs requests; by default the certificate of `tls` is the proof (RFC 8705).",
    ),
  ),
  kid: field(
    z.string().min(1).exactOptional(),
    say("Nom de cette clé chez le serveur.", "That key's name at the server."),
  ),
});

/** Of a FHIR server, whoever speaks to it. */
export const fhirServer = {
  url: field(webUrl, say("Base de l'API FHIR R4.", "Base of the FHIR R4 API.")),
  tls,
  oauth: field(oauth.exactOptional(), say("Jetons d'accès OAuth 2.", "OAuth 2 access tokens.")),
  connections: field(
    z.int().min(1).max(16).default(4),
    say("Transactions menées en parallèle, au plus.", "Transactions side by side, at most."),
  ),
};

const moment = z
  .strictObject({
    system: field(z.string().min(1), say("Le système du code.", "The code's system.")),
    code: field(z.string().min(1), say("Le code.", "The code.")),
  })
  .exactOptional();

/** JDV J157, whose current edition we do not have: the operator of the connection does. */
const glucoseMoments = z.strictObject({
  "pre-prandial": field(moment, say("Avant un repas.", "Before a meal.")),
  "post-prandial": field(moment, say("Après un repas.", "After a meal.")),
  fasting: field(moment, say("À jeun.", "Fasting.")),
  casual: field(moment, say("À un moment quelconque.", "At any moment.")),
  bedtime: field(moment, say("Au coucher.", "At bedtime.")),
} satisfies Record<Meal, unknown>);

export const fhirDestination = z.strictObject({
  name: destinationName,
  type: z.literal("fhir"),
  ...fhirServer,
  flavour: field(
    z.enum(flavours).default("platform"),
    say("Pour qui le bundle est fait.", "For whom the bundle is made."),
  ),
  references: field(
    z.enum(["urn", "literal"]).exactOptional(),
    say(
      "Comment une ressource en nomme une autre : urn:uuid:… ou Device/… ; à défaut, selon `flavour`.",
      "How one resource names another: urn:uuid:… or Device/…; by default as `flavour` wants it.",
    ),
  ),
  identity: field(
    z.enum(["opaque", "ins"]).default("opaque"),
    say(
      "Si cette destination a droit à l'INS des personnes dont l'identité est qualifiée.",
      "Whether this destination is allowed the INS of persons whose identity is qualified.",
    ),
  ),
  source: field(
    form(z.string().regex(/^urn:oid:[0-9]+(?:\.[0-9]+)+$/), say("urn:oid:…", "urn:oid:…")).exactOptional(),
    say("Le système émetteur, pour meta.source.", "The sending system, for meta.source."),
  ),
  editorOid: field(
    oid.exactOptional(),
    say("OID de l'éditeur, pour Mon espace santé.", "The editor's OID, for Mon espace santé."),
  ),
  glucoseMoments: field(
    glucoseMoments.exactOptional(),
    say(
      "Moment d'une glycémie, que Mon espace santé exige : les codes du JDV J157.",
      "Moment of a glucose, which Mon espace santé demands: the codes of JDV J157.",
    ),
  ),
  only,
});
