/**
 * How fast the journal is, and what it costs the disk (issue 3, Speed).
 * prints one table; with `--json`, one JSON line per figure. Each load runs in a process of its own on a new journal.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { buildDisk } from "../../test/faults/build.ts";
import { hasCompiler } from "../../test/faults/machine.ts";
import type { LoadRequest, LoadResult } from "./journal-load.ts";
import type { Row } from "./report.ts";

/** A deflated bundle and what stands around it. */
const BODY_BYTES = 300;
/** An fsync on a good SD card. */
const CARD_MS = 8;
/** Other work on the same machine only ever makes a run slower: of a few short ones the best tells the most. */
const RUNS = 4;
const SECONDS = 2;

const loader = join(dirname(fileURLToPath(import.meta.url)), "journal-load.js");

/** Runs one load. @param disk the preloaded disk that adds `flushMs` to each fsync. */
async function load(request: LoadRequest, disk?: { readonly library: string; readonly flushMs: number }) {
  const slow =
    disk === undefined
      ? {}
      : { LD_PRELOAD: disk.library, VIGIE_DISK_FOLDER: request.folder, VIGIE_DISK_FLUSH_MS: String(disk.flushMs) };
  const { stdout } = await promisify(execFile)(process.execPath, [loader, JSON.stringify(request)], {
    env: { ...process.env, UV_USE_IO_URING: "0", ...slow },
  });
  const result: LoadResult = JSON.parse(stdout);
  return result;
}

async function inNewFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "vigie-bench-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const rounded = (value: number) => (value < 10 ? Math.round(value * 100) / 100 : Math.round(value));
const rateOf = ({ appends, seconds }: LoadResult) => appends / seconds;
const latency = ({ latencyMs }: LoadResult) =>
  `${rounded(latencyMs.p50)} ms median, ${rounded(latencyMs.p99)} ms p99 each`;

/** Appends per second with 1, 64 and 256 callers, and how long the event loop was held up. */
export async function rates(disk?: { readonly library: string; readonly flushMs: number }): Promise<Row[]> {
  const figures: Row[] = [];
  const where = disk === undefined ? "" : `, ${disk.flushMs} ms added to each fsync`;
  for (const callers of [1, 64, 256]) {
    const request = { callers, appends: 1_000_000, bodyBytes: BODY_BYTES, atMostSeconds: SECONDS };
    const results: LoadResult[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      results.push(await inNewFolder((folder) => load({ ...request, folder }, disk)));
    }
    const result = results.reduce((best, next) => (rateOf(next) > rateOf(best) ? next : best));
    figures.push({
      what: `appends per second, ${callers} callers${where}`,
      value: rounded(rateOf(result)),
      unit: "/s",
      ...(callers === 256 && disk === undefined ? { wanted: "≥ 15 000" } : {}),
      note: latency(result),
    });
    if (disk === undefined) continue;
    figures.push({
      what: `event-loop delay p99, ${callers} callers${where}`,
      value: rounded(result.eventLoopP99Ms),
      unit: "ms",
      wanted: "< 5",
      note: "with the timer's own 1 ms",
    });
  }
  return figures;
}

/** Append time of one caller with so many records already there. @param present ascending. */
export function growth(present: readonly number[]): Promise<Row[]> {
  return inNewFolder(async (folder) => {
    const figures: Row[] = [];
    let there = 0;
    for (const wanted of present) {
      if (wanted > there) await load({ folder, callers: 256, appends: wanted - there, bodyBytes: BODY_BYTES });
      const result = await load({ folder, callers: 1, appends: 500, bodyBytes: BODY_BYTES });
      there = Math.max(there, wanted) + 500;
      figures.push({
        what: `append time, ${wanted} records present`,
        value: rounded(result.latencyMs.p50),
        unit: "ms",
        wanted: "flat",
        note: `median; p99 ${rounded(result.latencyMs.p99)} ms`,
      });
    }
    return figures;
  });
}

/** Bytes that reach the disk for each reading, checkpoints included. */
export async function bytesPerReading(): Promise<Row[]> {
  // At one reading a second each is a commit of its own, as with one caller that never waits; the pause writes nothing.
  const loads = [
    { what: "one reading a second", callers: 1, appends: 2_000 },
    { what: "a burst of 256 callers", callers: 256, appends: 50_000 },
  ];
  const figures: Row[] = [];
  for (const { what, callers, appends } of loads) {
    const result = await inNewFolder((folder) => load({ folder, callers, appends, bodyBytes: BODY_BYTES }));
    const note = `${BODY_BYTES}-byte bodies`;
    const value = rounded(result.bytesWritten / result.appends);
    figures.push({ what: `bytes written per reading, ${what}`, value, unit: "bytes", note });
  }
  return figures;
}

/** Records verified per second: with a signature for each, and with one for 256. */
export async function verification(): Promise<Row[]> {
  const figures: Row[] = [];
  for (const { callers, appends } of [
    { callers: 1, appends: 2_000 },
    { callers: 256, appends: 100_000 },
  ]) {
    const request = { callers, appends, bodyBytes: BODY_BYTES, verify: true };
    const { verifiedPerSecond = Number.NaN } = await inNewFolder((folder) => load({ ...request, folder }));
    figures.push({
      what: `records verified per second, segments of ${callers}`,
      value: rounded(verifiedPerSecond),
      unit: "/s",
      ...(callers === 256 ? { wanted: "≥ 20 000" } : {}),
    });
  }
  return figures;
}

/** All of it: some five minutes, most of them for the million records. */
export async function journal(present: readonly number[] = [0, 100_000, 1_000_000]): Promise<Row[]> {
  const figures = [...(await rates())];
  if (hasCompiler) {
    const library = await buildDisk();
    figures.push(...(await rates({ library, flushMs: CARD_MS })));
    await rm(dirname(library), { recursive: true });
  }
  figures.push(...(await growth(present)), ...(await bytesPerReading()), ...(await verification()));
  return figures;
}
