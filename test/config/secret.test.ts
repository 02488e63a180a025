import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readKey, readSecret, readSecretText } from "../../src/config/secret.ts";

const key = Uint8Array.from({ length: 32 }, (_, index) => index);
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vigie-secret-"));
});
afterAll(() => rm(folder, { recursive: true }));

const environment = () => ({ credentials: folder, uid: process.getuid?.() });

async function secretFile(content: string | Uint8Array, mode = 0o600): Promise<string> {
  const file = join(await mkdtemp(join(folder, "s-")), "secret");
  await writeFile(file, content);
  await chmod(file, mode);
  return file;
}

describe("a key", () => {
  test.each([
    ["raw", key],
    ["hex", Buffer.from(key).toString("hex")],
    ["hex with a line feed", `${Buffer.from(key).toString("hex")}\n`],
    ["base64", Buffer.from(key).toString("base64")],
    ["base64url", Buffer.from(key).toString("base64url")],
  ])("is 32 bytes written as %s", async (_name, content) => {
    expect(await readKey({ file: await secretFile(content) }, environment())).toEqual(key);
  });

  test.each([
    ["31 bytes", key.subarray(1)],
    ["a word", "hunter2"],
    ["nothing", ""],
    ["a whole disk", "x".repeat(20_000)],
  ])("is not %s, and the error does not repeat it", async (_name, content) => {
    const error: unknown = await readKey({ file: await secretFile(content) }, environment()).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "SECRET_MALFORMED", exit: 78 });
    expect(JSON.stringify(error)).not.toContain("hunter2");
  });
});

describe("where a secret is", () => {
  test("a credential is read from where systemd put it, whatever mode its access list shows", async () => {
    await writeFile(join(folder, "journal-key"), key, { mode: 0o440 });
    expect(await readKey({ credential: "journal-key" }, environment())).toEqual(key);
  });

  test("a credential outside of a service, and a file that is not there, are SECRET_MISSING", async () => {
    const outside = { credentials: undefined, uid: 0 };
    await expect(readKey({ credential: "journal-key" }, outside)).rejects.toMatchObject({ code: "SECRET_MISSING" });
    await expect(readKey({ credential: "none" }, environment())).rejects.toMatchObject({ code: "SECRET_MISSING" });
    await expect(readKey({ file: join(folder, "none") }, environment())).rejects.toMatchObject({ exit: 78 });
  });

  test.each([0o640, 0o604, 0o620, 0o601])("a file of mode %o is refused", async (mode) => {
    await expect(readSecret({ file: await secretFile(key, mode) }, environment())).rejects.toMatchObject({
      code: "SECRET_EXPOSED",
      exit: 77,
    });
  });

  test.skipIf(process.getuid?.() === 0)("a stricter mode is fine", async () => {
    expect(await readKey({ file: await secretFile(key, 0o400) }, environment())).toEqual(key);
  });

  test("a file of another user is refused, one of root is not", async () => {
    const file = await secretFile(key);
    const mine = process.getuid?.() ?? 0;
    const stranger = readSecret({ file }, { credentials: undefined, uid: mine + 1 });
    if (mine === 0) expect(await stranger).toEqual(key);
    else await expect(stranger).rejects.toMatchObject({ code: "SECRET_EXPOSED" });
  });

  test("a password loses the editor's line feed and nothing else", async () => {
    expect(await readSecretText({ file: await secretFile(" pass word \n") }, environment())).toBe(" pass word ");
  });
});
