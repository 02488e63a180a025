/** Records one process's life on a disk, and cuts its power at many instants of it. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Command, start } from "./child.ts";
import { type DiskEvent, readDiskLog } from "./disk-log.ts";
import { scratch } from "./machine.ts";
import { judge } from "./oracle.ts";
import { hear, noPromises, type Promises } from "./promises.ts";
import { pick, type Random, randomFrom } from "./random.ts";
import { type Cut, cuts, SimulatedDisk } from "./simulated-disk.ts";

export type Files = ReadonlyMap<string, Buffer>;

/** The process under test, working on the journal in this folder. */
export type CommandIn = (folder: string) => Command;

/**
 * Runs a process with the disk between it and its journal.
 * @param fault see disk.c. @param files what is in the folder before.
 * @returns all that it did to the folder and promised, in order.
 */
export async function record(
  commandIn: CommandIn,
  disk: string,
  { fault, files = new Map() }: { readonly fault?: string; readonly files?: Files } = {},
): Promise<DiskEvent[]> {
  const home = await mkdtemp(join(tmpdir(), "vigie-recorded-"));
  try {
    const folder = join(home, "journal");
    await fillFolder(folder, files);
    return await recordIn(folder, commandIn(folder), disk, fault);
  } finally {
    await rm(home, { recursive: true });
  }
}

/** The same for a process whose journal stands where its own configuration says. The log is left beside the folder. */
export async function recordIn(
  folder: string,
  { command, args, env }: Command,
  disk: string,
  fault?: string,
): Promise<DiskEvent[]> {
  const log = `${folder}.log`;
  const preload = {
    LD_PRELOAD: disk,
    VIGIE_DISK_FOLDER: folder,
    VIGIE_DISK_LOG: log,
    ...(fault === undefined ? {} : { VIGIE_DISK_FAULT: fault }),
  };
  const { ended } = start({ command, args, env: { ...env, ...preload } }, () => undefined);
  const { code, signal, stderr } = await ended;
  if (code !== 0) throw new Error(`the process ended with ${code ?? signal}: ${stderr}`);
  return readDiskLog(await readFile(log));
}

/** An instant is the number of events that have happened. */
export interface Instants {
  readonly name: string;
  readonly at: readonly number[];
}

/** Where to cut: anywhere; right after a promise; during the very first opening; in the midst of a checkpoint. */
export function chooseInstants(events: readonly DiskEvent[], each: number, random: Random): Instants[] {
  const indices = (wanted: (event: DiskEvent) => boolean) =>
    events.flatMap((event, index) => (wanted(event) ? [index + 1] : []));
  const ready = events.findIndex((event) => event.op === "acknowledge") + 1;
  const database = new Set(
    events.flatMap((event) => (event.op === "create" && event.name === "journal.db" ? [event.inode] : [])),
  );
  const some = (from: readonly number[]) => Array.from({ length: each }, () => pick(from, random));
  return [
    { name: "at any instant", at: Array.from({ length: each }, () => random.below(events.length + 1)) },
    {
      name: "right after an acknowledgement",
      at: some(indices((event) => event.op === "acknowledge" && event.text.startsWith("ack"))),
    },
    { name: "during the first opening", at: Array.from({ length: each }, () => random.below(ready + 1)) },
    {
      name: "during a checkpoint",
      at: some(indices((event) => event.op === "write" && database.has(event.inode)).filter((index) => index > ready)),
    },
  ];
}

export interface Trial {
  readonly where: string;
  readonly at: number;
  readonly cut: Cut;
  readonly acknowledged: number;
  readonly lost: number;
  readonly broken: readonly string[];
}

async function fillFolder(folder: string, files: Files): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of files) await writeFile(join(folder, name), bytes);
}

interface Image {
  readonly where: string;
  readonly at: number;
  readonly cut: Cut;
  readonly files: Files;
  readonly promises: Promises;
}

/** Builds the image of each instant, each kind of cut in turn, and asks the oracle about it. */
export async function cutPower(
  events: readonly DiskEvent[],
  instants: readonly Instants[],
  seed: number,
): Promise<Trial[]> {
  const images = imagesAt(events, instants, randomFrom(seed));
  const trials: Trial[] = [];
  // Four at a time: while one waits for SQLite's thread, the next is verified.
  const take = async () => {
    for (let next = images.next(); !next.done; next = images.next()) trials.push(await tryImage(next.value));
  };
  await Promise.all([take(), take(), take(), take()]);
  return trials;
}

function* imagesAt(events: readonly DiskEvent[], instants: readonly Instants[], random: Random): Generator<Image> {
  const planned = instants.flatMap(({ name, at }) =>
    at.map((instant, index) => ({ where: name, at: instant, cut: cuts[index % cuts.length] ?? "drop" })),
  );
  planned.sort((one, other) => one.at - other.at);
  const disk = new SimulatedDisk();
  const promises = noPromises();
  let happened = 0;
  for (const plan of planned) {
    for (const event of events.slice(happened, plan.at)) {
      disk.apply(event);
      if (event.op === "acknowledge") hear(promises, event.text);
    }
    happened = plan.at;
    yield {
      ...plan,
      files: disk.cut(plan.cut, random),
      promises: { ...promises, acknowledged: new Map(promises.acknowledged) },
    };
  }
}

/** One journal, whose power fails again and again: each life begins on what the cut before it left. */
export async function failAgainAndAgain(
  commandIn: (life: number) => CommandIn,
  disk: string,
  lives: number,
  random: Random,
): Promise<Trial[]> {
  const promises = noPromises();
  const trials: Trial[] = [];
  let files: Files = new Map();
  for (let life = 1; life <= lives; life += 1) {
    const events = await record(commandIn(life), disk, { files });
    const simulated = new SimulatedDisk(files);
    const at = random.below(events.length + 1);
    for (const event of events.slice(0, at)) {
      simulated.apply(event);
      if (event.op === "acknowledge") hear(promises, event.text);
    }
    const cut = pick(cuts, random);
    files = simulated.cut(cut, random);
    trials.push(await tryImage({ where: `life ${life}`, at, cut, files, promises }));
  }
  return trials;
}

async function tryImage({ where, at, cut, files, promises }: Image): Promise<Trial> {
  const folder = await mkdtemp(join(scratch, "vigie-image-"));
  try {
    await fillFolder(folder, files);
    const { broken, lost } = await judge(folder, promises);
    return { where, at, cut, acknowledged: promises.acknowledged.size, lost, broken };
  } finally {
    await rm(folder, { recursive: true });
  }
}
