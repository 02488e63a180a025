import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";

const script = (name: string) => fileURLToPath(new URL(`../../scripts/${name}`, import.meta.url));
const request = `${JSON.stringify({ driver: "scale-line", channel: "serial", hex: "53542c2b303036312e35356b67" })}\n`;

/** The built command, in a process of its own, through the script that a checkout offers. */
const start = (...args: readonly string[]) => spawn(script("vigie"), args, { stdio: "pipe" });

describe("the vigie command as a process", () => {
  beforeAll(() => {
    execFileSync(script("build"), { stdio: "inherit" });
  });

  test("answers a batch while its input is still open", async () => {
    const child = start("decode", "--batch");
    child.stdin.write(request);
    const [answer] = await once(child.stdout, "data");
    expect(String(answer)).toContain('"measurements":[{"kind":"body-weight"');
    child.stdin.end();
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  test("is quiet where its reader has seen enough", async () => {
    const child = start("decode", "--batch");
    child.stdin.on("error", () => {}); // it may end before it has read everything: that is the point
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      stderr += String(chunk);
    });
    child.stdout.destroy();
    child.stdin.end(request.repeat(20_000));
    expect(await once(child, "close")).toEqual([0, null]);
    expect(stderr).toBe("");
  });

  test.skipIf(!existsSync("/dev/full"))("tells where its output cannot be written", async () => {
    const full = openSync("/dev/full", "w");
    const child = spawn(script("vigie"), ["drivers"], { stdio: ["ignore", full, "pipe"] });
    closeSync(full);
    const [stderr, exit] = await Promise.all([child.stderr === null ? "" : text(child.stderr), once(child, "exit")]);
    expect(exit).toEqual([74, null]);
    expect(stderr).toMatch(/^OUTPUT_LOST: .*ENOSPC/s);
  });

  test("ends with the error's exit code", async () => {
    const child = start("config", "check", "/nowhere.yaml");
    child.stdout.resume();
    child.stderr.resume();
    expect(await once(child, "exit")).toEqual([66, null]);
  });

  test("loads none of what it does not need", () => {
    const source = readFileSync(new URL("../../src/cli/commands.ts", import.meta.url), "utf8");
    expect(source).not.toMatch(/^import (?!type)/m);
  });
});
