/** Files that a configuration names and that are no secret: certificates, a scenario. */
import { readFile } from "node:fs/promises";
import { verbatim } from "../errors/sentence.ts";
import { systemSays } from "../errors/system.ts";
import { errors } from "./errors.ts";

/** @throws CONFIG_FILE_UNREADABLE */
export async function readNamedText(path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: unknown) => {
    throw errors.CONFIG_FILE_UNREADABLE({ where: verbatim(path), found: systemSays(cause), cause });
  });
}
