/** `vigie keys`: makes the secrets that a configuration names, and shows what others need to verify with. */

import type { Command } from "commander";
import { drivers } from "../../../drivers/all.ts";
import { type KeySources, loadGatewayConfig, loadKeySources } from "../../config/load.ts";
import type { GatewayConfig, SecretSource } from "../../config/schema.ts";
import { readKey } from "../../config/secret.ts";
import type { Sentence } from "../../errors/error.ts";
import { verbatim } from "../../errors/sentence.ts";
import { hex } from "../../measure/json.ts";
import { kidText, signingKey } from "../../seal/key.ts";
import { command, inBoth } from "../command.ts";
import { type ActorOptions, actorOf, asking, changing } from "../control.ts";
import { errors } from "../errors.ts";
import { type Io, print } from "../io.ts";
import { createKeyFile } from "../key-file.ts";
import { type KeyFiles, prepareKey, type Rotated, rotateKeyFiles } from "../key-rotation.ts";
import { type PublicHalf, rotationLines } from "../key-words.ts";

interface Options {
  readonly config: string;
  readonly credentials?: string;
  readonly json?: boolean;
}

interface RotateOptions extends ActorOptions {
  readonly credentials?: string;
  readonly box?: boolean;
  readonly prepare?: boolean;
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
    rotate: [
      'vigie keys rotate --config config/demo.yaml --reason "départ du prestataire"',
      "vigie keys rotate --box --config /etc/vigie/vigie.yaml --credentials /etc/vigie/credentials",
    ],
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
  const rotate = changing(
    command(io, {
      name: "rotate",
      summary: {
        fr: "change une clé, passerelle en marche ou arrêtée ; coupée, la même commande continue",
        en: "changes a key, with the gateway running or stopped; cut, the same command goes on",
      },
      examples: examples.rotate,
    })
      .option(
        "--box",
        inBoth(
          "la clé de chiffrement du journal ; à défaut, celle qui signe",
          "the journal's encryption key; by default the one that signs",
        ),
      )
      .option(
        "--prepare",
        inBoth(
          "fabrique la prochaine clé et montre sa moitié publique, sans rien changer encore",
          "makes the next key and shows its public half, without changing anything yet",
        ),
      ),
  ).action((options: RotateOptions) => rotateKey(io, options));
  for (const sub of [create, show]) asking(sub);
  for (const sub of [create, show, rotate]) {
    sub.option(
      "--credentials <folder>",
      inBoth(
        "le dossier où sont les secrets que systemd remet au service",
        "the folder of the secrets that systemd hands to the service",
      ),
    );
  }
  return command(io, { name: "keys", summary, examples: Object.values(examples).flat() })
    .addCommand(create)
    .addCommand(show)
    .addCommand(rotate);
}

async function rotateKey(io: Io, options: RotateOptions): Promise<void> {
  const config = await loadGatewayConfig(options.config, drivers);
  const files = filesOf(config, options.credentials);
  const use = options.box === true ? "box" : "signing";
  const rotated =
    options.prepare === true
      ? [{ use, file: await prepareKey(files[use]) } as const]
      : await rotateKeyFiles(config, files, use, actorOf(options));
  const told = await Promise.all(rotated.map(async (one) => ({ ...one, ...(await publicHalf(one)) })));
  if (options.json === true) return print(io.stdout, JSON.stringify(told, null, 2));
  await print(io.stdout, ...told.flatMap((one) => rotationLines(one, config.gateway.id)));
}

async function publicHalf({ use, file }: Pick<Rotated, "use" | "file">): Promise<PublicHalf | undefined> {
  if (use === "box") return undefined;
  const { kid, publicKey } = signingKey(await readKey({ file }));
  return { kid: kidText(kid), publicKey: hex(publicKey) };
}

/** @throws KEY_IN_CREDENTIALS */
function filesOf({ journal }: GatewayConfig, credentials: string | undefined): KeyFiles {
  const file = (source: SecretSource): string => {
    const found = fileOf(source, credentials);
    if (found !== undefined) return found;
    throw errors.KEY_IN_CREDENTIALS("credential" in source ? { where: verbatim(source.credential) } : {});
  };
  return { signing: file(journal.signingKey), box: file(journal.key) };
}

async function createKeys(io: Io, { config, credentials, json }: Options): Promise<void> {
  const made = [];
  for (const { use, source } of keysOf(await loadKeySources(config, drivers))) {
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
  for (const { use, source } of keysOf(await loadKeySources(config, drivers))) {
    if (use === "journal.key") continue; // it encrypts and has no public half
    const file = fileOf(source, credentials);
    const { kid, publicKey } = signingKey(await readKey(file === undefined ? source : { file }));
    shown.push({ use, kid: kidText(kid), publicKey: hex(publicKey) });
  }
  if (json === true) return print(io.stdout, JSON.stringify(shown, null, 2));
  await print(io.stdout, ...shown.map(({ use, kid, publicKey }) => `${use}  kid ${kid}  ${publicKey}`));
}

function keysOf({ journal, receiver }: KeySources): readonly Key[] {
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
