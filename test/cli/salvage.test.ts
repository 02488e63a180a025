import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { drivers } from "../../drivers/all.ts";
import { loadGatewayConfig } from "../../src/config/load.ts";
import { openConfiguredJournal } from "../../src/gateway.ts";
import { isWithheld, RecordKind } from "../../src/seal/record.ts";
import { systemClock } from "../../src/system-clock.ts";
import { vigie } from "../fixtures/cli.ts";
import { killer } from "../fixtures/kill-at.ts";
import { startSite, writeSite } from "../fixtures/site.ts";

const files = ["journal.db", "journal.db-wal"];

/** A site whose gateway was cut while all it had read was still in the log, and whose log a bit has flipped in since. */
let template: string;
let site: string;
let config: string;

const load = () => loadGatewayConfig(config, drivers);

const start = () => startSite(config);

async function json(...args: readonly string[]) {
  const { exit, stdout, stderr } = await vigie([...args, "--config", config, "--json"]);
  expect([exit, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout);
}

/** Every record of the journal by its identifier: its kind and its body. */
async function records(): Promise<Map<string, { kind: number; body: string }>> {
  const journal = await openConfiguredJournal(await load(), systemClock("always"));
  try {
    const all = (await journal.segments(1, 100_000)).flatMap((segment) => segment.records);
    return new Map(
      all.flatMap((record) =>
        isWithheld(record)
          ? []
          : [
              [
                Buffer.from(record.id).toString("hex"),
                { kind: record.kind, body: Buffer.from(record.body).toString() },
              ],
            ],
      ),
    );
  } finally {
    await journal.close();
  }
}

let before: Awaited<ReturnType<typeof records>>;
let known: { id: string }[];
let waiting: { id: string }[];
const byId = (items: { id: string }[]) => items.toSorted((a, b) => (a.id < b.id ? -1 : 1));

beforeAll(async () => {
  template = await mkdtemp(join(tmpdir(), "vigie-salvage-"));
  site = join(template, "site");
  config = join(site, "vigie.yaml");
  await writeSite(config);
  const gateway = await start();
  await gateway.played;
  known = await json("assign", "list");
  waiting = await json("quarantine", "list");
  const { path } = (await load()).journal;
  for (const name of files) await cp(join(path, name), join(template, name));
  await gateway[Symbol.asyncDispose]();
  before = await records();
  await cp(join(path, "journal.db"), join(template, "closed.db"));
  await rm(path, { recursive: true });
  await mkdir(path, { mode: 0o700 });
  const wal = await readFile(join(template, "journal.db-wal"));
  const middle = Math.floor(wal.length / 2);
  wal[middle] = (wal[middle] ?? 0) ^ 4;
  await writeFile(join(template, "journal.db-wal"), wal);
  for (const name of files) await cp(join(template, name), join(path, name));
});
afterAll(() => rm(template, { recursive: true }));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vigie-salvaged-"));
  await cp(site, folder, { recursive: true });
  config = join(folder, "vigie.yaml");
});
afterEach(() => rm(folder, { recursive: true }));

const salvage = () => vigie(["journal", "salvage", "--by", "marie", "--reason", "carte", "--config", config, "--json"]);

/** What must be so after every salvage, cut or not. */
async function assertSalvaged() {
  const { path } = (await load()).journal;
  for (const name of files) {
    const kept = join(path, name.replace("journal.db", "journal.db.damaged-1"));
    expect((await readFile(kept)).equals(await readFile(join(template, name)))).toBe(true);
  }
  expect(byId(await json("assign", "list"))).toEqual(byId(known));
  expect(byId(await json("quarantine", "list"))).toEqual(byId(waiting));
  expect((await json("journal", "verify")).findings).toEqual([]);
  expect(await readdir(path)).not.toContain("salvaging");
}

describe("a journal that does not open", () => {
  test("gives way to a new one that has all that is whole, says what is lost, and keeps the damaged files", async () => {
    const refused = await vigie(["journal", "status", "--config", config]);
    expect([refused.exit, refused.stderr.split(":")[0]]).toEqual([65, "JOURNAL_DAMAGED"]);
    expect(refused.stderr).toContain("vigie journal salvage --config FICHIER");

    const { exit, stdout, stderr } = await salvage();
    expect(stderr).toBe("");
    const report = JSON.parse(stdout);
    const lost = report.salvaged.lost.reduce(
      (sum: number, one: { after: number; through: number }) => sum + one.through - one.after,
      0,
    );
    expect(exit).toBe(lost === 0 ? 0 : 1);
    expect(report.isRegistryWhole).toBe(true);
    await assertSalvaged();

    const after = await records();
    const missing = [...before.keys()].filter((id) => !after.has(id));
    expect(missing.length).toBeLessThanOrEqual(lost);
    for (const [id, record] of after) if (before.has(id)) expect(record).toEqual(before.get(id));
    const [event] = [...after.values()]
      .filter(({ body }) => body.includes('"journal-salvaged"'))
      .map(({ body }) => JSON.parse(body));
    expect(event).toMatchObject({
      type: "journal-salvaged",
      lostRecords: lost,
      registry: "whole",
      records: report.salvaged.records,
    });
    const audit = [...after.values()].filter(
      ({ kind, body }) => kind === RecordKind.audit && body.includes("journal-salvaged"),
    );
    expect(audit.map(({ body }) => JSON.parse(body))).toMatchObject([{ by: "marie", reason: "carte" }]);

    const verified = await vigie(["verify", report.file, "--key", report.publicKey, "--json"]);
    expect(JSON.parse(verified.stdout)).toEqual(report.verification);
    expect(report.verification).toMatchObject({ gateway: "ehpad-demo", epoch: report.salvaged.epoch });
    for (const made of [report.folder, report.file]) expect((await stat(made)).mode & 0o077).toBe(0);

    const again = await salvage();
    expect([again.exit, again.stderr.split(":")[0]]).toEqual([64, "JOURNAL_SOUND"]);
    const gateway = await start();
    await gateway.played;
    await gateway[Symbol.asyncDispose]();
    expect((await json("journal", "verify")).findings).toEqual([]);
    // Whose it is was told to nobody yet, and is said again: each epoch says it.
    const told = [...(await records()).values()].filter(({ body }) => body.includes('"gateway-identity"'));
    expect(told).toHaveLength(2);
  });

  test("is told of in French first, with what to do next", async () => {
    const { stdout } = await vigie(["journal", "salvage", "--config", config]);
    expect(stdout).toMatch(/^Ancien journal · Old journal\n/);
    expect(stdout).toMatch(/Rien n'est perdu|PERDU : /);
    expect(stdout).toContain("systemctl start vigie");
    expect(stdout).toMatch(/vigie verify \S+journal\.cbor --key [0-9a-f]{64}/);
  });

  test.each([
    ["key", "JOURNAL_KEY_WRONG"],
    ["signingKey", "JOURNAL_SIGNING_KEY_CHANGED"],
  ] as const)("is not replaced with another %s: nothing would seem whole", async (which, code) => {
    const { path, [which]: key } = (await load()).journal;
    if (!("file" in key)) throw new Error("a file");
    await writeFile(key.file, `${"ab".repeat(32)}\n`);
    const { exit, stderr } = await salvage();
    expect([exit, stderr.split(":")[0]]).toEqual([77, code]);
    for (const name of files) {
      expect((await readFile(join(path, name))).equals(await readFile(join(template, name)))).toBe(true);
    }
  });
});

/** A closed journal in which one bit flips. */
async function flip(place: (file: Buffer) => number) {
  const { path } = (await load()).journal;
  const file = await readFile(join(template, "closed.db"));
  const at = place(file);
  file[at] = (file[at] ?? 0) ^ 0x10;
  await rm(path, { recursive: true });
  await mkdir(path, { mode: 0o700 });
  await writeFile(join(path, "journal.db"), file, { mode: 0o600 });
}

test.each([
  ["its name for SQLite", "JOURNAL_NOT_OURS", () => 3],
  ["its mark of being ours", "JOURNAL_NOT_OURS", () => 69],
  ["its page size", "JOURNAL_NOT_OURS", () => 17],
  ["its gateway", "JOURNAL_FOREIGN", (file: Buffer) => file.indexOf("gatewayehpad-demo") + 8],
  ["the box of its index key", "JOURNAL_KEY_WRONG", (file: Buffer) => file.indexOf("index-key") + 40],
])("a bit that flips in %s hides nothing from a salvage: the keys prove whose it is", async (_name, code, place) => {
  await flip(place);
  expect((await vigie(["journal", "verify", "--config", config])).stderr.split(":")[0]).toBe(code);
  const { exit, stdout, stderr } = await salvage();
  expect([exit, stderr]).toEqual([0, ""]);
  expect(JSON.parse(stdout)).toMatchObject({ isRegistryWhole: true, salvaged: { lost: [], findings: [] } });
  expect(byId(await json("assign", "list"))).toEqual(byId(known));
  expect(byId(await json("quarantine", "list"))).toEqual(byId(waiting));
  const after = await records();
  expect([...before.keys()].filter((id) => !after.has(id))).toEqual([]);
});

test("another gateway's journal, or somebody else's database, is nobody's damage", async () => {
  const yaml = await readFile(config, "utf8");
  await flip(() => 72);
  await writeFile(config, yaml.replace("id: ehpad-demo", "id: ehpad-other"));
  const foreign = await salvage();
  expect([foreign.exit, foreign.stderr.split(":")[0]]).toEqual([78, "JOURNAL_FOREIGN"]);
  await writeFile(config, yaml);
  const { path } = (await load()).journal;
  await writeFile(join(path, "journal.db"), "no database at all, but a text that somebody put here".repeat(40));
  const text = await salvage();
  expect([text.exit, text.stderr.split(":")[0]]).toEqual([78, "JOURNAL_NOT_OURS"]);
});

test("a gateway that runs is not salvaged under its feet", async () => {
  await rm((await load()).journal.path, { recursive: true });
  const gateway = await start();
  const { exit, stderr } = await salvage();
  expect([exit, stderr.split(":")[0]]).toEqual([75, "JOURNAL_LOCKED"]);
  await gateway[Symbol.asyncDispose]();
});

test("killed at each step, the salvage begins again or ends, and until then the journal does not open", async () => {
  // What is committed before the files change places is in the new journal alone.
  const runUntil = await killer(template, { atCommits: false });
  for (let step = 1; ; step += 1) {
    await rm(folder, { recursive: true });
    await cp(site, folder, { recursive: true });
    const ended = runUntil(step, ["journal", "salvage", "--config", config, "--json"]);
    const opened = await vigie(["journal", "verify", "--config", config]);
    if (ended !== "killed") {
      expect(step).toBeGreaterThan(10);
      break;
    }
    if (opened.exit !== 0) {
      expect(["JOURNAL_DAMAGED", "JOURNAL_SALVAGING"], `step ${step}`).toContain(opened.stderr.split(":")[0]);
      expect((await salvage()).stderr, `step ${step}`).toBe("");
    }
    await assertSalvaged();
    const after = await records();
    expect([...before.keys()].filter((id) => !after.has(id)).length, `step ${step}`).toBeLessThan(8);
  }
}, 300_000);
