/** `vigie journal`: what is in the journal, whether it is whole, and out to a file that anybody can verify. */
import type { Command } from "commander";
import { drivers } from "../../../drivers/all.ts";
import { loadGatewayConfig } from "../../config/load.ts";
import { type ReadableJournal, remoteJournal } from "../../control/remote-journal.ts";
import { connectControl } from "../../control/socket.ts";
import { withholding } from "../../delivery/withhold.ts";
import { ExitCode, type Sentence } from "../../errors/error.ts";
import { controlPath, openConfiguredJournal } from "../../gateway.ts";
import type { StoredSegment } from "../../journal/port.ts";
import { encodeMessage } from "../../seal/message.ts";
import { systemClock } from "../../system-clock.ts";
import { command, inBoth } from "../command.ts";
import { type ActorOptions, actorOf, asking, assertJournal, changing } from "../control.ts";
import { look } from "../health.ts";
import { deliveryLines, verdictLines } from "../health-words.ts";
import { type Io, print } from "../io.ts";
import { createFile } from "../json-file.ts";
import { salvage } from "../salvage.ts";
import { salvageLines } from "../salvage-words.ts";
import { verificationLines } from "../verification.ts";

interface Options {
  readonly config: string;
  readonly json?: boolean;
}

/** How many records are in memory at a time. */
const STEP = 1_024;

export default function journal(io: Io, summary: Sentence): Command {
  const examples = {
    status: ["vigie journal status --config config/vigie.yaml"],
    verify: ["vigie journal verify --config config/vigie.yaml"],
    export: ["vigie journal export journal.cbor --config config/vigie.yaml"],
    salvage: ['vigie journal salvage --config config/vigie.yaml --reason "carte mémoire abîmée"'],
  };
  const status = command(io, {
    name: "status",
    summary: {
      fr: "dit d'abord si tout va bien, puis ce que contient le journal",
      en: "tells first whether all is well, then what is in the journal",
    },
    examples: examples.status,
  }).action((options: Options) => showStatus(io, options));
  const verify = command(io, {
    name: "verify",
    summary: {
      fr: "vérifie signatures, chaîne, empreintes, index et fichier",
      en: "verifies signatures, chain, digests, index and file",
    },
    examples: examples.verify,
  }).action((options: Options) => withJournal(options.config, (journal) => verifyJournal(io, journal, options)));
  const exporting = command(io, {
    name: "export",
    summary: {
      fr: "écrit le journal dans un fichier vérifiable par un tiers",
      en: "writes the journal to a file that a third party can verify",
    },
    examples: examples.export,
  })
    .argument("<file>", inBoth("le fichier à écrire ; il ne doit pas exister", "the file to write; it must not exist"))
    .option("--from <seq>", inBoth("à partir de ce numéro", "from this number on"), Number, 1)
    .action((file: string, options: Options & { readonly from: number }) =>
      withJournal(options.config, (journal) => exportJournal(io, journal, file, options)),
    );
  for (const sub of [status, verify, exporting]) asking(sub);
  const salvaging = changing(
    command(io, {
      name: "salvage",
      summary: {
        fr: "remplace un journal qui ne s'ouvre plus : sauve ce qui est entier, garde tout le reste, n'efface rien",
        en: "replaces a journal that does not open any more: saves what is whole, keeps all the rest, deletes nothing",
      },
      examples: examples.salvage,
    }),
  ).action((options: ActorOptions) => salvageJournal(io, options));
  return command(io, { name: "journal", summary, examples: Object.values(examples).flat() })
    .addCommand(status)
    .addCommand(verify)
    .addCommand(exporting)
    .addCommand(salvaging);
}

async function salvageJournal(io: Io, options: ActorOptions): Promise<void> {
  const report = await salvage(await loadGatewayConfig(options.config, drivers), actorOf(options));
  if (report !== undefined && report.salvaged.lost.length > 0) io.exitCode = ExitCode.findings;
  if (options.json === true) return print(io.stdout, JSON.stringify(report ?? { ended: true }));
  await print(
    io.stdout,
    ...(report === undefined
      ? ["Sauvetage terminé : `systemctl start vigie` · Salvage ended: `systemctl start vigie`"]
      : salvageLines(report)),
  );
}

/** The journal of the gateway that is running, else the file itself. */
async function withJournal(file: string, work: (journal: ReadableJournal) => Promise<void>): Promise<void> {
  const config = await loadGatewayConfig(file, drivers);
  const running = await connectControl(controlPath(config));
  if (running !== undefined) return work(await remoteJournal(running));
  await assertJournal(config);
  const journal = await openConfiguredJournal(config, systemClock(config.clock.trust));
  try {
    await work(journal);
  } finally {
    await journal.close();
  }
}

async function showStatus(io: Io, { config, json }: Options): Promise<void> {
  const { status, health, isRunning, points } = await look(config);
  if (json === true) return print(io.stdout, JSON.stringify({ ...status, isRunning, ...health, points }));
  const running = isRunning ? "en marche · running" : "arrêtée · stopped";
  await print(
    io.stdout,
    ...verdictLines(points),
    "",
    `passerelle · gateway        ${status.gateway}, ${running}`,
    `époque · epoch              ${status.epoch}`,
    `enregistrements · records   ${status.lastSeq}`,
    `segments · segments         ${status.segments}`,
    `octets · bytes              ${status.bytes}`,
    `clé publique · public key   ${status.publicKey}`,
    ...deliveryLines(health),
  );
}

async function verifyJournal(io: Io, journal: ReadableJournal, { json }: Options): Promise<void> {
  const result = await journal.verify();
  await print(io.stdout, ...(json === true ? [JSON.stringify(result)] : verificationLines(result)));
  if (result.findings.length > 0) io.exitCode = ExitCode.findings;
}

async function exportJournal(
  io: Io,
  journal: ReadableJournal,
  file: string,
  { from, json }: Options & { readonly from: number },
): Promise<void> {
  // It holds health data: for its owner alone, and never over another file.
  const handle = await createFile(file);
  let [segments, records] = [0, 0];
  try {
    for await (const segment of segmentsOf(journal, from)) {
      await handle.appendFile(encodeMessage(withholding(segment)));
      segments += 1;
      records += segment.records.length;
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  const { publicKey } = await journal.status();
  if (json === true) return print(io.stdout, JSON.stringify({ file, segments, records, publicKey }));
  await print(
    io.stdout,
    `${segments} segments, ${records} enregistrements · records → ${file}`,
    `À vérifier avec · verify with: vigie verify ${file} --key ${publicKey}`,
  );
}

async function* segmentsOf(journal: ReadableJournal, from: number): AsyncGenerator<StoredSegment> {
  for (let next = from; next <= journal.lastSeq; ) {
    const segments = await journal.segments(next, STEP);
    yield* segments;
    const last = segments.at(-1);
    if (last === undefined) return;
    next = last.lastSeq + 1;
  }
}
