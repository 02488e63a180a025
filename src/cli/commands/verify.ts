/** `vigie verify`: what a third party does with an export, knowing nothing but the gateway's public key. */
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { ExitCode, type Sentence } from "../../errors/error.ts";
import { say, verbatim } from "../../errors/sentence.ts";
import { systemSays } from "../../errors/system.ts";
import { verifyingKey } from "../../seal/key.ts";
import { command, inBoth } from "../command.ts";
import { errors } from "../errors.ts";
import { type Io, print } from "../io.ts";
import { verificationLines, verifyExport } from "../verification.ts";

interface Options {
  readonly key: string;
  readonly json?: boolean;
}

export default function verify(io: Io, summary: Sentence): Command {
  return command(io, {
    name: "verify",
    summary,
    examples: ["vigie verify journal.cbor --key passerelle.pub", "vigie verify journal.cbor --key d75a98…511a"],
  })
    .argument("<file>", inBoth("un export de `vigie journal export`", "an export of `vigie journal export`"))
    .requiredOption(
      "--key <key>",
      inBoth(
        "la clé publique : 64 chiffres hexadécimaux, ou un fichier qui les contient",
        "the public key: 64 hex digits, or a file that holds them",
      ),
    )
    .option("--json", inBoth("pour un programme", "for a program"))
    .action(async (file: string, { key, json }: Options) => {
      const result = verifyExport(await readInput(file), verifyingKey(await publicKey(key)));
      await print(io.stdout, ...(json === true ? [JSON.stringify(result)] : verificationLines(result)));
      if (result.findings.length > 0 || result.segments === 0) io.exitCode = ExitCode.findings;
    });
}

const keyForm = say(
  "--key avec 64 chiffres hexadécimaux, ou un fichier qui les contient",
  "--key with 64 hex digits, or a file that holds them",
);

async function publicKey(given: string): Promise<Uint8Array> {
  const text = /^[0-9a-fA-F]{64}$/.test(given) ? given : (await readInput(given)).toString("latin1").trim();
  // A line of `vigie keys public` ends with the key: it may be handed over as it is.
  const digits = /[0-9a-fA-F]{64}$/.exec(text)?.[0];
  if (digits === undefined) throw errors.USAGE({ expected: keyForm });
  return Buffer.from(digits, "hex");
}

async function readInput(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw errors.INPUT_UNREADABLE({ where: verbatim(file), found: systemSays(cause), cause });
  }
}
