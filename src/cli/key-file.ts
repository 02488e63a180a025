/** A key on disk: made once, whole, for its owner alone, and never written over. A lost journal key is a lost journal. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { link, mkdir, open, rename, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { verbatim } from "../errors/sentence.ts";
import { systemSays } from "../errors/system.ts";
import { giveTo } from "../journal/files.ts";
import { errors } from "./errors.ts";

/**
 * Makes a key of 32 random bytes, as hex, in a file of mode 0600 that is on disk (fsync) when this resolves.
 * @param like a file whose owner it gets: root changes the keys of a service that is another user.
 * @returns false where the file was there already; it is then left alone. @throws KEY_NOT_WRITTEN
 */
export async function createKeyFile(file: string, like?: string): Promise<boolean> {
  const folder = dirname(file);
  const draft = `${file}.${randomBytes(6).toString("hex")}.new`;
  if (existsSync(file)) return false;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeDurably(draft, `${randomBytes(32).toString("hex")}\n`);
    if (like !== undefined) await giveTo(draft, like);
    try {
      // link() gives the file its name only where nobody has it: a rename would replace somebody else's key.
      return await link(draft, file).then(() => true, thereAlready);
    } finally {
      await unlink(draft);
      await syncFolder(folder);
    }
  } catch (cause) {
    throw errors.KEY_NOT_WRITTEN({ where: verbatim(file), found: systemSays(cause), cause });
  }
}

/** Where the key that follows this one waits until everything else has changed to it. */
export const nextKeyFile = (file: string): string => `${file}.next`;

/**
 * Puts the next key in a key's place; the old one is kept beside it as `….old-1`, and so on. There is a key in the file at
 * any moment, and a cut leaves nothing that a second call does not finish.
 * @returns where the old key is now. @throws KEY_NOT_WRITTEN
 */
export async function replaceKeyFile(file: string): Promise<string> {
  const folder = dirname(file);
  try {
    const old = await keepOld(file);
    await syncFolder(folder);
    await rename(nextKeyFile(file), file);
    await syncFolder(folder);
    return old;
  } catch (cause) {
    throw errors.KEY_NOT_WRITTEN({ where: verbatim(file), found: systemSays(cause), cause });
  }
}

async function keepOld(file: string): Promise<string> {
  const { ino } = await stat(file);
  for (let n = 1; ; n += 1) {
    const old = `${file}.old-${n}`;
    const isKept = await link(file, old).then(() => true, thereAlready);
    // The same file under both names: a cut came between the two steps.
    if (isKept || (await stat(old)).ino === ino) return old;
  }
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, "wx", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function thereAlready(error: NodeJS.ErrnoException): false {
  if (error.code === "EEXIST") return false;
  throw error;
}
