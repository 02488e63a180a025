/**
 * A change of one of the journal's keys, files and all: the new key on disk, the journal changed to it, then its file in the
 * old one's place. Cut anywhere, the same command goes on where it was; and between the steps no key is missing.
 */
import { existsSync } from "node:fs";
import type { GatewayConfig } from "../config/schema.ts";
import { readKey } from "../config/secret.ts";
import type { Answer } from "../control/port.ts";
import { type KeyUse, keyUses } from "../control/port.ts";
import { rotateKey } from "../control/rotate.ts";
import { connectControl } from "../control/socket.ts";
import { isVigieError, type VigieError } from "../errors/error.ts";
import { controlPath, openConfiguredJournal } from "../gateway.ts";
import type { Journal } from "../journal/port.ts";
import { hex } from "../measure/json.ts";
import type { Actor } from "../registry/audit.ts";
import { systemClock } from "../system-clock.ts";
import { assertJournal, refusal } from "./control.ts";
import { errors } from "./errors.ts";
import { createKeyFile, nextKeyFile, replaceKeyFile } from "./key-file.ts";

/** Where the two keys of a journal are. */
export type KeyFiles = Readonly<Record<KeyUse, string>>;

export interface Rotated {
  readonly use: KeyUse;
  /** Where the new key is. */
  readonly file: string;
  /** Where the old one is kept. */
  readonly old: string;
}

/** Makes the next key, where there is none yet, and changes nothing else. @returns its file. @throws KEY_NOT_WRITTEN, SECRET_… */
export async function prepareKey(file: string): Promise<string> {
  // Refused here, where the key to be followed cannot be read, and not when the journal has changed.
  await readKey({ file });
  const next = nextKeyFile(file);
  await createKeyFile(next, file);
  return next;
}

/**
 * Changes a key; and with the gateway stopped also ends a change of the other one that was cut.
 * @throws what the journal, or a running gateway, refuses.
 */
export async function rotateKeyFiles(
  config: GatewayConfig,
  files: KeyFiles,
  use: KeyUse,
  actor: Actor,
): Promise<readonly Rotated[]> {
  const running = await connectControl(controlPath(config));
  if (running === undefined) await assertJournal(config);
  const next = await prepareKey(files[use]);
  if (running === undefined) return rotateStopped(config, files, use, actor);
  await accepted(running.ask({ do: "key-rotate", use, key: hex(await readKey({ file: next })), actor }));
  return [await replaced(files, use)];
}

async function rotateStopped(
  config: GatewayConfig,
  files: KeyFiles,
  use: KeyUse,
  actor: Actor,
): Promise<readonly Rotated[]> {
  const clock = systemClock(config.clock.trust);
  const { journal, opened } = await openWithEither(config, files);
  const rotated: Rotated[] = [];
  try {
    // Somebody put the new file in its place by hand.
    if ((await journal.status()).isMovingToBoxKey) await journal.rotateBoxKey(await readKey({ file: opened.box }));
    for (const one of keyUses) {
      if (one !== use && opened[one] === files[one]) continue;
      const key = hex(await readKey({ file: nextKeyFile(files[one]) }));
      await rotateKey(journal, { use: one, key }, actor, clock.now());
      rotated.push(await replaced(files, one));
    }
  } finally {
    await journal.close();
  }
  return rotated;
}

/** After a cut the journal may have changed to a key whose file is not in its place yet. */
async function openWithEither(config: GatewayConfig, files: KeyFiles): Promise<{ journal: Journal; opened: KeyFiles }> {
  const clock = systemClock(config.clock.trust);
  let refused: VigieError | undefined;
  for (const box of candidates(files.box)) {
    for (const signing of candidates(files.signing)) {
      const journal = { ...config.journal, key: { file: box }, signingKey: { file: signing } };
      try {
        return { journal: await openConfiguredJournal({ ...config, journal }, clock), opened: { box, signing } };
      } catch (error) {
        if (!isVigieError(error) || !isOfAKey(error)) throw error;
        refused ??= error;
      }
    }
  }
  throw refused ?? errors.INTERNAL();
}

const candidates = (file: string) => [file, nextKeyFile(file)].filter((one) => existsSync(one));

const isOfAKey = ({ code }: VigieError): boolean =>
  ["JOURNAL_KEY_WRONG", "JOURNAL_KEY_ROTATING", "JOURNAL_SIGNING_KEY_CHANGED"].includes(code);

async function replaced(files: KeyFiles, use: KeyUse): Promise<Rotated> {
  return { use, file: files[use], old: await replaceKeyFile(files[use]) };
}

async function accepted(asked: Promise<Answer>): Promise<void> {
  const answer = await asked;
  if (answer.is === "refused") throw await refusal(answer);
}
