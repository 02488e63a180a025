/** Promise 1 from end to end, at the border of the kernel: the ACK byte on the serial line leaves after the journal's flush returned. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { platformKey } from "../fixtures/feed.ts";
import { hasMosquitto, type Mosquitto, startMosquitto } from "../fixtures/mosquitto.ts";
import { plugIn, socat } from "../link/serial/pty.ts";
import { build, withSynchronousNormal } from "./build.ts";
import { publish } from "./durability.ts";
import { newSite, type Site } from "./gateway-under-test.ts";
import { hasStrace } from "./machine.ts";
import { acknowledgements, type Call, readTrace } from "./system-calls.ts";

const READINGS = 100;
const ACK = 0x06;

/** strace prints the byte 6 as `\6`, and a port's descriptor with the terminal's path. */
const acknowledges = (call: Call) => call.name === "write" && /<\/dev\/pts\/\d+>, "\\6"/.test(call.text);
const begins = (call: Call) => call.name === "write" && call.text.includes(', "ready ');

describe.skipIf(!hasStrace || !socat || !hasMosquitto)("needs strace, socat and mosquitto", () => {
  let compiled: string;
  let broker: Mosquitto;
  beforeAll(async () => {
    compiled = await build("test/faults/gateway-worker.ts");
    broker = await startMosquitto();
  }, 120_000);
  afterAll(async () => {
    await broker?.[Symbol.asyncDispose]();
    if (compiled !== undefined) await rm(compiled, { recursive: true });
  });

  /**
   * Weighs while the gateway is traced. Nobody listens at the broker, so no cursor moves: each commit is a reading's.
   * @returns for each ACK byte, how many commits had been flushed when it was written.
   */
  async function traced(folder: string): Promise<number[]> {
    const site = await newSite(broker.url, platformKey.publicKey);
    try {
      const trace = join(site.folder, "trace");
      await weigh(site, [
        "-o",
        trace,
        process.execPath,
        join(folder, "test/faults/gateway-worker.js"),
        site.quietConfig,
      ]);
      const steps = readTrace(await readFile(trace, "utf8"));
      return acknowledgements(steps, acknowledges, begins).map(({ commitsFlushed }) => commitsFlushed);
    } finally {
      await rm(site.folder, { recursive: true });
    }
  }

  test("the whole gateway writes ACK to the device only after the flush of that reading's segment returned", async () => {
    const flushed = await traced(compiled);
    const early = flushed.filter((commits, index) => commits < index + 1);
    publish({
      fault: "ACK byte on the serial line before the fsync returned (whole gateway)",
      trials: flushed.length,
      acknowledged: flushed.length,
      broken: early.length,
      worstLoss: 0,
    });
    expect(flushed).toHaveLength(READINGS);
    expect(early).toEqual([]);
  }, 120_000);

  test("the same trace finds bytes that leave too soon where SQLite runs in synchronous=NORMAL", async () => {
    const mutant = await withSynchronousNormal(compiled);
    try {
      const flushed = await traced(mutant);
      expect(flushed.filter((commits, index) => commits < index + 1).length).toBeGreaterThan(READINGS / 2);
    } finally {
      await rm(mutant, { recursive: true });
    }
  }, 120_000);
});

/** A scale that weighs again as soon as it was told that the last weighing is kept. */
async function weigh({ scale }: Site, traced: readonly string[]): Promise<void> {
  await using cable = await plugIn(scale);
  const calls = ["-e", "trace=fsync,fdatasync,pwrite64,write,writev", "-e", "signal=none"];
  const gateway = spawn("strace", ["-f", "-y", "-s", "32", ...calls, ...traced], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, UV_USE_IO_URING: "0" },
  });
  const ended = once(gateway, "close");
  let said = "";
  for await (const text of gateway.stdout.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    said += text;
    if (said.includes("link open") && said.includes("ready")) break;
  }
  for (let n = 0; n < READINGS; n += 1) {
    await cable.device.write(`ST,+00${String(50 + (n % 40))}.${String(n).padStart(2, "0")}kg\r\n`);
    const { buffer } = await cable.device.read(new Uint8Array(1));
    expect(buffer[0]).toBe(ACK);
  }
  gateway.stdin.end();
  expect(await ended).toEqual([0, null]);
}
