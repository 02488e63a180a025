import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { run } from "../../src/cli/run.ts";
import type { Gateway } from "../../src/gateway.ts";
import { vigie } from "../fixtures/cli.ts";
import { startSite, writeSite } from "../fixtures/site.ts";

const spare = "5C:31:3E:00:00:04";
const ins = {
  status: "VALI",
  type: "INS-NIR",
  matricule: "255081416802538",
  birthName: "DURAND",
  firstGivenName: "ANNE",
  givenNames: "ANNE MARIE",
  gender: "female",
  birthDate: "1955-08-14",
  birthPlace: "14168",
};
let folder: string;
let config: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vigie-reg-"));
  config = join(folder, "vigie.yaml");
  await writeSite(config);
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs a command that must succeed. */
async function ok(...args: readonly string[]): Promise<string> {
  const { exit, stdout, stderr } = await vigie([...args, "--config", config]);
  expect([exit, stderr]).toEqual([0, ""]);
  return stdout;
}
const refused = async (...args: readonly string[]) => {
  const { exit, stderr } = await vigie([...args, "--config", config]);
  return [exit, stderr.split(":")[0]];
};
const json = async (...args: readonly string[]) => JSON.parse(await ok(...args, "--json"));

const start = () => startSite(config);

describe.each(["stopped", "running"])("on a gateway that is %s", (state) => {
  let gateway: Gateway | undefined;
  beforeEach(async () => {
    gateway = await start();
    await gateway.played;
    if (state === "running") return;
    await gateway[Symbol.asyncDispose]();
    gateway = undefined;
  });
  afterEach(() => gateway?.[Symbol.asyncDispose]());

  test("the configuration's entries are listed, and more are added, assigned, ended and removed", async () => {
    expect(await json("persons", "list")).toHaveLength(3);
    expect(await ok("devices", "list")).toContain("Tensiomètre de réserve");
    await ok(
      "persons",
      "add",
      "r-0030",
      "--system",
      "urn:oid:1.2.250.1.999.1",
      "--label",
      "Chambre 30",
      "--by",
      "marie",
    );
    const { id } = await json("assign", "add", "--device", spare, "--person", "r-0030");
    expect(await ok("assign", "list")).toMatch(/Tensiomètre de réserve +Chambre 30/);
    expect(await refused("persons", "remove", "r-0030")).toEqual([65, "PERSON_ASSIGNED"]);
    expect(await refused("assign", "add", "--device", spare, "--person", "demo-0012")).toEqual([
      65,
      "ASSIGNMENT_OVERLAPS",
    ]);
    await ok("assign", "end", id);
    await ok("persons", "remove", "r-0030");
    await ok("devices", "remove", spare);
    expect(await json("devices", "list")).toHaveLength(3);
  });

  test("its status says in one look what there is to do", async () => {
    const status = await ok("journal", "status");
    expect(status).toMatch(/^À VOIR : \d+ · TO BE LOOKED AT: \d+\n {2}✗ /);
    expect(status).toContain("→ vigie quarantine list");
    expect(status.includes("la passerelle est arrêtée")).toBe(state === "stopped");
    const told = await json("journal", "status");
    const waiting: unknown[] = await json("quarantine", "list");
    expect(told).toMatchObject({ isRunning: state === "running", quarantine: { count: waiting.length } });
    const delivery = await json("deliveries", "status");
    expect(delivery.destinations).toMatchObject([{ name: "plateforme-demo", through: 0, aside: 0, again: 0 }]);
    expect(await ok("deliveries", "status")).toMatch(
      /livré à · delivered to {6}plateforme-demo : .*en attente · waiting/,
    );
  });

  test("a person is erased with a reason, and the audit says who asked, and not of whom", async () => {
    expect(await refused("persons", "erase", "demo-0012")).toEqual([64, "USAGE"]);
    const { erased } = await json(
      "persons",
      "erase",
      "demo-0012",
      "--reason",
      "demande de la famille",
      "--by",
      "marie",
    );
    expect(erased).toBeGreaterThan(0);
    expect((await json("journal", "verify")).findings).toEqual([]);
    expect(await json("persons", "erase", "r-none", "--reason", "essai")).toEqual({ erased: 0 });
  });

  test("a bundle is of whom the registry says, not of whom the configuration first listed", async () => {
    const measurement = (
      await vigie(["decode", "scale-line", "--channel", "serial", "--address", spare, "--text", "ST,+0061.50kg"])
    ).stdout;
    const bundle = () => vigie(["bundle", "--config", config], measurement);
    expect((await bundle()).stderr.split(":")[0]).toBe("PERSON_UNKNOWN");
    await ok("persons", "add", "r-0030", "--system", "urn:oid:1.2.250.1.999.1", "--label", "Chambre 30");
    await ok("assign", "add", "--device", spare, "--person", "r-0030", "--from", "2020-01-01T00:00:00Z");
    const { exit, stdout } = await bundle();
    expect(exit).toBe(0);
    expect(stdout).toContain("r-0030");
    expect(stdout).not.toContain("Chambre");
    expect((await vigie(["bundle", "--config", config, "--person", "r-0030"], measurement)).exit).toBe(0);
  });

  test("a wrong assignment is corrected with a reason, and its readings are amended", async () => {
    const assignments: { id: string; person: string }[] = await json("assign", "list");
    const wrong = assignments.find(({ person }) => person === "demo-0021")?.id ?? "";
    expect(await refused("assign", "correct", wrong, "--person", "demo-0014")).toEqual([64, "USAGE"]);
    const right = await json("assign", "correct", wrong, "--person", "demo-0014", "--reason", "mixed up");
    expect(right.amended).toBeGreaterThan(0);
    expect(await ok("assign", "list", "--all")).toContain(`corrigée par · corrected by ${right.id}`);
  });

  test("what waits is listed without a value, released and discarded with a reason", async () => {
    const waiting: { id: string; kind: string }[] = await json("quarantine", "list");
    expect(waiting.length).toBeGreaterThan(1);
    expect(JSON.stringify(waiting)).not.toMatch(/systolic|value|raw/);
    expect(await ok("quarantine", "list")).toContain("appareil à personne · device is nobody's");
    const [first, ...others] = waiting.map(({ id }) => id);
    expect(await refused("quarantine", "release", first ?? "")).toEqual([64, "USAGE"]);
    expect(await refused("quarantine", "release", first ?? "", "--reason", "seen")).toEqual([
      65,
      "QUARANTINE_UNRESOLVED",
    ]);
    await ok("quarantine", "release", first ?? "", "--person", "demo-0012", "--reason", "seen");
    await ok("quarantine", "discard", ...others, "--reason", "a trial");
    expect(await json("quarantine", "list")).toEqual([]);
  });

  test("an INS goes in and is never shown; a test identity does not go in", async () => {
    const file = join(folder, "identity.json");
    await writeFile(file, JSON.stringify(ins));
    const add = [
      "persons",
      "add",
      "r-0030",
      "--system",
      "urn:oid:1.2.250.1.999.1",
      "--label",
      "Chambre 30",
      "--identity",
    ];
    const shown = [await ok(...add, file), await ok("persons", "list"), await ok("persons", "list", "--json")].join();
    expect(shown).toContain("Chambre 30");
    expect(shown).not.toMatch(/255081416802538|DURAND|1955/);
    await writeFile(file, JSON.stringify({ ...ins, type: "INS-NIR-TEST" }));
    expect(await refused(...add, file)).toEqual([65, "INS_TEST_REFUSED"]);
    const { stderr } = await vigie(
      [...add, "-", "--config", config],
      JSON.stringify({ ...ins, matricule: "255081416802537" }),
    );
    expect(stderr).toContain("ins.matricule");
    expect(stderr).not.toMatch(/2550814|DURAND/);
    const out = join(folder, "out.json");
    await ok("persons", "export", out);
    expect(await readFile(out, "utf8")).not.toContain("DURAND");
    await ok("persons", "export", `${out}.ins`, "--identities");
    expect((await stat(`${out}.ins`)).mode & 0o777).toBe(0o600);
    await ok("persons", "import", `${out}.ins`);
    expect(await refused("persons", "export", out)).toEqual([74, "FILE_NOT_WRITTEN"]);
  });

  test("the registry goes out as a document and comes back without a change", async () => {
    const file = join(folder, "registry.json");
    await ok("registry", "export", file);
    expect(await ok("registry", "import", file)).toBe("rien à changer · nothing to change\n");
    const document = JSON.parse(await readFile(file, "utf8"));
    document.devices.push({ address: "balance-2", label: "Balance du couloir" });
    await writeFile(file, JSON.stringify(document));
    expect(await ok("registry", "import", file, "--dry-run")).toBe("+ device balance-2\n");
    expect(await ok("registry", "import", file)).toBe("+ device balance-2\n");
  });

  test("consent is given and withdrawn, with its medium", async () => {
    const to = ["--person", "demo-0012", "--destination", "plateforme-demo", "--medium"];
    await ok("consent", "give", ...to, "paper");
    await ok("consent", "withdraw", ...to, "oral", "--by", "marie");
    expect(await ok("consent", "list")).toMatch(/Chambre 12 +plateforme-demo +retiré · withdrawn .* oral +marie/);
    expect(await refused("consent", "give", ...to, "pigeon")).toEqual([64, "USAGE"]);
    const slip = ["--person", "demo-0012", "--destination", "platform-demo", "--medium", "oral"];
    expect(await refused("consent", "withdraw", ...slip)).toEqual([65, "DESTINATION_UNKNOWN"]);
  });

  test("who looks at a journal that is not there makes none", async () => {
    const nowhere = (await readFile(config, "utf8")).replace(/(journal:\n {2}path: ).*/, "$1./nowhere");
    await writeFile(config, nowhere);
    expect(await refused("journal", "status")).toEqual([66, "JOURNAL_ABSENT"]);
    await expect(stat(join(folder, "nowhere"))).rejects.toThrow("ENOENT");
  });

  test("the journal is shown, verified and exported", async () => {
    expect(await ok("journal", "status")).toContain("ehpad-demo");
    expect(await ok("journal", "verify")).toContain("intact");
    const out = join(folder, "journal.cbor");
    expect(await ok("journal", "export", out)).toContain("vigie verify");
    expect(await refused("journal", "export", out)).toEqual([74, "FILE_NOT_WRITTEN"]);
    expect((await stat(out)).size).toBeGreaterThan(10_000);
  });
});

test("a session is opened by a badge as a reader writes it, listed and closed", async () => {
  await using gateway = await start();
  await gateway.played;
  await ok(
    "persons",
    "add",
    "r-0030",
    "--system",
    "urn:oid:1.2.250.1.999.1",
    "--label",
    "Chambre 30",
    "--badge",
    "0004711",
  );
  const open = ["sessions", "open", "--device", "balance-1", "--badge", "-", "--config", config];
  expect((await vigie(open, "0004711\r\n")).exit).toBe(0);
  expect(await ok("sessions", "list")).toContain("Chambre 30");
  expect((await vigie(open, "0004711\r\n")).stderr).toContain("SESSION_OPEN");
  expect((await vigie(open, "9999\n")).stderr).toContain("BADGE_UNKNOWN");
  expect((await vigie(open, "\n")).stderr).toContain("INPUT_MALFORMED");
  await ok("sessions", "close", "--device", "balance-1");
  expect(await refused("sessions", "close", "--device", "balance-1")).toEqual([65, "SESSION_UNKNOWN"]);
});

test("a keyboard-wedge reader types one line and never ends its input: the session is open all the same", async () => {
  await vigie(["persons", "badge", "demo-0012", "--badge", "0004711", "--config", config]);
  const gateway = await start();
  const stdin = new PassThrough();
  stdin.write("\n0004711\n");
  const io = {
    stdin,
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    exitCode: 0 as const,
    interrupted: () => new Promise<string>(() => {}),
  };
  expect(await run(["sessions", "open", "--device", "balance-1", "--badge", "-", "--config", config], io)).toBe(0);
  expect(await json("sessions", "list")).toMatchObject([{ device: "balance-1", person: "demo-0012" }]);
  await gateway[Symbol.asyncDispose]();
});
