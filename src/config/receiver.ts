/** The platform's side of the line in the configuration: how the feed comes in, whose it may be, and where it goes. */
import { z } from "zod";
import { broker } from "./broker.ts";
import { field, form, say } from "./field.ts";
import { finess, name, path, publicKey, secret } from "./forms.ts";
import { fhirServer } from "./web.ts";

const mqtt = z.strictObject({
  ...broker,
  structure: field(
    finess.exactOptional(),
    say(
      "Ne prendre que les passerelles de cette structure ; à défaut, de toutes.",
      "Take this structure's gateways only; by default all.",
    ),
    say('9 caractères entre guillemets, comme "750000001"', 'nine characters in quotes, like "750000001"'),
  ),
  group: field(
    name.exactOptional(),
    say(
      "Groupe de récepteurs qui se partagent le flux ; chacun a son `clientId`, et tous le même état PostgreSQL.",
      "Group of receivers that share the feed; each has its own `clientId`, and all the same state in PostgreSQL.",
    ),
  ),
});

const listen = z.strictObject({
  host: field(
    z.string().min(1).max(253).default("127.0.0.1"),
    say("Adresse d'écoute ; 0.0.0.0 ou :: pour toutes.", "Address to listen on; 0.0.0.0 or :: for all."),
  ),
  port: field(z.int().min(0).max(65_535), say("Port d'écoute ; 0 en prend un libre.", "Port; 0 takes a free one.")),
  path: field(
    z
      .string()
      .regex(/^\/[^\s?#]*$/)
      .default("/"),
    say(
      "Chemin des segments ; les alarmes viennent au même, suivi de /alarms.",
      "Path of the segments; alarms come to the same one followed by /alarms.",
    ),
    say("un chemin d'URL, comme /vigie", "a path of a URL, like /vigie"),
  ),
  tls: field(
    z
      .strictObject({
        cert: field(
          path,
          say("Certificat du serveur et sa chaîne (PEM).", "The server's certificate and chain (PEM)."),
        ),
        key: field(secret, say("Clé privée de ce certificat.", "Private key of that certificate.")),
        clientCa: field(
          path,
          say(
            "Autorités des certificats de passerelle (PEM) ; sans l'un d'eux, nul n'entre.",
            "Authorities of the gateways' certificates (PEM); nobody comes in without one of theirs.",
          ),
        ),
      })
      .exactOptional(),
    say(
      "TLS mutuel ; sans lui, seulement sur 127.0.0.1, derrière un mandataire.",
      "Mutual TLS; without it, only on 127.0.0.1, behind a proxy.",
    ),
  ),
});

/** Readings never cross a network in clear: without TLS, only within this machine. */
const databaseUrl = form(
  z
    .string()
    .regex(
      /^postgres(?:ql)?:\/\/(?:[^\s:/@?#]+@)?(?:(?:localhost|127\.0\.0\.1|\[::1\])?(?::\d{1,5})?\/[^\s?#]*(?:\?\S*)?|[^\s:/@?#]+(?::\d{1,5})?\/[^\s?#]*\?(?:\S*&)?sslmode=verify-full(?:&\S*)?)$/,
    ),
  say(
    "postgresql://utilisateur@hôte/base?sslmode=verify-full, sans mot de passe (sans TLS, seulement vers cette machine)",
    "postgresql://user@host/database?sslmode=verify-full, without a password (without TLS, only to this machine)",
  ),
);

const database = {
  url: field(databaseUrl, say("Base PostgreSQL.", "PostgreSQL database.")),
  password: field(secret.exactOptional(), say("Mot de passe de la base.", "Password of the database.")),
};

const state = field(
  z.union([path, z.strictObject({ postgres: field(z.strictObject(database), say("La base.", "The database.")) })]),
  say(
    "Où le récepteur garde jusqu'où il en est de chaque passerelle : un fichier SQLite, ou une base que plusieurs récepteurs partagent.",
    "Where the receiver keeps how far it is with each gateway: an SQLite file, or a database that several receivers share.",
  ),
  say("un chemin, ou { postgres: { url: … } }", "a path, or { postgres: { url: … } }"),
);

const sinks = field(
  z
    .array(
      z.discriminatedUnion("type", [
        z.strictObject({ type: z.literal("stdout") }),
        z.strictObject({ type: z.literal("fhir"), ...fhirServer }),
        z.strictObject({ type: z.literal("postgres"), ...database }),
      ]),
    )
    .min(1)
    .default([{ type: "stdout" }]),
  say(
    "Où va ce qui est reçu, avant que le reçu soit signé : chaque enregistrement à toutes, dans cet ordre.",
    "Where what is received goes, before the receipt is signed: each record to all of them, in this order.",
  ),
);

const gatewayKey = form(
  z.union([publicKey, z.array(publicKey).min(1).max(8)]),
  say(
    "64 chiffres hexadécimaux ; l'ancienne et la nouvelle en liste, pendant un changement de clé",
    "64 hex digits; the old one and the new one as a list, while the key is changed",
  ),
);

const gateways = field(
  z.union([
    z.strictObject({
      file: field(
        path,
        say(
          "Fichier YAML ou JSON : le nom de chaque passerelle et sa clé, ou ses clés ; relu quand il change.",
          "YAML or JSON file: each gateway's name and its key, or keys; read again when it changes.",
        ),
      ),
    }),
    z.strictObject({
      folder: field(
        path,
        say(
          "Dossier de certificats (.pem, .crt) ou de clés (NOM.pub) ; relu quand il change.",
          "Folder of certificates (.pem, .crt) or of keys (NAME.pub); read again when it changes.",
        ),
      ),
    }),
    z.record(name, gatewayKey).transform((inline) => ({ inline })),
  ]),
  say(
    "Passerelles admises : leur nom et leur clé publique (64 chiffres hexadécimaux), ici, dans un fichier, ou dans un dossier de certificats et de clés ; fichier et dossier sont relus quand ils changent.",
    "Accepted gateways: their name and public key (64 hex digits), here, in a file, or in a folder of certificates and keys; file and folder are read again when they change.",
  ),
  say("{ nom: clé }, { file: chemin } ou { folder: chemin }", "{ name: key }, { file: path } or { folder: path }"),
);

export const receiver = field(
  z.strictObject({
    mqtt: field(mqtt.exactOptional(), say("Prendre le flux d'un broker MQTT.", "Take the feed from an MQTT broker.")),
    listen: field(listen.exactOptional(), say("Prendre le flux par HTTPS.", "Take the feed over HTTPS.")),
    signingKey: field(
      secret,
      say("Graine Ed25519 qui signe les reçus (32 octets).", "Ed25519 seed that signs the receipts (32 bytes)."),
    ),
    gateways,
    state: state.default("receiver.db"),
    sinks,
    silentAfterMinutes: field(
      z.int().min(1).max(10_080).default(15),
      say(
        "Une passerelle dont rien ne vient pendant ce temps, en minutes, est dite muette.",
        "A gateway of which nothing comes for so long, in minutes, is said to be silent.",
      ),
    ),
  }),
  say("Le côté de la plateforme, pour `vigie receive`.", "The platform's side, for `vigie receive`."),
);
