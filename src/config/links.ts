/** Links in the configuration: where readings come in. */
import { z } from "zod";
import { field, say } from "./field.ts";
import { deviceAddress, name, path } from "./forms.ts";

const line = field(
  z
    .strictObject({
      baudRate: field(z.int().min(50).max(4_000_000).exactOptional(), say("Débit, en bauds.", "Rate, in baud.")),
      dataBits: field(
        z.union([z.literal(7), z.literal(8)]).exactOptional(),
        say("Bits de données.", "Data bits."),
        say("7 ou 8", "7 or 8"),
      ),
      parity: field(z.enum(["none", "even", "odd"]).exactOptional(), say("Parité.", "Parity.")),
      stopBits: field(
        z.union([z.literal(1), z.literal(2)]).exactOptional(),
        say("Bits d'arrêt.", "Stop bits."),
        say("1 ou 2", "1 or 2"),
      ),
    })
    .exactOptional(),
  say("Réglages qui diffèrent de ceux d'usine.", "Settings that differ from the factory's."),
);

const serialPort = field(
  z.string().regex(/^\/\S+$/),
  say(
    "Port série ; un lien stable (/dev/serial/by-id/…), car /dev/ttyUSB0 change au rebranchement.",
    "Serial port; a stable link (/dev/serial/by-id/…), for /dev/ttyUSB0 changes when replugged.",
  ),
  say("un chemin absolu", "an absolute path"),
);

const bytes = (fr: string, en: string) =>
  field(
    z
      .string()
      .regex(/^(?:[0-9a-fA-F]{2}){1,32}$/)
      .transform((text) => new Uint8Array(Buffer.from(text, "hex"))),
    say(fr, en),
    say('des octets en hexadécimal, comme "06"', 'bytes in hex, like "06"'),
  );

const badgeReader = z.strictObject({
  name: field(
    name,
    say("Nom du lecteur, pour l'équipe et l'audit.", "Name of the reader, for the staff and the audit."),
  ),
  path: serialPort,
  line,
  devices: field(
    z.array(deviceAddress).min(1),
    say(
      "Appareils partagés près du lecteur : le badge ouvre une session sur chacun.",
      "Shared devices by the reader: a badge opens a session on each.",
    ),
  ),
  minutes: field(
    z.int().min(1).max(60).default(4),
    say("Durée d'une session sans mesure, en minutes.", "How long a session waits for its reading, in minutes."),
  ),
  answers: field(
    z
      .strictObject({
        accepted: bytes("Ce qui fait dire oui au lecteur.", "What makes the reader say yes."),
        refused: bytes("Ce qui lui fait dire non.", "What makes it say no."),
      })
      .exactOptional(),
    say(
      "Pour un lecteur qui attend une réponse (bip, voyant).",
      "For a reader that waits for an answer (a beep, a light).",
    ),
  ),
});

export const serial = z.strictObject({
  path: serialPort,
  driver: field(name, say("Pilote ; `vigie drivers` en donne la liste.", "Driver; `vigie drivers` lists them.")),
  device: field(
    name,
    say("Nom de l'appareil branché, repris sous `devices`.", "Name of the device plugged in, as under `devices`."),
  ),
  line,
});

export const links = field(
  z.strictObject({
    ble: field(
      z
        .strictObject({
          adapter: field(
            z
              .string()
              .regex(/^hci[0-9]{1,2}$/)
              .default("hci0"),
            say("Adaptateur Bluetooth.", "Bluetooth adapter."),
            say("hci0, hci1…", "hci0, hci1…"),
          ),
          discover: field(
            z.boolean().default(true),
            say(
              "Permettre d'appairer des appareils : `vigie devices pair`.",
              "Allow devices to be paired: `vigie devices pair`.",
            ),
          ),
        })
        .exactOptional(),
      say("Bluetooth LE, par BlueZ.", "Bluetooth LE, through BlueZ."),
    ),
    serial: field(z.array(serial).default([]), say("Appareils sur port série.", "Devices on serial ports.")),
    badges: field(
      z.array(badgeReader).exactOptional(),
      say("Lecteurs de badges sur port série.", "Badge readers on serial ports."),
    ),
    simulated: field(
      z
        .strictObject({
          scenario: field(path, say("Fichier de scénario : quels octets, quand.", "Scenario file: which bytes, when.")),
          speed: field(
            z.number().positive().max(1000).default(1),
            say("Vitesse ; 10 joue le scénario dix fois plus vite.", "Speed; 10 plays the scenario ten times faster."),
          ),
        })
        .exactOptional(),
      say("Appareils simulés, sans matériel.", "Simulated devices, without hardware."),
    ),
  }),
  say("Par où arrivent les mesures ; une au moins.", "Where readings come in; at least one."),
);
