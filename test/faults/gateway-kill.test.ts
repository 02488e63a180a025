/** Promises 1 and 4 for the whole gateway: `vigie run`, killed at random instants while devices speak and the platform listens. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gatewayKeys, memoryState } from "../../src/receiver/index.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { Verifier } from "../../src/seal/verifier.ts";
import { openPlatform, platformKey } from "../fixtures/feed.ts";
import { hasMosquitto, type Mosquitto, startMosquitto } from "../fixtures/mosquitto.ts";
import { plugIn, socat } from "../link/serial/pty.ts";
import { build } from "./build.ts";
import { start } from "./child.ts";
import { publish } from "./durability.ts";
import { gatewayCommand, hearLog, newSite, type Site } from "./gateway-under-test.ts";
import { GATEWAY, openUnderTest, publicKey, ring } from "./journal-under-test.ts";
import { randomFrom, seed } from "./random.ts";

const KILLS = 100;
const RESTART_MS = 2_000;

/** What the gateway said over all its lives. */
class Word {
  /** Kind by sequence number, of each record it said is kept. */
  readonly kept = new Map<number, string>();
  readonly broken: string[] = [];
  readonly epochs = new Set<number>();
  started: () => void = () => undefined;
  heard: () => void = () => undefined;

  readonly hear = (line: string): void => {
    const heard = hearLog(line);
    if (heard?.type === "started") {
      this.epochs.add(heard.epoch);
      const last = Math.max(0, ...this.kept.keys());
      if (heard.lastSeq < last) this.broken.push(`it starts at ${heard.lastSeq}, behind ${last}`);
      this.started();
    } else if (heard?.type === "kept" && heard.as !== "duplicate") {
      if (this.kept.has(heard.seq)) this.broken.push(`sequence ${heard.seq} was given out twice`);
      this.kept.set(heard.seq, heard.as);
      this.heard();
    }
  };
}

describe.skipIf(!hasMosquitto || !socat)("the whole gateway under kill -9 (needs mosquitto and socat)", () => {
  let compiled: string;
  let broker: Mosquitto;
  let site: Site;
  beforeAll(async () => {
    compiled = await build("src/cli/main.ts");
    broker = await startMosquitto();
    site = await newSite(broker.url, platformKey.publicKey);
  }, 120_000);
  afterAll(async () => {
    await broker?.[Symbol.asyncDispose]();
    for (const path of [compiled, site?.folder]) if (path !== undefined) await rm(path, { recursive: true });
  });

  /** @returns milliseconds from the start of the process to its journal open and its line up. */
  async function liveAndDie(word: Word, readings: number, moment: number): Promise<number> {
    await using cable = await plugIn(site.scale);
    const began = performance.now();
    let restart = Number.NaN;
    const enough = word.kept.size + readings;
    const lived = new Promise<void>((resolve) => {
      word.started = () => {
        restart = performance.now() - began;
      };
      word.heard = () => {
        if (word.kept.size >= enough) resolve();
      };
    });
    const { child, ended } = start(gatewayCommand(compiled, site.config), word.hear);
    let alive = true;
    const weighing = (async () => {
      for (let grams = 0; alive; grams += 1) {
        // A scale knows nothing of who listens: it speaks on, at its own pace.
        await cable.device.write(
          `ST,+00${String(50 + (grams % 40)).padStart(2, "0")}.${String(grams % 100).padStart(2, "0")}kg\r\n`,
        );
        await pause(3);
      }
    })();
    await Promise.race([lived, ended]);
    await pause(moment);
    child.kill("SIGKILL");
    alive = false;
    const { signal, stderr } = await ended;
    await weighing;
    if (signal !== "SIGKILL") throw new Error(`it ended by itself: ${stderr}`);
    return restart;
  }

  test(`killed ${KILLS} times: nothing acknowledged is lost, nothing is twice at the sink, and it is back within 2 s`, async () => {
    const random = randomFrom(seed);
    const word = new Word();
    const platform = openPlatform(broker.url, "5", {
      keys: gatewayKeys({ [GATEWAY]: publicKey }),
      state: memoryState(),
    });
    await platform.feed.ready;
    const restarts: number[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      restarts.push(await liveAndDie(word, 1 + random.below(40), random.below(20)));
    }

    // One more life, in which nobody measures anything: what is on the disk goes out.
    const up = new Promise<void>((resolve) => {
      word.started = resolve;
    });
    const { child, ended } = start(gatewayCommand(compiled, site.quietConfig), word.hear);
    await Promise.race([up, ended]);
    const last = Math.max(...word.kept.keys());
    await platform.told.first((event) => event.type === "receipted" && event.through >= last);
    child.kill("SIGTERM");
    expect(await ended).toMatchObject({ code: 0 });
    await platform.feed[Symbol.asyncDispose]();

    const there = await onDisk(site);
    const handed = platform.sink.records.map(({ id }) => hex(id));
    const lost = [...word.kept.keys()].filter((seq) => !there.has(seq));
    const atSink = new Set(handed);
    const owed = [...there].filter(([seq, { kind }]) => seq <= last && kind !== RecordKind.quarantine);
    const undelivered = owed.filter(([, { id }]) => !atSink.has(id));
    restarts.sort((a, b) => a - b);
    const [median = Number.NaN, worst = Number.NaN] = [restarts[KILLS / 2], restarts.at(-1)];
    publish({
      fault: "kill -9 of the whole gateway",
      trials: KILLS,
      acknowledged: word.kept.size,
      broken: word.broken.length + lost.length + undelivered.length + (handed.length - atSink.size),
      worstLoss: lost.length + undelivered.length,
      note: `ready again after ${Math.round(median)} ms (median), ${Math.round(worst)} ms (worst)`,
    });
    expect(word.broken).toEqual([]);
    expect(word.epochs.size).toBe(1);
    expect(lost).toEqual([]);
    expect(undelivered).toEqual([]);
    expect(atSink.size).toBe(handed.length);
    expect(word.kept.size).toBeGreaterThan(KILLS);
    // The median: on a shared machine a single start may wait for somebody else.
    expect(median).toBeLessThan(RESTART_MS);
  }, 600_000);
});

/** Every record of the journal by its number; throws where the chain does not verify. */
async function onDisk({ folder }: Site): Promise<Map<number, { readonly id: string; readonly kind: RecordKind }>> {
  const journal = await openUnderTest(join(folder, "journal"));
  const verifier = new Verifier(ring);
  const there = new Map<number, { readonly id: string; readonly kind: RecordKind }>();
  for (const segment of await journal.segments(1, journal.lastSeq)) {
    verifier.add(segment);
    for (const record of segment.records) {
      if ("id" in record) there.set(record.seq, { id: hex(record.id), kind: record.kind });
    }
  }
  await journal.close();
  expect(verifier.result().findings).toEqual([]);
  return there;
}

const hex = (id: Uint8Array): string => Buffer.from(id).toString("hex");
