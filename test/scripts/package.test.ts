/** The archive that a technician installs (docs/installation.fr.md). */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import packed from "../../package.json" with { type: "json" };

const root = fileURLToPath(new URL("../..", import.meta.url));

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vigie-package-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("the archive runs where it is unpacked, holds no source, no test and no secret, and is twice the same", async () => {
  const name = `vigie-${packed.version}`;
  const made = (into: string) => String(execFileSync(join(root, "scripts/package"), [join(folder, into)]));
  expect(made("one")).toBe(made("two"));

  const opt = join(folder, "opt");
  await mkdir(opt);
  execFileSync("tar", ["xf", join(folder, `one/${name}.tar.gz`), "-C", opt, "--strip-components=1"]);
  // What `npm ci --omit=dev` would bring: a linked folder is taken as it is.
  await symlink(await realpath(join(root, "node_modules")), join(opt, "node_modules"));
  const vigie = (...args: readonly string[]) => String(execFileSync(join(opt, "scripts/vigie"), args));
  expect(vigie("--version")).toBe(`${packed.version}\n`);
  expect(vigie("config", "check", join(opt, "config/vigie.yaml"))).toContain("OK");

  const files = await readdir(opt, { recursive: true });
  const ours = files.filter((file) => !file.startsWith("node_modules"));
  expect(ours.filter((file) => /\.ts$|\.map$|^src|^test|^var|\.test\./.test(file))).toEqual([]);
  for (const file of ["systemd/vigie.service", "docs/installation.fr.md", "LICENSE", "package-lock.json"]) {
    expect(existsSync(join(opt, file)), file).toBe(true);
  }
}, 120_000);
