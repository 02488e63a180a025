import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { notifySystemd } from "../../src/cli/systemd.ts";
import { loadGatewayConfig } from "../../src/config/load.ts";
import { ExitCode } from "../../src/errors/error.ts";

const repository = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const unit = readFileSync(repository("systemd/vigie.service"), "utf8");
const has = (command: string) => spawnSync(command, ["--version"], { stdio: "ignore" }).error === undefined;

const hasUdevVerify = spawnSync("udevadm", ["verify", "--help"]).status === 0;

/** systemd's end of sd_notify(3). A plain recv() closes the descriptor of the barrier that systemd-notify waits at. */
const listen = `
import socket, sys
end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
end.bind(sys.argv[1])
print("listening")
while True: print(end.recv(4096).decode())
`;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vigie-units-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

describe("the systemd unit", () => {
  test.skipIf(!has("systemd-analyze"))("is one that systemd understands (systemd-analyze verify)", () => {
    // Node stands elsewhere on a developer's machine, and verify looks for the program.
    const file = join(folder, "vigie.service");
    writeFileSync(file, unit.replace("/usr/bin/node", process.execPath));
    const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", "--recursive-errors=no", file]);
    expect(String(stderr)).toBe("");
    expect(status).toBe(0);
  });

  test.skipIf(!has("systemd-analyze"))("would be told from a wrong one (systemd-analyze verify)", () => {
    const file = join(folder, "vigie.service");
    writeFileSync(file, unit.replace("Type=notify", "Type=notifies"));
    expect(String(spawnSync("systemd-analyze", ["verify", "--man=no", file]).stderr)).toContain("notifies");
  });

  test.skipIf(!has("systemd-sysusers"))("has the user that it names (systemd-sysusers)", () => {
    expect(unit).toMatch(/^User=vigie$/m);
    mkdirSync(join(folder, "etc"));
    execFileSync("systemd-sysusers", [`--root=${folder}`, repository("systemd/vigie.sysusers")], { stdio: "ignore" });
    expect(readFileSync(join(folder, "etc/passwd"), "utf8")).toMatch(/^vigie:/m);
    expect(readFileSync(join(folder, "etc/group"), "utf8")).toMatch(/^dialout:.*vigie$/m);
  });

  // systemd-tmpfiles gives what it makes to root, and only root may.
  test.skipIf(!has("systemd-tmpfiles") || process.getuid?.() !== 0)(
    "has the folder of its secrets, for root alone (systemd-tmpfiles, root)",
    () => {
      execFileSync("systemd-tmpfiles", ["--create", `--root=${folder}`, repository("systemd/vigie.tmpfiles")]);
      const modes = ["etc/vigie", "etc/vigie/credentials"].map((path) => statSync(join(folder, path)).mode & 0o777);
      expect(modes).toEqual([0o755, 0o700]);
    },
  );

  test("hands over the secrets that the default configuration asks for, from the folder that tmpfiles makes", async () => {
    const { journal } = await loadGatewayConfig(repository("config/vigie.yaml"), []);
    const wanted = [journal.key, journal.signingKey].map((source) => ("credential" in source ? source.credential : ""));
    const handed = [...unit.matchAll(/^LoadCredential=([a-z-]+):\/etc\/vigie\/credentials\/\1$/gm)].map(
      ([, name]) => name,
    );
    expect(handed).toEqual(wanted);
    expect(readFileSync(repository("systemd/vigie.tmpfiles"), "utf8")).toMatch(
      /^d \/etc\/vigie\/credentials 0700 root root/m,
    );
  });

  test("keeps its journal where the default configuration says, and stays down for what does not mend itself: files, keys, configuration", async () => {
    const { journal } = await loadGatewayConfig(repository("config/vigie.yaml"), []);
    expect(unit).toMatch(/^StateDirectory=vigie$/m);
    expect(journal.path).toMatch(/^\/var\/lib\/vigie\//);
    const { noInput, noPermission, config } = ExitCode;
    expect(unit).toMatch(new RegExp(`^RestartPreventExitStatus=${noInput} ${noPermission} ${config}$`, "m"));
  });
});

describe("the rules for serial ports", () => {
  const file = repository("systemd/99-vigie-serial.rules");
  const rules = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));

  test("are of udev's form, and jump to a label that is there", () => {
    const part = /[A-Z]+(?:\{\w+\})?(?:==|!=|=|\+=|:=)"[^"]*"/.source;
    expect(rules.filter((line) => !new RegExp(`^${part}(?:, ${part})*$`).test(line))).toEqual([]);
    const named = (key: string) => rules.flatMap((line) => new RegExp(`\\b${key}="(\\w+)"`).exec(line)?.[1] ?? []);
    expect(new Set(named("GOTO"))).toEqual(new Set(named("LABEL")));
  });

  test.skipIf(!hasUdevVerify)("are ones that udev understands (udevadm verify, systemd 254)", () => {
    expect(spawnSync("udevadm", ["verify", "--no-summary", file]).status).toBe(0);
  });
});

describe("readiness", () => {
  test("is nobody's business outside of a service", async () => {
    vi.stubEnv("NOTIFY_SOCKET", undefined);
    await expect(notifySystemd("READY=1")).resolves.toBeUndefined();
  });

  test.skipIf(!has("python3") || !has("systemd-notify"))(
    "reaches systemd's socket (python3, systemd-notify)",
    async () => {
      const socket = join(folder, "notify");
      const manager = spawn("python3", ["-u", "-c", listen, socket], { stdio: ["ignore", "pipe", "inherit"] });
      try {
        const told = createInterface(manager.stdout)[Symbol.asyncIterator]();
        expect((await told.next()).value).toBe("listening");
        vi.stubEnv("NOTIFY_SOCKET", socket);
        await notifySystemd("READY=1");
        expect((await told.next()).value).toBe("READY=1");
      } finally {
        manager.kill();
      }
    },
  );

  test("that cannot be told is an error: systemd would wait in vain", async () => {
    vi.stubEnv("NOTIFY_SOCKET", join(folder, "nobody"));
    await expect(notifySystemd("READY=1")).rejects.toMatchObject({ code: "SYSTEMD_UNREACHABLE" });
  });
});
