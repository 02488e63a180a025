/** Runs the process under test, and hears what it promises while it lives. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Load } from "./worker.ts";

/** A command line that keeps a journal busy and says on standard output what it acknowledged, in the lines of worker.ts. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export const workerCommand = (worker: string, load: Load, env: Readonly<Record<string, string>> = {}): Command => ({
  command: process.execPath,
  args: [worker, JSON.stringify(load)],
  env,
});

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** Starts it. @param heard called with each whole line, in order. */
export function start({ command, args, env }: Command, heard: (line: string) => void) {
  const child: ChildProcess = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    // libuv may use io_uring for files, which passes by a preloaded library.
    env: { ...process.env, UV_USE_IO_URING: "0", ...env },
  });
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  if (child.stdout === null) throw new Error("no standard output");
  // A line that a kill cut in two was not said.
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) heard(line);
  });
  const ended = once(child, "close").then(
    ([code, signal]: (number | null | NodeJS.Signals)[]): Ended => ({
      code: typeof code === "number" ? code : null,
      signal: typeof signal === "string" ? signal : null,
      stderr,
    }),
  );
  return { child, ended };
}

/** "one caller", "16 callers": for the table. */
export const callersText = (callers: number) => (callers === 1 ? "one caller" : `${callers} callers`);
