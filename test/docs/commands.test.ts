/**
 * The commands that the documentation shows. Each `vigie …` in a shell block or between backticks is a command with options
 * that exist; those of the installation page, and those that need nothing but a checkout, are run as they are written.
 */

import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { errorCatalogue } from "../../src/cli/catalogue.ts";
import { version } from "../../src/version.ts";
import { vigie } from "../fixtures/cli.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const manual = (await readdir(join(root, "docs"))).filter((file) => file.endsWith(".md"));
const pages = ["README.md", ...manual.map((file) => `docs/${file}`)];
const read = (page: string) => readFile(join(root, page), "utf8");

/** What stands in ```sh blocks, a command each; comments and continuations gone. */
function shellCommands(text: string): readonly string[] {
  return [...text.matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)].flatMap(([, block = ""]) =>
    block
      .replaceAll("\\\n", " ")
      .split("\n")
      .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
      .flatMap((line) => line.split(" && "))
      .filter((line) => line !== ""),
  );
}

const inlineCommands = (text: string): readonly string[] =>
  [...text.replace(/```[\s\S]*?```/g, "").matchAll(/`((?:scripts\/)?vigie [^`]+)`/g)].map(
    ([, command = ""]) => command,
  );

/** The words of a command line, without the shell: quotes are enough here. */
const words = (command: string): readonly string[] =>
  [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, bare]) => double ?? single ?? bare ?? "");

/** The arguments behind `vigie`; undefined where it is another program's line. */
function vigieArguments(command: string): readonly string[] | undefined {
  const [program, ...args] = words(command).filter((word) => !/^[A-Z_]+=/.test(word));
  return program === "vigie" || program === "scripts/vigie" ? args : undefined;
}

const shown = (
  await Promise.all(
    pages.map(async (page) => {
      const text = await read(page);
      return [...shellCommands(text), ...inlineCommands(text)].map((command) => ({ page, command }));
    }),
  )
).flat();
const ours = shown.flatMap(({ page, command }) => {
  const args = vigieArguments(command);
  // `vigie COMMAND --help` names any.
  return args === undefined || /^[A-Z]+$/.test(args[0] ?? "") ? [] : [{ page, command, args }];
});

describe("a command that the documentation shows", () => {
  test("is found there at all", () => {
    expect(ours.length).toBeGreaterThan(30);
  });

  test.each(ours)("exists with its options: $command ($page)", async ({ args: [command = "", ...args] }) => {
    const help = async (...names: readonly string[]) => (await vigie([...names, "--help"])).stdout;
    const group = command.startsWith("-") ? await help() : await help(command);
    const [sub = ""] = args;
    // `vigie journal …` speaks of all its commands; `vigie journal status` of one, which has to be there.
    const isGroup = group.includes("[command]") && /^[a-z]/.test(sub);
    const text = isGroup ? await help(command, sub) : group;
    expect(text).toContain(`Usage: vigie ${command.startsWith("-") ? "" : command}${isGroup ? ` ${sub} ` : ""}`);
    const options = [command, ...args].filter((word) => word.startsWith("--"));
    expect(options.filter((option) => !new RegExp(`${option}\\b`).test(text))).toEqual([]);
  });

  test("of scripts/ is a script that is there, with its options", async () => {
    const scripts = shown
      .map(({ command }) => words(command))
      .filter(([program = ""]) => program.startsWith("scripts/"));
    const demo = await read("scripts/demonstration/main.ts");
    for (const [program = "", ...args] of scripts) {
      expect(existsSync(join(root, program)), program).toBe(true);
      if (program === "scripts/demo") for (const option of args) expect(demo).toContain(`"${option}"`);
    }
  });
});

describe("the page from the board to the first reading", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "vigie-installation-"));
    await mkdir(join(folder, "etc/vigie/credentials"), { recursive: true, mode: 0o700 });
    vi.stubEnv("CREDENTIALS_DIRECTORY", join(folder, "etc/vigie/credentials"));
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  /** What needs a board, a root or an editor. */
  const notHere = /^(?:apt-get|mkdir|tar|ln|cd|cp|systemd-|systemctl|journalctl|udevadm|nano)/;

  test("can be followed as it is written", async () => {
    await copyFile(join(root, "config/vigie.yaml"), join(folder, "etc/vigie/vigie.yaml"));
    const here = (word: string) => word.replace("/etc/vigie", join(folder, "etc/vigie"));
    const configuration = join(folder, "etc/vigie/vigie.yaml");
    const journal = (await readFile(configuration, "utf8")).replace("/var/lib/vigie", join(folder, "var"));
    await writeFile(configuration, journal);

    const said: string[] = [];
    for (const command of shellCommands(await read("docs/installation.fr.md"))) {
      const args = vigieArguments(command);
      if (args === undefined) expect(command).toMatch(notHere);
      else {
        const { exit, stdout, stderr } = await vigie(args.map(here));
        expect([command, exit, stderr]).toEqual([command, 0, ""]);
        said.push(stdout);
      }
    }
    // What the page says that one reads.
    const text = said.join("");
    expect(text).toContain("vigie.yaml : OK");
    expect(text).toContain("créée / made");
    expect(text).toContain("rien · nothing");
    expect(text).toMatch(/^enregistrements · records +[1-9]/m);
  });

  test("installs files that are there, and names errors that exist", async () => {
    const text = await read("docs/installation.fr.md");
    const copied = [...text.matchAll(/(?<=cp )(?:systemd|config)\/[\w.-]+/g)].map(([file]) => file);
    expect(new Set(text.match(/vigie-[\d.]+\d\.tar\.gz/g))).toEqual(new Set([`vigie-${version}.tar.gz`]));
    expect(copied.filter((file) => !existsSync(join(root, file)))).toEqual([]);
    const codes = new Set((await errorCatalogue()).map(({ code }) => code));
    const named = [...text.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map(([, code = ""]) => code);
    expect(named.length).toBeGreaterThan(8);
    expect(named.filter((code) => !codes.has(code))).toEqual([]);
  });
});
