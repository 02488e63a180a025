import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, watch } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

describe("the demonstration, interrupted, ends at once and leaves neither a broker nor a folder behind", () => {
  let folder = "";

  beforeAll(() => {
    execFileSync(join(root, "scripts/build"), { stdio: "inherit" });
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "vigie-interrupt-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** In a process group of its own, as a terminal gives it: Ctrl-C reaches the broker, too. */
  const start = (...args: readonly string[]) =>
    spawn("node", ["dist/scripts/demonstration/main.js", ...args], {
      cwd: root,
      detached: true,
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, TMPDIR: folder },
    });
  const ctrlC = ({ pid }: ChildProcess) => process.kill(-(pid ?? Number.NaN), "SIGINT");
  const line = async (child: ChildProcess, wanted: string) => {
    if (child.stdout === null) throw new Error("no output");
    for await (const text of createInterface(child.stdout)) if (text.includes(wanted)) return;
    throw new Error(`it never said "${wanted}"`);
  };
  const brokers = () => String(spawnSync("pgrep", ["-f", `mosquitto.*${folder}`]).stdout);
  const expectNothingLeft = async () => {
    expect(readdirSync(folder)).toEqual([]);
    await vi.waitFor(() => expect(brokers()).toBe("")); // told to end, it takes its moment
  };

  // Before there is a gateway, while the broker starts.
  test.each([0, 20, 40, 80])("%i ms after it has begun", async (delay) => {
    const watcher = watch(folder);
    const begun = once(watcher, "change");
    const child = start();
    child.stdout.resume();
    await begun;
    watcher.close();
    await new Promise((resolve) => setTimeout(resolve, delay)); // the subject is the moment
    ctrlC(child);
    expect([0, 130]).toContain((await once(child, "exit"))[0]);
    await expectNothingLeft();
  });

  test("while readings pass", async () => {
    const child = start();
    const exit = once(child, "exit");
    await line(child, "journal n°");
    ctrlC(child);
    expect(await exit).toEqual([0, null]);
    await expectNothingLeft();
  });

  test("while its broker is stopped, without waiting for its return", async () => {
    const child = start("--outage", "--speed", "6");
    const exit = once(child, "exit");
    await line(child, "Le broker s'arrête");
    const before = performance.now();
    ctrlC(child);
    expect(await exit).toEqual([0, null]);
    expect(performance.now() - before).toBeLessThan(1_000); // the broker would be away for 8 s / 6
    await expectNothingLeft();
  });

  test("where its reader has seen enough", async () => {
    const child = start("--speed", "20");
    const exit = once(child, "exit");
    await line(child, "Vigie");
    child.stdout.destroy();
    expect(await exit).toEqual([0, null]);
    await expectNothingLeft();
  });
});
