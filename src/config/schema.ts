/**
 * The one schema of Vigie's configuration. Types, validation, the JSON Schema for editors (config/vigie.schema.json) and
 * the reference page (docs/configuration.md) all come from it.
 */
import { z } from "zod";
import { MAX_SLOT, REFERENCE, SYSTEM } from "../registry/shape.ts";
import { mqttDestination } from "./broker.ts";
import { field, say } from "./field.ts";
import { deviceAddress, finess, instant, label, legalFiness, name, path, secret } from "./forms.ts";
import { links } from "./links.ts";
import { receiver } from "./receiver.ts";
import { registry } from "./registry.ts";
import { fhirDestination, httpsDestination } from "./web.ts";

const gateway = field(
  z.strictObject({
    id: field(
      name,
      say(
        "Nom stable de la passerelle, dans les sujets MQTT et les segments signés.",
        "The gateway's stable name, in MQTT topics and in signed segments.",
      ),
    ),
    structure: field(
      z.strictObject({
        finess,
        legalFiness,
        name: field(label, say("Nom de la structure.", "Name of the structure.")),
      }),
      say("La structure où se trouve la passerelle.", "The structure in which the gateway stands."),
    ),
    timeZone: field(
      z.string().refine(isTimeZone).default("Europe/Paris"),
      say(
        "Fuseau du site : celui dans lequel les appareils donnent leur heure.",
        "Zone of the site: the one in which devices tell their time.",
      ),
      say("un fuseau IANA, comme Europe/Paris", "an IANA time zone, like Europe/Paris"),
    ),
    systemId: field(
      z
        .string()
        .regex(/^[0-9A-F]{16}$/)
        .exactOptional(),
      say("EUI-64 de la passerelle, si elle en a un.", "EUI-64 of the gateway, where it has one."),
      say("16 chiffres hexadécimaux en majuscules", "16 upper-case hex digits"),
    ),
  }),
  say("Qui est cette passerelle.", "Who this gateway is."),
);

const journal = field(
  z.strictObject({
    path: field(path, say("Dossier du journal, à lui seul.", "Folder of the journal, for it alone.")),
    key: field(secret, say("Clé de chiffrement du journal (32 octets).", "The journal's encryption key (32 bytes).")),
    signingKey: field(
      secret,
      say("Graine Ed25519 qui signe les segments (32 octets).", "Ed25519 seed that signs the segments (32 bytes)."),
    ),
    maxBytes: field(
      z
        .int()
        .min(8 * 1024 * 1024)
        .exactOptional(),
      say(
        "Taille maximale, en octets : au-delà, la passerelle ne prend plus rien avant que la livraison n'ait fait de la place.",
        "Largest size in bytes: beyond it the gateway takes nothing more before delivery has made room.",
      ),
    ),
    eraseAfterDays: field(
      z.int().min(0).max(3_650).default(7),
      say(
        "Jours après lesquels le contenu reçu par toutes les destinations est effacé ; plein, le journal n'attend pas.",
        "Days after which what every destination has received is erased; a full journal does not wait.",
      ),
    ),
    pruneAfterDays: field(
      z.int().min(0).max(3_650).default(90),
      say(
        "Jours après lesquels les segments reçus par toutes sont retirés, derrière un point de contrôle signé.",
        "Days after which segments that all have received are pruned, behind a signed checkpoint.",
      ),
    ),
    quarantineAfterDays: field(
      z.int().min(1).max(3_650).exactOptional(),
      say(
        "Jours après lesquels une mesure en quarantaine, annoncée à toutes les destinations et que personne n'a rendue, est écartée ; à défaut, elle attend.",
        "Days after which a quarantined reading that was announced to every destination, and that nobody released, is discarded; by default it waits.",
      ),
    ),
  }),
  say("Le journal, signé, chaîné et chiffré.", "The journal: signed, chained, encrypted."),
);

export const device = z.strictObject({
  address: field(
    deviceAddress,
    say(
      "Adresse Bluetooth, ou nom donné sous `links.serial`.",
      "Bluetooth address, or the name given under `links.serial`.",
    ),
  ),
  driver: field(
    name.exactOptional(),
    say(
      "Pilote imposé ; à défaut, celui que l'appareil annonce.",
      "Forced driver; by default what the device announces.",
    ),
  ),
  name: field(
    z.string().min(1).exactOptional(),
    say(
      "Nom que l'appareil diffuse, s'il compte pour le pilote.",
      "The name the device broadcasts, where its driver needs it.",
    ),
  ),
  label: field(label, say("Nom de l'appareil pour l'équipe.", "What the staff calls the device.")),
});

export const person = z.strictObject({
  reference: field(
    z.string().regex(REFERENCE),
    say(
      "Référence opaque donnée par la plateforme ou la structure.",
      "Opaque reference given by the platform or the structure.",
    ),
    say(
      "1 à 64 caractères sans espace, jamais un NIR ou un INS",
      "1 to 64 characters without spaces, never a NIR or an INS",
    ),
  ),
  system: field(
    z.string().regex(SYSTEM),
    say("Système de cette référence.", "System of that reference."),
    say(
      "urn:oid:…, urn:uuid:… ou https://…, autre que l'INS",
      "urn:oid:…, urn:uuid:… or https://…, other than the INS",
    ),
  ),
  label: field(
    label,
    say(
      "Nom d'usage sur le site, comme « Chambre 12 » ; il ne quitte jamais la passerelle.",
      'What the site calls them, like "Chambre 12"; it never leaves the gateway.',
    ),
  ),
});

export const assignment = z.strictObject({
  device: field(
    device.shape.address,
    say("Adresse de l'appareil, reprise de `devices`.", "Address of the device, as under `devices`."),
  ),
  userSlot: field(
    z.int().min(0).max(MAX_SLOT).exactOptional(),
    say("Utilisateur de l'appareil ; à défaut, tous.", "User of the device; by default all of them."),
  ),
  person: field(
    z.string().min(1),
    say("Référence de la personne, reprise de `persons`.", "Reference of the person, as under `persons`."),
  ),
  from: field(instant, say("Depuis quand, inclus.", "Since when, inclusive.")),
  until: field(instant.exactOptional(), say("Jusqu'à quand, exclu.", "Until when, exclusive.")),
});

export const destination = z.discriminatedUnion("type", [mqttDestination, httpsDestination, fhirDestination]);

const common = {
  clock: field(
    z
      .strictObject({
        trust: field(
          z.enum(["timesync", "always", "never"]).default("timesync"),
          say(
            "Quand l'heure de la carte fait foi : si systemd-timesyncd l'a réglée, toujours, ou jamais.",
            "When the board's time is to be trusted: once systemd-timesyncd has set it, always, or never.",
          ),
        ),
      })
      .prefault({}),
    say("L'horloge de la carte.", "The board's clock."),
  ),
  log: field(
    z
      .strictObject({
        level: field(
          z.enum(["debug", "info", "warn", "error"]).default("info"),
          say("Le moins grave qui soit écrit.", "The least severe that is written."),
        ),
      })
      .prefault({}),
    say("Le journal technique, sans aucune donnée de santé.", "The technical log, without any health data."),
  ),
};

const gatewaySections = {
  gateway,
  journal,
  links,
  devices: field(z.array(device).default([]), say("Appareils connus.", "Known devices.")),
  persons: field(z.array(person).default([]), say("Personnes suivies.", "Persons followed.")),
  assignments: field(
    z.array(assignment).default([]),
    say(
      "Qui se mesure avec quel appareil, et quand. Ce qui n'est pas couvert attend en quarantaine.",
      "Who measures with which device, and when. What is not covered waits in quarantine.",
    ),
  ),
  registry,
  destinations: field(z.array(destination).default([]), say("Plateformes de coordination.", "Coordination platforms.")),
};

/** What `vigie run` needs. The same file may also hold the receiver's section. */
export const gatewaySchema = z.strictObject({ ...gatewaySections, receiver: receiver.exactOptional(), ...common });

/** What `vigie receive` needs. The same file may also hold the gateway's sections. */
export const receiverSchema = z.strictObject({
  ...z.strictObject(gatewaySections).partial().shape,
  receiver,
  ...common,
});

export type GatewayConfig = z.output<typeof gatewaySchema>;
export type ReceiverConfig = z.output<typeof receiverSchema>;
export type ReceiverSection = ReceiverConfig["receiver"];
export type SinkConfig = ReceiverSection["sinks"][number];
export type DestinationConfig = GatewayConfig["destinations"][number];
export type AssignmentConfig = GatewayConfig["assignments"][number];
export type DeviceConfig = GatewayConfig["devices"][number];
/** Where a secret is; never the secret itself. */
export type SecretSource = z.output<typeof secret>;

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("fr", { timeZone: zone });
    return true;
  } catch {
    return false; // RangeError is how ECMA-402 says "no such zone"
  }
}
