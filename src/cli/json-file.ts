/** JSON files that a command reads and writes: an identity or a registry, for their owner alone. */
import { type FileHandle, open, readFile } from "node:fs/promises";
import { say, verbatim } from "../errors/sentence.ts";
import { systemSays } from "../errors/system.ts";
import { errors } from "./errors.ts";
import { type Io, readAll } from "./io.ts";

/** A registry of ten thousand persons has some megabytes. */
const MAX_BYTES = 16 * 1024 * 1024;

/** @param file a path, or `-` for standard input. @throws INPUT_UNREADABLE, INPUT_MALFORMED */
export async function readJson(io: Io, file: string): Promise<unknown> {
  const text = file === "-" ? await readAll(io.stdin, MAX_BYTES) : await readText(file);
  try {
    return JSON.parse(text ?? "");
  } catch {
    // The parser's message repeats what it was given.
    throw errors.INPUT_MALFORMED({ where: verbatim(file), found: say("ce n'est pas du JSON", "no JSON") });
  }
}

/** Opens for writing a file of mode 0600 that was not there. @throws FILE_NOT_WRITTEN */
export async function createFile(file: string): Promise<FileHandle> {
  return open(file, "wx", 0o600).catch((cause: NodeJS.ErrnoException) => {
    throw errors.FILE_NOT_WRITTEN({ where: verbatim(file), found: systemSays(cause), cause });
  });
}

/** Writes a file of mode 0600 that was not there. @throws FILE_NOT_WRITTEN */
export async function writeJson(file: string, value: unknown): Promise<void> {
  const handle = await createFile(file);
  try {
    await handle.writeFile(`${JSON.stringify(value, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readText(file: string): Promise<string> {
  return readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw errors.INPUT_UNREADABLE({ where: verbatim(file), found: systemSays(cause), cause });
  });
}
