/** `vigie keys rotate`, killed at each of its steps: no key is ever missing, and the same command goes on. */
import { execFileSync, spawnSync } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { drivers } from "../../drivers/all.ts";
import { loadGatewayConfig } from "../../src/config/load.ts";
import { openConfiguredJournal } from "../../src/gateway.ts";
import { systemClock } from "../../src/system-clock.ts";
import { vigie } from "../fixtures/cli.ts";
import { draft } from "../journal/setting.ts";

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
let folder: string;
let site: string;

/**
 * Kills the process before and after each change of a name in the file system, and behind each commit: at step KILL_AT,
 * counted from 1. Between two of these steps nothing happens that a restart could see.
 */
const preload = () => `
  import fs from "node:fs/promises";
  import { createRequire, syncBuiltinESMExports } from "node:module";
  const sqlite3 = createRequire(${JSON.stringify(at("package.json"))})("sqlite3");
  let step = 0;
  const killed = () => { step += 1; if (step === Number(process.env.KILL_AT)) process.kill(process.pid, "SIGKILL"); };
  for (const name of ["link", "rename", "unlink"]) {
    const real = fs[name];
    fs[name] = async (...args) => { killed(); const result = await real(...args); killed(); return result; };
  }
  const open = fs.open;
  fs.open = async (...args) => { if (args[1] === "wx") killed(); return open(...args); };
  syncBuiltinESMExports();
  const prepare = sqlite3.Database.prototype.prepare;
  sqlite3.Database.prototype.prepare = function (sql, ...rest) {
    const statement = prepare.call(this, sql, ...rest);
    const run = statement.run;
    statement.run = (parameters, told) => run.call(statement, parameters, function (error) {
      if (sql === "COMMIT" || sql.startsWith("INSERT INTO meta")) killed();
      told.call(this, error);
    });
    return statement;
  };
`;

beforeAll(async () => {
  execFileSync(at("scripts/build"), { stdio: "inherit" });
  folder = await mkdtemp(join(tmpdir(), "vigie-cut-"));
  await writeFile(join(folder, "preload.mjs"), preload());
  site = join(folder, "site");
  await cp(at("config/demo-scenario.yaml"), join(site, "demo-scenario.yaml"));
  const demo = await readFile(at("config/demo.yaml"), "utf8");
  await writeFile(join(site, "vigie.yaml"), demo.replaceAll("../var/demo", "."));
  await vigie(["keys", "create", "--config", join(site, "vigie.yaml")]);
  const config = await loadGatewayConfig(join(site, "vigie.yaml"), drivers);
  const journal = await openConfiguredJournal(config, systemClock("always"));
  await Promise.all(Array.from({ length: 150 }, (_, n) => journal.append(draft(n + 1))));
  await journal.close();
}, 180_000);
afterAll(() => rm(folder, { recursive: true }));

test.each([
  ["signing", []],
  ["box", ["--box"]],
] as const)(
  "the %s key",
  async (use, flags) => {
    const file = use === "signing" ? "signing.key" : "journal.key";
    const original = await readFile(join(site, file), "utf8");
    const refusals = new Set<string>();
    for (let step = 1; ; step += 1) {
      const cut = join(folder, `${use}-${step}`);
      await cp(site, cut, { recursive: true });
      const config = join(cut, "vigie.yaml");
      const args = ["--import", join(folder, "preload.mjs"), at("dist/src/cli/main.js"), "keys", "rotate", ...flags];
      const child = spawnSync(process.execPath, [...args, "--config", config], {
        env: { ...process.env, KILL_AT: String(step) },
        encoding: "utf8",
      });
      if (child.signal === null) {
        expect([child.status, child.stderr]).toEqual([0, ""]);
        expect(step).toBeGreaterThan(10);
        break;
      }
      expect(child.signal).toBe("SIGKILL");
      expect(await readFile(join(cut, file), "utf8"), `step ${step}`).toMatch(/^[0-9a-f]{64}\n$/);

      const looked = await vigie(["journal", "verify", "--config", config]);
      if (looked.exit !== 0) {
        refusals.add(looked.stderr.split(":")[0] ?? "");
        expect(looked.stderr, `step ${step}`).toContain(["vigie keys rotate", ...flags, "--config"].join(" "));
      }

      const again = await vigie(["keys", "rotate", ...flags, "--config", config]);
      expect([again.exit, again.stderr], `step ${step}`).toEqual([0, ""]);
      expect((await vigie(["journal", "verify", "--config", config])).exit, `step ${step}`).toBe(0);
      const names = (await readdir(cut)).filter((name) => name.startsWith(file));
      expect(names, `step ${step}`).not.toContain(`${file}.next`);
      expect(names, `step ${step}`).toContain(`${file}.old-1`);
      expect(await readFile(join(cut, `${file}.old-1`), "utf8")).toBe(original);
      for (const name of names) expect((await stat(join(cut, name))).mode & 0o777).toBe(0o600);
      await rm(cut, { recursive: true });
    }
    // A cut between the journal's change and the files' was among them.
    expect(refusals).toEqual(
      new Set(use === "signing" ? ["JOURNAL_SIGNING_KEY_CHANGED"] : ["JOURNAL_KEY_ROTATING", "JOURNAL_KEY_WRONG"]),
    );
  },
  300_000,
);
