/**
 * A look at the write-ahead log before SQLite sees it. SQLite takes a frame with a wrong checksum for the end of the log and
 * silently drops what follows: right after a power cut, when nobody was told that it was kept, and wrong after a flipped
 * bit, when somebody was. The two can be told apart: a commit is fsynced before the next one begins to be written, so a
 * frame that follows a commit proves that all before it had reached the disk. (File format: sqlite.org/fileformat2.html §4)
 */
import { type FileHandle, open } from "node:fs/promises";
import { type Sentence, say } from "../errors/sentence.ts";

export const HEADER = 32;
export const FRAME_HEADER = 24;
/** The last bit says that checksums are big-endian. */
export const MAGIC = 0x377f0682;

const PAGE_SIZE_AT = 8;
/** In the header and, 8 bytes from its beginning, in each frame: the same in all frames since the log was begun anew. */
const SALTS_AT = 16;
const SALTS = 8;

/** How long the log of an open database is. Its file stays the same while the database is open, and so does this. */
export class LogGauge {
  readonly #path: string;
  #file: Promise<FileHandle> | undefined;

  /** @param path of the log, which is there when the first question is asked. */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Whether so many bytes of the log are in use. Its size does not tell: after a checkpoint it is written over from its
   * start, and what is left of the older frames has other salts.
   */
  async isLongerThan(bytes: number): Promise<boolean> {
    this.#file ??= open(this.#path, "r");
    const log = await this.#file;
    const header = Buffer.alloc(HEADER);
    if ((await log.read(header, 0, HEADER, 0)).bytesRead < HEADER) return false;
    const size = FRAME_HEADER + header.readUInt32BE(PAGE_SIZE_AT);
    const salts = Buffer.alloc(SALTS);
    const { bytesRead } = await log.read(salts, 0, SALTS, HEADER + Math.floor(bytes / size) * size + 8);
    return bytesRead === SALTS && salts.equals(header.subarray(SALTS_AT, SALTS_AT + SALTS));
  }

  async close(): Promise<void> {
    // Who asked was told that it could not be opened; there is nothing to close then.
    const file = await this.#file?.catch(() => undefined);
    await file?.close();
  }
}

export type Checksum = readonly [number, number];

/** @returns what is wrong, where acknowledged commits stand behind what SQLite would take for the end; else undefined. */
export function lostCommits(wal: Uint8Array): Sentence | undefined {
  if (wal.length < HEADER) return undefined;
  const view = new DataView(wal.buffer, wal.byteOffset, wal.byteLength);
  const magic = view.getUint32(0);
  const pageSize = view.getUint32(8);
  const isSound =
    (magic === MAGIC || magic === MAGIC + 1) &&
    isSame(sum(view, 0, 24, [0, 0], magic === MAGIC), [view.getUint32(24), view.getUint32(28)]);
  const size = FRAME_HEADER + pageSize;
  // The header is fsynced before the first frame is written.
  if (!isSound) return wal.length > HEADER + FRAME_HEADER ? badHeader : undefined;

  const isLittle = magic === MAGIC;
  let seed: Checksum = [view.getUint32(24), view.getUint32(28)];
  let broken: number | undefined;
  let committed: number | undefined;
  for (let at = HEADER, frame = 1; at + size <= wal.length; at += size, frame += 1) {
    const stored: Checksum = [view.getUint32(at + 16), view.getUint32(at + 20)];
    const isOfThisLog = view.getUint32(at + 8) === view.getUint32(16) && view.getUint32(at + 12) === view.getUint32(20);
    const computed = sum(view, at + FRAME_HEADER, pageSize, sum(view, at, 8, seed, isLittle), isLittle);
    const isGood = isOfThisLog && isSame(computed, stored);
    if (!isGood) broken ??= frame;
    // The frame behind a commit fits the commit's own checksum: it was written after that commit was on the disk.
    else if (broken !== undefined && committed === frame - 1) {
      return say(
        `le bloc ${broken} du fichier -wal ne va pas avec sa somme de contrôle, et des écritures confirmées le suivent`,
        `frame ${broken} of the log does not fit its checksum, and commits that were acknowledged follow it`,
      );
    }
    if (view.getUint32(at + 4) !== 0 && broken !== undefined) committed = frame;
    seed = stored;
  }
  return undefined;
}

const badHeader = say(
  "l'en-tête du fichier -wal ne va pas avec sa somme de contrôle",
  "the log's header does not fit its checksum",
);

export const isSame = (a: Checksum, b: Checksum): boolean => a[0] === b[0] && a[1] === b[1];

export function sum(view: DataView, start: number, length: number, seed: Checksum, isLittle: boolean): Checksum {
  let [first, second] = seed;
  for (let at = start; at < start + length; at += 8) {
    first = (first + view.getUint32(at, isLittle) + second) >>> 0;
    second = (second + view.getUint32(at + 4, isLittle) + first) >>> 0;
  }
  return [first, second];
}
