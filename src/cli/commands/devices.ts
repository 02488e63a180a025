/** `vigie devices`: the devices that this gateway knows. */
import type { Command } from "commander";
import type { Sentence } from "../../errors/error.ts";
import { command, inBoth } from "../command.ts";
import { type ActorOptions, actorOf, ask, asking, type ControlOptions, changing, withControl } from "../control.ts";
import { type Io, print } from "../io.ts";
import { type PairOptions, pairDevice } from "../pairing.ts";
import { table } from "../table.ts";

interface AddOptions extends ActorOptions {
  readonly label: string;
  readonly driver?: string;
  readonly name?: string;
  readonly port?: string;
  readonly line?: string;
}

export default function devices(io: Io, summary: Sentence): Command {
  const list = asking(
    command(io, { name: "list", summary: { fr: "donne les appareils connus", en: "lists the known devices" } }),
  ).action(async (options: ControlOptions) => {
    const { devices, inLog = [] } = await ask(io, options, { do: "registry-show" }, "registry");
    if (options.json === true) {
      const known = devices.map((device, at) => (inLog[at] === undefined ? device : { ...device, inLog: inLog[at] }));
      return print(io.stdout, JSON.stringify(known, null, 2));
    }
    // The log names no address and no label; who stands at the board may know which device it speaks of.
    const rows = devices.map(({ address, label, driver, port }, at) => [
      address,
      label,
      driver ?? "–",
      port ?? "–",
      inLog[at] ?? "–",
    ]);
    const headings = [
      "adresse · address",
      "nom · label",
      "pilote · driver",
      "port",
      "au journal technique · in the log",
    ];
    await print(io.stdout, ...table(headings, rows));
  });
  const add = changing(
    command(io, {
      name: "add",
      summary: {
        fr: "ajoute un appareil, ou change ce qu'on en sait",
        en: "adds a device, or changes what is known of it",
      },
    })
      .argument(
        "<address>",
        inBoth("adresse Bluetooth, ou nom sous `links.serial`", "Bluetooth address, or name under `links.serial`"),
      )
      .requiredOption("--label <text>", inBoth("le nom que l'équipe lui donne", "what the staff calls it"))
      .option("--driver <id>", inBoth("pilote imposé", "forced driver"))
      .option("--name <text>", inBoth("le nom qu'il diffuse", "the name it broadcasts"))
      .option(
        "--port <path>",
        inBoth(
          "port série où il est branché, comme /dev/serial/by-id/… ; à défaut, celui de `links.serial`",
          "serial port that it is plugged into, like /dev/serial/by-id/…; by default the one under `links.serial`",
        ),
      )
      .option(
        "--line <settings>",
        inBoth('réglage de la ligne, comme "9600 8N1"', 'settings of the line, like "9600 8N1"'),
      ),
  ).action(async (address: string, options: AddOptions) => {
    const { label, driver, name, port, line } = options;
    const device = {
      address,
      label,
      ...(driver === undefined ? {} : { driver }),
      ...(name === undefined ? {} : { name }),
      ...(port === undefined ? {} : { port }),
      ...(line === undefined ? {} : { line }),
    };
    await ask(io, options, { do: "device-put", device, actor: actorOf(options) }, "done");
  });
  const remove = changing(
    command(io, { name: "remove", summary: { fr: "oublie un appareil", en: "forgets a device" } }).argument(
      "<address>",
    ),
  ).action(async (device: string, options: ActorOptions) => {
    await ask(io, options, { do: "device-remove", device, actor: actorOf(options) }, "done");
  });
  const pair = changing(
    command(io, {
      name: "pair",
      summary: {
        fr: "appaire un appareil Bluetooth et l'enregistre, passerelle en marche",
        en: "pairs a Bluetooth device and enrols it, while the gateway runs",
      },
      examples: [
        "vigie devices pair --config config/vigie.yaml",
        'vigie devices pair --address AA:BB:CC:DD:EE:FF --label "Tensiomètre du couloir A" --config config/vigie.yaml',
      ],
    })
      .option(
        "--label <text>",
        inBoth("le nom que l'équipe lui donne ; à défaut, demandé", "what the staff calls it; by default asked for"),
      )
      .option(
        "--address <address>",
        inBoth(
          "celui-ci, dès qu'il est entendu, sans rien demander",
          "this one, as soon as it is heard, without asking",
        ),
      )
      .option(
        "--driver <id>",
        inBoth(
          "pilote imposé ; montre aussi ce qu'aucun pilote ne reconnaît",
          "forced driver; also shows what no driver recognises",
        ),
      )
      .option("--all", inBoth("montre aussi ce qu'aucun pilote ne reconnaît", "also shows what no driver recognises")),
  ).action((options: PairOptions & ActorOptions) =>
    withControl(io, options.config, (control) => pairDevice(io, control, options)),
  );
  const examples = [
    "vigie devices list --config config/vigie.yaml",
    "vigie devices pair --config config/vigie.yaml",
    "vigie devices remove AA:BB:CC:DD:EE:FF --config config/vigie.yaml",
    'vigie devices add AA:BB:CC:DD:EE:FF --label "Tensiomètre du couloir A" --config config/vigie.yaml',
    'vigie devices add balance-2 --label "Balance du couloir B" --driver scale-line --port /dev/vigie/balance-2 --config config/vigie.yaml',
  ];
  return command(io, { name: "devices", summary, examples })
    .addCommand(list)
    .addCommand(pair)
    .addCommand(add)
    .addCommand(remove);
}
