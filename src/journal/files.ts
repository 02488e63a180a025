/** The journal's files as the file system knows them: nobody else's to read, and never deleted. */
import { createHash } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { chmod, chown, copyFile, mkdir, open, readFile, rm, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/**
 * Makes the folder with mode 0700 where it is missing, and the file with 0600; SQLite gives its log the file's mode. The
 * names of what it made are on the disk when it resolves.
 */
export async function makePrivate(file: string): Promise<void> {
  const folder = resolve(dirname(file));
  const made = await mkdir(folder, { recursive: true, mode: 0o700 });
  for (let at = folder; made !== undefined && at !== dirname(made); ) {
    at = dirname(at);
    await syncFolder(at);
  }
  try {
    await (await open(file, "wx", 0o600)).close();
    await syncFolder(folder);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    // Not opened: to close it would take SQLite's lock off, where this process holds one.
    await chmod(file, 0o600);
    await chmod(`${file}-wal`, 0o600).catch(ignoreMissing);
  }
}

/** Makes durable which names a folder holds: to flush the files themselves says nothing of that. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Copies a damaged file and its log beside it, as `journal.db.damaged-1`, and so on: once, however often it is opened.
 * @returns the path of the copy.
 */
export async function setAside(file: string): Promise<string> {
  const digest = await digestOf(file);
  for (let n = 1; ; n += 1) {
    const copy = `${file}.damaged-${n}`;
    try {
      await copyFile(file, copy, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    } catch (error) {
      if (!hasCode(error, "EEXIST")) {
        // A copy that is not whole is no evidence, and its room may be needed.
        await rm(copy, { force: true });
        throw error;
      }
      if ((await digestOf(copy)) === digest) return copy;
      continue;
    }
    await giveTo(copy, file);
    if ((await sizeOf(`${file}-wal`)) > 0) {
      await copyFile(`${file}-wal`, `${copy}-wal`, constants.COPYFILE_FICLONE);
      await giveTo(`${copy}-wal`, file);
    }
    return copy;
  }
}

/** Gives a file the owner of another: root works here for a service that is another user, who has to read it later. */
export async function giveTo(file: string, like: string): Promise<void> {
  const [{ uid, gid }, made] = [await stat(like), await stat(file)];
  if (made.uid !== uid || made.gid !== gid) await chown(file, uid, gid);
}

/** Of the file and its log. */
async function digestOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  for (const part of [file, `${file}-wal`]) {
    const size = await sizeOf(part);
    hash.update(`${size}\n`);
    if (size === 0) continue;
    for await (const chunk of createReadStream(part)) hash.update(chunk);
  }
  return hash.digest("hex");
}

/** An empty log says as much as none. */
async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(ignoreMissing))?.size ?? 0;
}

/**
 * What a look at a file finds, where it finds it twice in the same bytes. Another process may be writing the file just
 * then: it holds the lock, which is for SQLite to say, and what it is half-way through is no damage.
 */
export async function settled<Found>(file: string, look: (bytes: Uint8Array) => Found | undefined) {
  const bytes = await readIfThere(file);
  const found = look(bytes);
  if (found === undefined) return undefined;
  return bytes.equals(await readIfThere(file)) ? found : undefined;
}

export async function readIfThere(file: string): Promise<Buffer> {
  return (await readFile(file).catch(ignoreMissing)) ?? Buffer.alloc(0);
}

/** For a catch: a file that is not there is nothing to complain about. */
export function ignoreMissing(error: unknown): undefined {
  if (hasCode(error, "ENOENT")) return undefined;
  throw error;
}

export const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;
