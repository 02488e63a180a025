/**
 * A damaged journal gives way to a new one. What is whole is read from a copy; the new journal is made beside it; and then
 * the files change places. The damaged ones are moved, never deleted. A mark in the folder says that files are changing
 * places: until it is gone the journal is not opened, since a file without its log would be an older journal, and a new file
 * with the old log a broken one.
 */
import { constants } from "node:fs";
import { access, copyFile, mkdir, open, readFile, rename, rm, stat, unlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errors } from "./errors.ts";
import { hasCode, ignoreMissing, readIfThere, syncFolder } from "./files.ts";
import { type Damaged, openDamaged, readWhole, type Salvaged, type SalvageKeys } from "./salvage-read.ts";
import { PAGE_BYTES } from "./schema.ts";
import { type Database, openDatabase } from "./sqlite.ts";
import { mendLog } from "./wal-mend.ts";

const MARK = "salvaging";
const FILE = "journal.db";
/** Where in the header of the file its page size stands, big-endian. */
const PAGE_SIZE_AT = 16;
/** As much of the header as never changes. */
const HEADER_BYTES = 24;

/** @returns the folder, in the journal's, of a salvage whose files are changing places; undefined where none is. */
export async function salvageUnderWay(folder: string): Promise<string | undefined> {
  const named = await readFile(join(folder, MARK), "utf8").catch(ignoreMissing);
  return named === undefined ? undefined : join(folder, basename(named.trim()));
}

/** Makes a folder for one salvage: `salvage-1` in the journal's, and so on. */
export async function salvageFolder(folder: string): Promise<string> {
  for (let n = 1; ; n += 1) {
    const into = join(folder, `salvage-${n}`);
    try {
      await mkdir(into, { mode: 0o700 });
      return into;
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
    }
  }
}

/** Where the journal that is to follow is made. */
export const nextFolder = (into: string): string => join(into, "next");

/**
 * Reads a copy of a damaged file, as whole as it can be made: as SQLite reads it, or with the log mended, whichever gives
 * more. @param into where the copies are made; they are removed again.
 */
export async function withDamaged<Result>(
  file: string,
  into: string,
  keys: SalvageKeys,
  work: (damaged: Damaged, salvaged: Salvaged) => Promise<Result>,
): Promise<Result> {
  const copies = join(into, "work");
  await mkdir(copies, { mode: 0o700 });
  const opened: Database[] = [];
  try {
    const views: { damaged: Damaged; salvaged: Salvaged }[] = [];
    for (const copy of await copiesOf(file, copies)) {
      const database = await openDatabase(copy);
      opened.push(database);
      const damaged = await openDamaged(database, keys);
      views.push({ damaged, salvaged: await readWhole(damaged, async () => undefined) });
    }
    const [best] = views.sort((a, b) => b.salvaged.records - a.salvaged.records);
    if (best === undefined) throw new RangeError("no copy was made");
    assertKey(best.salvaged);
    return await work(best.damaged, best.salvaged);
  } finally {
    for (const database of opened) await database.close();
    await rm(copies, { recursive: true });
  }
}

/** @throws JOURNAL_SIGNING_KEY_CHANGED where the key is none that the journal was signed with: nothing would be whole. */
function assertKey({ segments, findings }: Salvaged): void {
  const [other] = findings.filter(({ fault }) => fault === "unknown-key");
  if (segments === 0 && other !== undefined) throw errors.JOURNAL_SIGNING_KEY_CHANGED({ found: other.because });
}

/** The mended one first: where both give as much, it is the newer one. */
async function copiesOf(file: string, folder: string): Promise<readonly string[]> {
  const wal = await readIfThere(`${file}-wal`);
  const header = await mendedHeader(file);
  const mended = mendLog(wal, header.readUInt16BE(PAGE_SIZE_AT));
  const logs = { ...(mended === undefined ? {} : { mended }), plain: wal };
  const copies: string[] = [];
  for (const [name, log] of Object.entries(logs)) {
    const copy = join(folder, `${name}.db`);
    await copyFile(file, copy, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    if ((await stat(copy)).size > header.length) {
      const handle = await open(copy, "r+");
      await handle.write(header, 0, header.length, 0).finally(() => handle.close());
    }
    if (log.length > 0) await writeFile(`${copy}-wal`, log, { mode: 0o600 });
    copies.push(copy);
  }
  return copies;
}

/** What is the same in all our files at their beginning (sqlite.org/fileformat2.html §1.3): without it SQLite opens none. */
async function mendedHeader(file: string): Promise<Buffer> {
  const handle = await open(file, "r");
  const found = Buffer.alloc(HEADER_BYTES);
  await handle.read(found, 0, HEADER_BYTES, 0).finally(() => handle.close());
  const pageSize = found.readUInt16BE(PAGE_SIZE_AT);
  const header = Buffer.from("SQLite format 3\0".padEnd(HEADER_BYTES, "\0"), "latin1");
  // A power of two; version 1 of the file may have had another one than this version makes.
  const isSane = pageSize >= 512 && (pageSize & (pageSize - 1)) === 0;
  header.writeUInt16BE(isSane ? pageSize : PAGE_BYTES, PAGE_SIZE_AT);
  // Read and written through a log; nothing reserved; the shares of a page that a cell may take.
  header.set([2, 2, 0, 64, 32, 32], PAGE_SIZE_AT + 2);
  return header;
}

/** The damaged files go into the salvage's folder, and the journal made there takes their place. Cut, changePlaces() again ends it. */
export async function changePlaces(folder: string, into: string): Promise<void> {
  await setMark(join(folder, MARK), basename(into));
  const next = join(nextFolder(into), FILE);
  if (await isThere(next)) {
    for (const name of [`${FILE}-wal`, FILE]) await moveAside(join(folder, name), join(into, name));
    for (const one of [into, folder]) await syncFolder(one);
    await rename(next, join(folder, FILE));
    for (const one of [dirname(next), folder]) await syncFolder(one);
  }
  await unlink(join(folder, MARK));
  await syncFolder(folder);
}

/** Whole or not at all. */
async function setMark(file: string, text: string): Promise<void> {
  const handle = await open(`${file}.new`, "w", 0o600);
  try {
    await handle.writeFile(`${text}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${file}.new`, file);
  await syncFolder(dirname(file));
}

async function moveAside(from: string, to: string): Promise<void> {
  if (await isThere(to)) return;
  await rename(from, to).catch(ignoreMissing);
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    (error: unknown) => ignoreMissing(error) ?? false,
  );
}
