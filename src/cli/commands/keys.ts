/** `vigie keys`: makes the secrets that a configuration names, and shows what others need to verify with. */
import type { Command } from "commander";
import { drivers } from "../../../drivers/all.ts";
import { loadAnyConfig } from "../../config/load.ts";
import type { GatewayConfig, ReceiverConfig, SecretSource } from "../../config/schema.ts";
import { readKey } from "../../config/secret.ts";
import type { Sentence } from "../../errors/error.ts";
import { hex } from "../../measure/json.ts";
import { kidText, signingKey } from "../../seal/key.ts";
import { command, inBoth } from "../command.ts";
import { type Io, print } from "../io.ts";
import { createKeyFile } from "../key-file.ts";

interface Options {
  readonly config: string;
  readonly credentials?: string;
  readonly json?: boolean;
}

/** One secret of a configuration: what it is for, and where it is kept. */
interface Key {
  readonly use: "journal.key" | "journal.signingKey" | "receiver.signingKey";
  readonly source: SecretSource;
}

export default function keys(io: Io, summary: Sentence): Command {
  const examples = {
    create: [
      "vigie keys create --config config/demo.yaml",
      "vigie keys create --config /etc/vigie/vigie.yaml --credentials /etc/vigie/credentials",
    ],
    public: ["vigie keys public --config config/demo.yaml"],
  };
  const create = command(io, {
    name: "create",
    summary: {
      fr: "fabrique les clés qui manquent (0600) ; n'en remplace jamais une",
      en: "makes the keys that are missing (0600); never replaces one",
    },
    examples: examples.create,
  }).action((options: Options) => createKeys(io, options));
  const show = command(io, {
    name: "public",
    summary: { fr: "montre les clés publiques et leur identifiant", en: "shows the public keys and their ids" },
    examples: examples.public,
  }).action((options: Options) => showPublicKeys(io, options));
  for (const sub of [create, show]) {
    sub
      .requiredOption("--config <file>", inBoth("le fichier de configuration", "the configuration file"))
      .option(
        "--credentials <folder>",
        inBoth(
          "le dossier où sont les secrets que systemd remet au service",
          "the folder of the secrets that systemd hands to the service",
        ),
      )
      .option("--json", inBoth("pour un programme", "for a program"));
  }
  return command(io, { name: "keys", summary, examples: [...examples.create, ...examples.public] })
    .addCommand(create)
    .addCommand(show);
}

async function createKeys(io: Io, { config, credentials, json }: Options): Promise<void> {
  const made = [];
  for (const { use, source } of keysOf(await loadAnyConfig(config, drivers))) {
    const file = fileOf(source, credentials);
    made.push({ use, file, created: file === undefined ? false : await createKeyFile(file) });
  }
  if (json === true) return print(io.stdout, JSON.stringify(made, null, 2));
  await print(io.stdout, ...made.map(({ use, file, created }) => `${use}  ${outcome(file, created)}`));
}

function outcome(file: string | undefined, created: boolean): string {
  if (file === undefined)
    return "remise par systemd ; donnez --credentials / handed over by systemd; give --credentials";
  return created ? `${file}  créée / made` : `${file}  gardée telle quelle / kept as it is`;
}

async function showPublicKeys(io: Io, { config, credentials, json }: Options): Promise<void> {
  const shown = [];
  for (const { use, source } of keysOf(await loadAnyConfig(config, drivers))) {
    if (use === "journal.key") continue; // it encrypts and has no public half
    const file = fileOf(source, credentials);
    const { kid, publicKey } = signingKey(await readKey(file === undefined ? source : { file }));
    shown.push({ use, kid: kidText(kid), publicKey: hex(publicKey) });
  }
  if (json === true) return print(io.stdout, JSON.stringify(shown, null, 2));
  await print(io.stdout, ...shown.map(({ use, kid, publicKey }) => `${use}  kid ${kid}  ${publicKey}`));
}

function keysOf({ journal, receiver }: GatewayConfig | ReceiverConfig): readonly Key[] {
  return [
    ...(journal === undefined
      ? []
      : ([
          { use: "journal.key", source: journal.key },
          { use: "journal.signingKey", source: journal.signingKey },
        ] as const)),
    ...(receiver === undefined ? [] : [{ use: "receiver.signingKey", source: receiver.signingKey } as const]),
  ];
}

function fileOf(source: SecretSource, credentials: string | undefined): string | undefined {
  if ("file" in source) return source.file;
  return credentials === undefined ? undefined : `${credentials}/${source.credential}`;
}
