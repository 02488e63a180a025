/**
 * Room on the disk. On a disk that is full to the last block SQLite can not even DELETE: every change needs room in the log
 * first. So some room is held in reserve, in a file beside the journal, and given back when the disk is full; and from then
 * on the journal's file may not grow, so that the reserve is the log's alone. What retention erases is used again within
 * the file. When there is room on the disk, the reserve is taken anew, and the file may grow.
 */
import { randomBytes } from "node:crypto";
import { open, stat, statfs, truncate } from "node:fs/promises";
import { join } from "node:path";
import { hasCode, ignoreMissing } from "./files.ts";
import { integer } from "./row.ts";
import type { Database } from "./sqlite.ts";

/**
 * The log is cut to 4 MiB at each checkpoint (schema.ts), and to move it into the file the file may have to grow by as much.
 * Measured: a ballast of 1 MiB was not enough with a log of 4 MiB; with this, deletes by 50 go through.
 */
export const DEFAULT_BALLAST_BYTES = 8 * 1024 ** 2;
/**
 * What the log may need: with less, it is the disk that is full, and not the limit that was set. The reserve is taken where
 * there is as much beside it: else it would be given back at the next append.
 */
const SCARCE_BYTES = 4 * 1024 ** 2;
/** Less than a fiftieth free is full: what is receipted goes, until an eighth is free. */
const LOW = 1 / 50;
const RELIEVED = 1 / 8;
const CHUNK = 256 * 1024;

export class Space {
  readonly #database: Database;
  readonly #folder: string;
  readonly #ballastBytes: number;
  readonly #maxPages: number;
  /** The reserve is given back, and the file may not grow. Kept over restarts: the reserve's file is there, and empty. */
  #isSqueezed = false;

  private constructor(database: Database, folder: string, ballastBytes: number, maxPages: number) {
    this.#database = database;
    this.#folder = folder;
    this.#ballastBytes = ballastBytes;
    this.#maxPages = maxPages;
  }

  /** Takes the reserve where there is room for it. Without, on a small disk, the journal works as long as it can. */
  static async open(database: Database, folder: string, ballastBytes: number): Promise<Space> {
    const [limit] = await database.all("PRAGMA max_page_count");
    const maxPages = limit === undefined ? 0 : integer(limit, "max_page_count");
    const space = new Space(database, folder, ballastBytes, maxPages);
    const held = await sizeOf(space.#ballast);
    if (held === undefined || held < ballastBytes) {
      const isTaken = await space.#take();
      if (!isTaken && held !== undefined) await space.#squeeze();
    }
    return space;
  }

  /** Something was refused as full. @returns true where the reserve was given back: what frees room can be tried again. */
  async release(): Promise<boolean> {
    if (this.#isSqueezed || (await this.#free()) >= SCARCE_BYTES) return false;
    if (((await sizeOf(this.#ballast)) ?? 0) === 0) return false;
    await truncate(this.#ballast, 0);
    await this.#squeeze();
    return true;
  }

  /** @returns true where there is room on the disk again, and the file may grow. */
  async recover(): Promise<boolean> {
    if (!this.#isSqueezed) return false;
    const log = (await sizeOf(join(this.#folder, "journal.db-wal"))) ?? 0;
    if ((await this.#free()) + log < this.#ballastBytes + SCARCE_BYTES) return false;
    await this.#database.all("PRAGMA wal_checkpoint(TRUNCATE)");
    if (!(await this.#take())) return false;
    await this.#database.all(`PRAGMA max_page_count=${this.#maxPages}`);
    this.#isSqueezed = false;
    return true;
  }

  /** Whether so little is left that what is receipted has to go before its time. */
  async isLow(): Promise<boolean> {
    return (await this.#freeShare()) < LOW;
  }

  async isRelieved(): Promise<boolean> {
    return (await this.#freeShare()) >= RELIEVED;
  }

  /** Of all pages that the file has, and could grow to on this disk. */
  async #freeShare(): Promise<number> {
    const [row] = await this.#database.all(
      "SELECT page_count, freelist_count, page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
    );
    if (row === undefined) return 0;
    const pages = integer(row, "page_count");
    const onDisk = Math.floor((await this.#free()) / integer(row, "page_size"));
    const growth = this.#isSqueezed ? 0 : Math.min(this.#maxPages - pages, onDisk);
    return (integer(row, "freelist_count") + growth) / (pages + growth);
  }

  async #squeeze(): Promise<void> {
    this.#isSqueezed = true;
    const [row] = await this.#database.all("PRAGMA page_count");
    const pages = row === undefined ? 0 : integer(row, "page_count");
    await this.#database.all(`PRAGMA max_page_count=${Math.min(pages, this.#maxPages)}`);
  }

  get #ballast(): string {
    return join(this.#folder, "journal.ballast");
  }

  /** @returns false where there is no room for it. */
  async #take(): Promise<boolean> {
    if (this.#ballastBytes === 0) return true;
    if ((await this.#free()) < this.#ballastBytes + SCARCE_BYTES) return false;
    // Random, because a file system that compresses would keep no room for zeros.
    const chunk = randomBytes(Math.min(CHUNK, this.#ballastBytes));
    const file = await open(this.#ballast, "w", 0o600);
    try {
      for (let written = 0; written < this.#ballastBytes; written += chunk.length) await file.write(chunk);
      await file.sync();
      return true;
    } catch (error) {
      if (!hasCode(error, "ENOSPC") && !hasCode(error, "EDQUOT")) throw error;
      await file.truncate(0);
      return false;
    } finally {
      await file.close();
    }
  }

  async #free(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#folder);
    return bavail * bsize;
  }
}

async function sizeOf(file: string): Promise<number | undefined> {
  return (await stat(file).catch(ignoreMissing))?.size;
}
