/** A key on disk: made once, whole, for its owner alone, and never written over. A lost journal key is a lost journal. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { link, mkdir, open, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { verbatim } from "../errors/sentence.ts";
import { systemSays } from "../errors/system.ts";
import { errors } from "./errors.ts";

/**
 * Makes a key of 32 random bytes, as hex, in a file of mode 0600 that is on disk (fsync) when this resolves.
 * @returns false where the file was there already; it is then left alone. @throws KEY_NOT_WRITTEN
 */
export async function createKeyFile(file: string): Promise<boolean> {
  const folder = dirname(file);
  const draft = `${file}.${randomBytes(6).toString("hex")}.new`;
  if (existsSync(file)) return false;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeDurably(draft, `${randomBytes(32).toString("hex")}\n`);
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
