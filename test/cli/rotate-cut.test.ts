/** `vigie keys rotate`, killed at each of its steps: no key is ever missing, and the same command goes on. */
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
import { killer } from "../fixtures/kill-at.ts";
import { draft } from "../journal/setting.ts";

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
let folder: string;
let site: string;
let runUntil: Awaited<ReturnType<typeof killer>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vigie-cut-"));
  runUntil = await killer(folder, { atCommits: true });
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
      const ended = runUntil(step, ["keys", "rotate", ...flags, "--config", config]);
      if (ended !== "killed") {
        expect(ended).toEqual({ exit: 0, stderr: "" });
        expect(step).toBeGreaterThan(10);
        break;
      }
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
