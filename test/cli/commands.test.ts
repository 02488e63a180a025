import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drivers } from "../../drivers/all.ts";
import { examplesFor } from "../../src/cli/command.ts";
import { commands } from "../../src/cli/commands.ts";
import { jsonLines, vigie } from "../fixtures/cli.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const demo = join(root, "config/demo.yaml");
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vigie-cli-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** The demonstration's configuration in a folder of its own, so that its keys are made there. */
async function ownDemo(change: (text: string) => string = (text) => text): Promise<string> {
  const own = await mkdtemp(join(folder, "demo-"));
  const text = await readFile(demo, "utf8");
  await writeFile(join(own, "vigie.yaml"), change(text.replaceAll("../var/demo", "./keys")));
  return join(own, "vigie.yaml");
}

describe("help", () => {
  test("lists every command in both languages, without loading one", async () => {
    const { exit, stdout } = await vigie(["--help"]);
    expect(exit).toBe(0);
    for (const [name, { summary }] of Object.entries(commands)) {
      expect(stdout).toContain(`  ${name} `);
      expect(stdout).toContain(summary.fr);
      expect(stdout).toContain(summary.en);
    }
  });

  test.each(Object.keys(commands))("%s --help shows an example", async (name) => {
    const { exit, stdout, stderr } = await vigie([name, "--help"]);
    expect([exit, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/Exemples \/ Examples:\n {2}(?:echo .*\| )?vigie /);
    expect(stdout).toContain(`vigie ${name}`);
  });

  test.each(Object.keys(commands))("so do the subcommands of %s", async (name) => {
    const nobody = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, exitCode: 0 } as const;
    const made = (await commands[name]?.load())?.default(
      { ...nobody, interrupted: async () => "" },
      { fr: "", en: "" },
    );
    for (const subcommand of made?.commands ?? []) {
      expect(examplesFor(subcommand), `vigie ${name} ${subcommand.name()}`).not.toEqual([]);
    }
  });

  test("the version is package.json's", async () => {
    const { version }: { version: string } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
    expect((await vigie(["--version"])).stdout).toBe(`${version}\n`);
  });

  test.each([
    [[], "Commandes / Commands:"],
    [["config"], "vigie config check config/vigie.yaml"],
    [["keys"], "vigie keys rotate"],
  ])("%j alone is answered with the help, and is a wrong call to a script", async (args, helped) => {
    const { exit, stdout, stderr } = await vigie(args);
    expect([exit, stdout]).toEqual([64, ""]);
    expect(stderr).toContain(helped);
    expect(stderr).not.toContain("USAGE");
  });

  test.each([[["decoder"]], [["keys", "destroy"]]])("%j is a wrong call", async (args) => {
    const { exit, stdout, stderr } = await vigie(args);
    expect([exit, stdout]).toEqual([64, ""]);
    expect(stderr).toMatch(/^USAGE: /);
  });

  test("a slip in a command's name is answered with the right one", async () => {
    expect((await vigie(["decoed"])).stderr).toContain("decode");
  });
});

describe("vigie drivers", () => {
  test("tells a program all drivers, the first asked first", async () => {
    const { stdout } = await vigie(["drivers", "--json"]);
    const listed: { id: string; priority: number; proof: string }[] = JSON.parse(stdout);
    expect(new Set(listed.map(({ id }) => id))).toEqual(new Set(drivers.map(({ id }) => id)));
    expect(listed.map(({ priority }) => priority)).toEqual(
      listed.map(({ priority }) => priority).sort((a, b) => b - a),
    );
    expect(listed.find(({ id }) => id === "gatt-blood-pressure")).toMatchObject({
      channels: ["0x2a35", "0x2a36"],
      match: { services: ["0x1810"] },
      proof: "vectors",
    });
  });

  test("tells a person how each is proven", async () => {
    const { stdout } = await vigie(["drivers"]);
    for (const { id, title } of drivers) expect(stdout).toContain(`${id} – ${title}`);
    expect(stdout).toContain("preuve / proven by");
  });
});

describe("vigie config check", () => {
  test("says OK, to a person and to a program", async () => {
    expect(await vigie(["config", "check", demo])).toEqual({ exit: 0, stdout: `${demo} : OK\n`, stderr: "" });
    expect(jsonLines((await vigie(["config", "check", demo, "--json"])).stdout.replaceAll("\n", ""))).toEqual([
      { file: demo, ok: true, problems: [] },
    ]);
  });

  test("tells all problems and ends with 78", async () => {
    const file = await ownDemo((text) =>
      text.replace("label: Balance", "lable: Balance").replace("ehpad-demo", "EHPAD"),
    );
    const { exit, stdout, stderr } = await vigie(["config", "check", file]);
    expect([exit, stdout]).toEqual([78, ""]);
    expect(stderr).toContain("gateway.id");
    expect(stderr).toContain("« label »");
    expect(stderr).toContain("CONFIG_INVALID");
    const json = await vigie(["config", "check", file, "--json"]);
    expect(json.exit).toBe(78);
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, problems: [{ path: "gateway.id", line: 8 }, {}, {}] });
  });

  test("a file that is not there ends with 66", async () => {
    expect(await vigie(["config", "check", join(folder, "none.yaml")])).toMatchObject({ exit: 66, stdout: "" });
  });
});

describe("vigie keys", () => {
  test("makes the missing keys for their owner alone, keeps them ever after, and shows the public half", async () => {
    const file = await ownDemo();
    const made = await vigie(["keys", "create", "--config", file, "--json"]);
    expect(made.exit).toBe(0);
    const keys: { use: string; file: string; created: boolean }[] = JSON.parse(made.stdout);
    expect(keys.map(({ use, created }) => [use, created])).toEqual([
      ["journal.key", true],
      ["journal.signingKey", true],
    ]);
    for (const { file: key } of keys) {
      expect((await stat(key)).mode & 0o777).toBe(0o600);
      expect(await readFile(key, "utf8")).toMatch(/^[0-9a-f]{64}\n$/);
    }
    const before = await Promise.all(keys.map(({ file: key }) => readFile(key, "utf8")));
    expect(new Set(before).size).toBe(2);
    expect((await vigie(["keys", "create", "--config", file])).stdout).toMatch(
      /gardée telle quelle[\s\S]*gardée telle quelle/,
    );
    expect(await Promise.all(keys.map(({ file: key }) => readFile(key, "utf8")))).toEqual(before);

    const shown = await vigie(["keys", "public", "--config", file, "--json"]);
    expect(JSON.parse(shown.stdout)).toEqual([
      {
        use: "journal.signingKey",
        kid: expect.stringMatching(/^[0-9a-f]{16}$/),
        publicKey: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    ]);
    expect(shown.stdout).not.toContain(before[1]?.trim());
  });

  test("are made and shown whatever else is wrong with the configuration; what names no key is told all its problems", async () => {
    const file = await ownDemo((text) =>
      text.replace("label: Balance", "lable: Balance").replace("ehpad-demo", "EHPAD"),
    );
    expect((await vigie(["keys", "create", "--config", file])).exit).toBe(0);
    expect((await vigie(["keys", "public", "--config", file])).stdout).toMatch(/[0-9a-f]{64}\n$/);
    const none = await ownDemo((text) => text.replace("signingKey: {", "signinKey: {").replace("ehpad-demo", "EHPAD"));
    const { exit, stderr } = await vigie(["keys", "create", "--config", none]);
    expect(exit).toBe(78);
    expect(stderr).toContain("journal.signingKey");
    expect(stderr).toContain("gateway.id");
  });

  test("two starts at once make one key", async () => {
    const file = await ownDemo();
    const made = await Promise.all([1, 2, 3].map(() => vigie(["keys", "create", "--config", file, "--json"])));
    const created = made
      .flatMap(({ stdout }): { created: boolean }[] => JSON.parse(stdout))
      .filter((key) => key.created);
    expect(created).toHaveLength(2);
  });

  test("makes the keys of a service where its credentials are kept", async () => {
    const credentials = join(folder, "credentials");
    const file = join(root, "config/vigie.yaml");
    expect((await vigie(["keys", "create", "--config", file])).stdout).toContain("--credentials");
    await vigie(["keys", "create", "--config", file, "--credentials", credentials]);
    expect((await stat(join(credentials, "signing-key"))).mode & 0o777).toBe(0o600);
    expect((await vigie(["keys", "public", "--config", file, "--credentials", credentials])).stdout).toMatch(
      /kid [0-9a-f]{16}/,
    );
  });

  test("a key that cannot be written, and one that is missing, say so", async () => {
    const file = await ownDemo();
    await writeFile(join(file, "..", "keys"), "a file where the folder should be");
    expect(await vigie(["keys", "create", "--config", file])).toMatchObject({ exit: 74 });
    expect((await vigie(["keys", "public", "--config", await ownDemo()])).stderr).toContain("SECRET_MISSING");
  });
});

describe("vigie errors", () => {
  test("explains one code, or all, in both languages", async () => {
    const { stdout } = await vigie(["errors", "config_invalid"]);
    expect(stdout).toContain("CONFIG_INVALID (exit 78)");
    expect(stdout).toContain("La configuration n'est pas correcte.");
    expect(stdout).toContain("The configuration is not correct.");
    const all: { code: string }[] = JSON.parse((await vigie(["errors", "--json"])).stdout);
    expect(all.length).toBeGreaterThan(10);
    expect(all.map(({ code }) => code)).toContain("JOURNAL_LOCKED");
  });

  test("an unknown code is answered with the nearest", async () => {
    const { exit, stderr } = await vigie(["errors", "CONFIG_INVALD"]);
    expect(exit).toBe(64);
    expect(stderr).toContain("CONFIG_INVALID");
  });
});

describe("vigie bundle", () => {
  const weigh = (...more: readonly string[]) =>
    vigie([
      "decode",
      "scale-line",
      "--channel",
      "serial",
      "--received",
      "2026-01-05T08:00:00Z",
      ...more,
      "--text",
      "ST,+0061.50kg",
    ]);

  test("makes of a measurement the bundle of whom its device is assigned to", async () => {
    const { stdout: measurement } = await weigh("--address", "balance-1");
    const { exit, stdout } = await vigie(["bundle", "--config", demo], measurement);
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ resourceType: "Bundle", type: "transaction" });
    expect(stdout).toContain("demo-0021");
    expect(stdout).toContain("61.50");
    expect(stdout).not.toContain("Chambre");
  });

  test("what a cuff sends, pressure and pulse, makes a bundle each", async () => {
    const cuff = ["gatt-blood-pressure", "--channel", "0x2a35", "--address", "5C:31:3E:00:00:01"];
    const { stdout: measurements } = await vigie([
      "decode",
      ...cuff,
      "16 7c 00 50 00 5c 00 ea 07 01 0f 08 1e 00 48 00 00 00",
    ]);
    const { exit, stdout } = await vigie(["bundle", "--config", demo], measurements);
    expect(exit).toBe(0);
    const [pressure, pulse, none] = stdout.split(/^(?=\{)/m).map((text): unknown => JSON.parse(text));
    expect(JSON.stringify(pressure)).toContain("85354-9");
    expect(JSON.stringify(pulse)).toContain("8867-4");
    expect(none).toBeUndefined();
  });

  test("a measurement may be laid out over several lines", async () => {
    const { stdout: measurement } = await weigh("--address", "balance-1");
    const laidOut = JSON.stringify(JSON.parse(measurement), null, 2);
    expect((await vigie(["bundle", "--config", demo], laidOut)).exit).toBe(0);
  });

  test("a reject is refused as one", async () => {
    const { stdout: reject } = await vigie(["decode", "scale-line", "--channel", "serial", "--text", "hello"]);
    const { exit, stderr } = await vigie(["bundle", "--config", demo], reject);
    expect([exit, stderr]).toEqual([65, expect.stringContaining("a reject")]);
  });

  test("the person can be named, and must be known", async () => {
    const { stdout: measurement } = await weigh();
    const named = await vigie(["bundle", "--config", demo, "--person", "demo-0014"], measurement);
    expect(named.stdout).toContain("demo-0014");
    expect(await vigie(["bundle", "--config", demo, "--person", "demo-9999"], measurement)).toMatchObject({ exit: 65 });
    const nobody = await vigie(["bundle", "--config", demo], measurement);
    expect(nobody.exit).toBe(65);
    expect(nobody.stderr).toContain("PERSON_UNKNOWN");
  });

  test.each([
    ["no JSON", "{"],
    ["no measurement", '{"kind":"body-weight","value":{"value":61.5,"unit":"kg"}}'],
    ["too much", "x".repeat(1024 * 1024 + 1)],
  ])("%s is refused without being repeated", async (_name, input) => {
    const { exit, stderr } = await vigie(["bundle", "--config", demo], input);
    expect(exit).toBe(65);
    expect(stderr).toContain("INPUT_MALFORMED");
    expect(stderr).not.toContain("61.5");
  });

  test("an unknown flavour is a wrong call", async () => {
    expect(await vigie(["bundle", "--config", demo, "--flavour", "vanilla"])).toMatchObject({ exit: 64 });
  });
});
