/** Kills a process that keeps its promises on standard output, and starts it again, time after time. */
import { setTimeout as pause } from "node:timers/promises";
import { type Command, start } from "./child.ts";
import type { Judgement } from "./oracle.ts";
import { hear, noPromises, type Promises } from "./promises.ts";
import type { Random } from "./random.ts";

export interface Killing {
  readonly kills: number;
  /** The process under test: the journal's worker, or a whole gateway that says the same lines. */
  readonly command: (kill: number) => Command;
  readonly judge: (promises: Promises) => Promise<Judgement>;
  readonly random: Random;
}

export interface Killed {
  readonly acknowledged: number;
  readonly broken: readonly string[];
  readonly worstLoss: number;
  /** From the start of each process until it was ready, milliseconds, ascending. */
  readonly restarts: readonly number[];
}

/** The full judgement reads the whole journal, which grows: it is asked after every tenth kill, and after the last. */
const JUDGED_EVERY = 10;

export async function killAgainAndAgain({ kills, command, judge, random }: Killing): Promise<Killed> {
  const promises = noPromises();
  const restarts: number[] = [];
  const broken: string[] = [];
  let worstLoss = 0;
  for (let kill = 1; kill <= kills; kill += 1) {
    restarts.push(await liveAndDie(command(kill), promises, random));
    if (kill % JUDGED_EVERY !== 0 && kill !== kills) continue;
    const judgement = await judge(promises);
    broken.push(...judgement.broken.map((what) => `after kill ${kill}: ${what}`));
    worstLoss = Math.max(worstLoss, judgement.lost);
  }
  const ascending = restarts.toSorted((one, other) => one - other);
  return { acknowledged: promises.acknowledged.size, broken, worstLoss, restarts: ascending };
}

/**
 * Lives until a random number of acknowledgements, then some random moment more, and is killed.
 * @returns how long it took from the start of the process until it was ready, milliseconds.
 */
async function liveAndDie(command: Command, promises: Promises, random: Random): Promise<number> {
  const enough = promises.acknowledged.size + 1 + random.below(40);
  const moment = random.below(6);
  const began = performance.now();
  let ready = Number.NaN;
  let reached: () => void = () => undefined;
  const acknowledged = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const { child, ended } = start(command, (line) => {
    if (line.startsWith("ready")) ready = performance.now() - began;
    hear(promises, line);
    if (promises.acknowledged.size >= enough) reached();
  });
  await Promise.race([acknowledged, ended]);
  await pause(moment);
  child.kill("SIGKILL");
  const { signal, code, stderr } = await ended;
  if (signal !== "SIGKILL") throw new Error(`it ended by itself with ${code}, ${promises.failed ?? stderr}`);
  return ready;
}
