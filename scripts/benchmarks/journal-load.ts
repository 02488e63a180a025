/** One load on one journal, in a process of its own, so that a slow disk can be put under it. Prints what it saw as JSON. */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { openJournal } from "../../src/journal/open.ts";
import type { Journal } from "../../src/journal/port.ts";
import { ms, wallMs } from "../../src/measure/time.ts";
import { keyRing, signingKey, verifyingKey } from "../../src/seal/key.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { Verifier } from "../../src/seal/verifier.ts";

export interface LoadRequest {
  readonly folder: string;
  readonly callers: number;
  readonly appends: number;
  /** Bytes of a body: a deflated bundle has one or two hundred, a plain one some 3 000. */
  readonly bodyBytes: number;
  /** Stop after so long, seconds, however many were appended. */
  readonly atMostSeconds?: number;
  /** Also read all back and verify it. */
  readonly verify?: boolean;
}

export interface LoadResult {
  readonly appends: number;
  readonly seconds: number;
  readonly latencyMs: { readonly p50: number; readonly p99: number };
  /** Of a timer of 1 ms, which is included. */
  readonly eventLoopP99Ms: number;
  /** Handed to the disk by this process, /proc/self/io. */
  readonly bytesWritten: number;
  readonly verifiedPerSecond?: number;
}

const key = signingKey(new Uint8Array(32).fill(7));
const clock = {
  now: () => ({
    wall: wallMs(Date.now()),
    monotonic: ms(performance.now()),
    bootId: "0123456789abcdef0123456789abcdef",
    synchronised: true,
  }),
};

async function bytesWritten(): Promise<number> {
  return Number(/^write_bytes: (\d+)$/m.exec(await readFile("/proc/self/io", "utf8"))?.[1]);
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

async function load(request: LoadRequest): Promise<LoadResult> {
  const { folder, callers, bodyBytes, atMostSeconds = Number.POSITIVE_INFINITY } = request;
  const options = { folder, gateway: "bench", boxKey: new Uint8Array(32).fill(5), signingKey: key, clock };
  const journal = await openJournal(options);
  const loop = monitorEventLoopDelay({ resolution: 1 });
  const latencies: number[] = [];
  const body = randomBytes(bodyBytes);
  const before = await bytesWritten();
  const began = performance.now();
  let left = request.appends;
  const caller = async () => {
    while (left > 0 && performance.now() - began < atMostSeconds * 1_000) {
      left -= 1;
      const asked = performance.now();
      await journal.append({ kind: RecordKind.measure, id: randomBytes(16), body, device: "aa:bb", person: "p" });
      latencies.push(performance.now() - asked);
    }
  };
  loop.enable();
  await Promise.all(Array.from({ length: callers }, caller));
  loop.disable();
  const seconds = (performance.now() - began) / 1_000;
  const written = (await bytesWritten()) - before;
  const verifiedPerSecond = request.verify ? await verify(journal) : undefined;
  await journal.close();
  const sorted = latencies.toSorted((one, other) => one - other);
  return {
    appends: latencies.length,
    seconds,
    latencyMs: { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) },
    eventLoopP99Ms: loop.percentile(99) / 1e6,
    bytesWritten: written,
    ...(verifiedPerSecond === undefined ? {} : { verifiedPerSecond }),
  };
}

/** @returns records per second of verification alone: signatures, chain and digests, without reading the file. */
async function verify(journal: Journal): Promise<number> {
  const verifier = new Verifier(keyRing([verifyingKey(key.publicKey)]));
  let [records, spent, next] = [0, 0, 1];
  while (next <= journal.lastSeq) {
    const segments = await journal.segments(next, 10_000);
    const began = performance.now();
    for (const segment of segments) verifier.add(segment);
    spent += performance.now() - began;
    next = (segments.at(-1)?.lastSeq ?? journal.lastSeq) + 1;
    records = verifier.result().records;
  }
  const { findings } = verifier.result();
  if (findings.length > 0) throw new Error(`the bench's own journal does not verify: ${findings[0]?.because.en}`);
  return records / (spent / 1_000);
}

console.log(JSON.stringify(await load(JSON.parse(process.argv[2] ?? "{}"))));
