import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { drivers } from "../../drivers/all.ts";
import { loadGatewayConfig } from "../../src/config/load.ts";
import { type Gateway, openConfiguredJournal } from "../../src/gateway.ts";
import { isWithheld } from "../../src/seal/record.ts";
import { systemClock } from "../../src/system-clock.ts";
import { vigie } from "../fixtures/cli.ts";
import { startSite, writeSite } from "../fixtures/site.ts";
import { draft } from "../journal/setting.ts";

let folder: string;
let config: string;
const keys = { signing: () => join(folder, "signing.key"), box: () => join(folder, "journal.key") };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vigie-rotate-"));
  config = join(folder, "vigie.yaml");
  await writeSite(config);
});
afterEach(() => rm(folder, { recursive: true }));

async function ok(...args: readonly string[]): Promise<string> {
  const { exit, stdout, stderr } = await vigie([...args, "--config", config]);
  expect([exit, stderr]).toEqual([0, ""]);
  return stdout;
}
const json = async (...args: readonly string[]) => JSON.parse(await ok(...args, "--json"));

const start = () => startSite(config);

/** What the audit trail says of changes of key. */
async function audited(): Promise<unknown[]> {
  const journal = await openConfiguredJournal(await loadGatewayConfig(config, drivers), systemClock("always"));
  try {
    const records = (await journal.segments(1, 10_000)).flatMap((segment) => segment.records);
    return records
      .flatMap((record): { action?: string }[] =>
        isWithheld(record) ? [] : [JSON.parse(Buffer.from(record.body).toString())],
      )
      .filter(({ action }) => action?.includes("key-rotated"));
  } finally {
    await journal.close();
  }
}

describe.each(["stopped", "running"])("on a gateway that is %s", (state) => {
  let gateway: Gateway | undefined;
  const stop = async () => {
    await gateway?.[Symbol.asyncDispose]();
    gateway = undefined;
  };
  beforeEach(async () => {
    gateway = await start();
    await gateway.played;
    if (state === "stopped") await stop();
  });
  afterEach(stop);

  test("the signing key is changed, the old one kept, and the chain verifies with either", async () => {
    const [before] = await json("keys", "public");
    const oldKey = await readFile(keys.signing(), "utf8");
    const prepared = await json("keys", "rotate", "--prepare");
    expect(await readFile(keys.signing(), "utf8")).toBe(oldKey);

    const [rotated] = await json("keys", "rotate", "--by", "marie", "--reason", "départ");
    expect(rotated).toMatchObject({ use: "signing", file: keys.signing(), old: `${keys.signing()}.old-1` });
    expect([rotated.kid, rotated.publicKey]).toEqual([prepared[0].kid, prepared[0].publicKey]);
    const [after] = await json("keys", "public");
    expect(after.publicKey).toBe(rotated.publicKey);
    expect(await readFile(rotated.old, "utf8")).toBe(oldKey);
    for (const file of [rotated.file, rotated.old]) expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).not.toContain("signing.key.next");

    expect((await json("journal", "verify")).findings).toEqual([]);
    const file = join(folder, "journal.cbor");
    expect(await ok("journal", "export", file)).toContain(`--key ${after.publicKey}`);
    expect((await vigie(["verify", file, "--key", before.publicKey])).exit).toBe(0);
    await stop();
    gateway = await start();
    await stop();
    expect(await audited()).toMatchObject([
      {
        action: "signing-key-rotated",
        by: "marie",
        reason: "départ",
        at: expect.any(String),
        subject: { from: before.kid, to: after.kid },
      },
    ]);
  });

  test("the encryption key is changed, again and again, and every old one is kept", async () => {
    const olds = [await readFile(keys.box(), "utf8")];
    await ok("keys", "rotate", "--box", "--by", "marie");
    olds.push(await readFile(keys.box(), "utf8"));
    expect(await ok("keys", "rotate", "--box", "--by", "marie")).toContain(`${keys.box()}.old-2`);
    for (const [index, old] of olds.entries()) {
      expect(await readFile(`${keys.box()}.old-${index + 1}`, "utf8")).toBe(old);
    }
    expect(new Set([...olds, await readFile(keys.box(), "utf8")]).size).toBe(3);
    expect((await json("journal", "verify")).findings).toEqual([]);
    await stop();
    gateway = await start();
    await stop();
    expect(await audited()).toMatchObject([
      { action: "box-key-rotated", by: "marie", subject: {} },
      { action: "box-key-rotated" },
    ]);
  });

  test("what is said names the key for the platform in French first, and no secret", async () => {
    const said = await ok("keys", "rotate");
    expect(said).toMatch(/^clé de signature · signing key : changée · changed\n/);
    expect(said).toMatch(/clé publique · public key +[0-9a-f]{64}\n/);
    expect(said).toContain("À donner à la plateforme, pour la passerelle ehpad-demo");
    const box = await ok("keys", "rotate", "--box");
    expect(box).toContain("Rien à donner à la plateforme");
    for (const name of ["signing.key", "signing.key.old-1", "journal.key", "journal.key.old-1"]) {
      const secret = (await readFile(join(folder, name), "utf8")).trim();
      expect(said + box).not.toContain(secret);
    }
  });
});

describe("where a change was cut with a gateway running, which then stopped", () => {
  test.each([
    ["signing", []],
    ["box", ["--box"]],
  ] as const)("the %s key: the next start names the command, and the command ends the change", async (use, flags) => {
    await (await start())[Symbol.asyncDispose]();
    const before = await mkdtemp(join(tmpdir(), "vigie-rotate-before-"));
    await cp(keys[use](), join(before, "old"));
    await ok("keys", "rotate", ...flags);
    // As if the command had been killed when the journal had changed and no file had.
    await cp(keys[use](), `${keys[use]()}.next`);
    await cp(join(before, "old"), keys[use]());
    await rm(`${keys[use]()}.old-1`);
    await rm(before, { recursive: true });

    const command = ["vigie keys rotate", ...flags, "--config"].join(" ");
    await expect(start()).rejects.toMatchObject({
      definition: { remedy: { fr: expect.stringContaining(command), en: expect.stringContaining(command) } },
    });
    // Asked for the other key, it ends this change too.
    const other = use === "signing" ? ["--box"] : [];
    expect((await json("keys", "rotate", ...other)).map(({ use }: { use: string }) => use)).toEqual(["signing", "box"]);
    await (await start())[Symbol.asyncDispose]();
    expect((await json("journal", "verify")).findings).toEqual([]);
  });
});

test.each(["stopped", "running"])(
  "a file put in place by hand in the middle of a change is no dead end, with the gateway %s",
  async (state) => {
    const loaded = await loadGatewayConfig(config, drivers);
    const journal = await openConfiguredJournal(loaded, systemClock("always"));
    await Promise.all(Array.from({ length: 1_000 }, (_, n) => journal.append(draft(n + 1))));
    const moving = journal.rotateBoxKey(new Uint8Array(32).fill(6));
    const refused = expect(moving).rejects.toMatchObject({ code: "JOURNAL_CLOSED" });
    await journal.append(draft(1_001));
    await journal.close();
    await refused;
    await writeFile(keys.box(), `${"06".repeat(32)}\n`);
    const gateway = state === "running" ? await start() : undefined;
    await ok("keys", "rotate", "--box");
    await gateway?.[Symbol.asyncDispose]();
    expect((await json("journal", "verify")).findings).toEqual([]);
    expect(await readFile(`${keys.box()}.old-1`, "utf8")).toBe(`${"06".repeat(32)}\n`);
  },
);

test("keys that systemd hands over are changed in the folder it takes them from, and nowhere by guess", async () => {
  await (await start())[Symbol.asyncDispose]();
  const yaml = await readFile(config, "utf8");
  const byName = yaml.replaceAll(/\{ file: \.\/([a-z]+)\.key \}/g, "{ credential: $1.key }");
  expect(byName).not.toBe(yaml);
  await writeFile(config, byName);
  const refused = await vigie(["keys", "rotate", "--config", config]);
  expect([refused.exit, refused.stderr.split(":")[0]]).toEqual([64, "KEY_IN_CREDENTIALS"]);
  expect(refused.stderr).toContain("--credentials");
  expect(await ok("keys", "rotate", "--credentials", folder)).toContain(`${keys.signing()}.old-1`);
});

test("a gateway without a journal has no key to change, and gets neither a key nor a journal", async () => {
  const { exit, stderr } = await vigie(["keys", "rotate", "--config", config]);
  expect([exit, stderr.split(":")[0]]).toEqual([66, "JOURNAL_ABSENT"]);
  expect((await readdir(folder)).sort()).toEqual(["journal.key", "signing.key", "vigie.yaml"]);
});
