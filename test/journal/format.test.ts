/** The page for third parties says what is so: its verifier is run as it stands there. */
import { spawnSync } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SCHEMA_VERSION } from "../../src/journal/schema.ts";
import { encodeMessage } from "../../src/seal/message.ts";
import { testKey } from "../fixtures/seal.ts";
import { draft, newFolder, open } from "./setting.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = () => readFile(join(root, "docs", "journal-format.md"), "utf8");

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rm(folder, { recursive: true }));

test("the verifier on the page accepts an export, and no changed one", async () => {
  const code = /```js\n([\s\S]*?)```/.exec(await page())?.[1] ?? "";
  const journal = await open(folder);
  await journal.append(draft(1));
  await Promise.all(Array.from({ length: 40 }, (_, n) => journal.append(draft(n + 2))));
  await journal.erasePerson("person-1", "test");
  const messages = (await journal.segments(1, 1_000)).map((segment) => encodeMessage(segment));
  await journal.close();

  const exported = Buffer.concat(messages);
  const file = join(folder, "export.cbor");
  const publicKey = Buffer.from(testKey().publicKey).toString("hex");
  const verdict = async (bytes: Uint8Array, key = publicKey): Promise<boolean> => {
    await writeFile(file, bytes);
    // A script on standard input has its own arguments from the third on, like one in a file.
    const run = spawnSync(process.execPath, ["--input-type=module", "-", file, key], { cwd: root, input: code });
    return run.status === 0 && run.stdout.toString() === "verified\n";
  };
  expect(await verdict(exported)).toBe(true);
  expect(await verdict(exported, Buffer.from(testKey(8).publicKey).toString("hex"))).toBe(false);
  expect(await verdict(Buffer.concat([messages[0] ?? exported, messages[2] ?? exported]))).toBe(false);
  for (let at = 3; at < exported.length; at += Math.ceil(exported.length / 5)) {
    const changed = Buffer.from(exported);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(await verdict(changed), `byte ${at}`).toBe(false);
  }
});

test("the version on the page is the one that is written", async () => {
  expect(await page()).toContain(`\`user_version\` ${SCHEMA_VERSION})`);
});
