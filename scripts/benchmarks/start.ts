/** From nothing to the first reading on its way: a process of its own, as systemd starts it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Row } from "./report.ts";
import { seconds } from "./report.ts";

export async function start(): Promise<readonly Row[]> {
  const begun = seconds();
  const demo = spawn(process.execPath, ["dist/scripts/demonstration/main.js", "--speed", "20"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise<void>((resolve) => {
    demo.stdout.on("data", (chunk) => String(chunk).includes("→") && resolve());
  });
  const first = seconds() - begun;
  demo.kill("SIGINT");
  await once(demo, "exit");
  return [
    {
      what: "process start (gateway, broker and receiver together) to the first delivered reading",
      value: first,
      unit: "s",
    },
  ];
}
