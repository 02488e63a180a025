/** What a command may touch of the process: its three streams and its exit code. Tests hand in their own. */
import { once } from "node:events";
import { fstatSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { WriteStream } from "node:tty";
import type { ExitCode } from "../errors/error.ts";

export interface Io {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** What the process ends with where nothing is thrown. */
  exitCode: ExitCode;
  /** Resolves with the name of the signal that asks the process to stop. */
  interrupted(): Promise<string>;
}

/**
 * Whether what is written there goes to systemd's journal, which adds times itself and reads priorities. The variable names
 * the journal's own stream (systemd.exec(5)): a service's child inherits it, and may write elsewhere.
 */
export function isJournald(stream: Writable): boolean {
  if (!("fd" in stream) || typeof stream.fd !== "number") return false;
  const { dev, ino } = fstatSync(stream.fd);
  return process.env["JOURNAL_STREAM"] === `${dev}:${ino}`;
}

/** Writes what went wrong, lines that a person reads; in systemd's journal each is an error (`journalctl -p err`). */
export function complain(stream: Writable, text: string): void {
  stream.write(`${isJournald(stream) ? text.replaceAll(/^/gm, "<3>") : text}\n`);
}

/** How many columns a terminal has; undefined where it is none: a file, a pipe, systemd's journal. */
export function columnsOf(stream: Writable): number | undefined {
  return stream instanceof WriteStream ? stream.columns : undefined;
}

/** Writes whole lines and waits while the reader is behind, so that a slow pipe costs time and not memory. */
export async function print(stream: Writable, ...lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  if (!stream.write(`${lines.join("\n")}\n`)) await once(stream, "drain");
}

/** Everything on standard input, up to a bound. @returns undefined where there is more. */
export async function readAll(stdin: Readable, maxBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > maxBytes) return undefined;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}
