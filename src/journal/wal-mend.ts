/**
 * A log in which SQLite would stop at the first damaged frame, as one that it reads to the end: every frame that had
 * reached the disk, with its checksum computed anew. What is wrong in a page is thereby not made right; but it stays in that
 * page, and signatures and boxes find it, instead of taking all later commits with it.
 */
import { type Checksum, FRAME_HEADER, HEADER, isSame, MAGIC, sum } from "./wal.ts";

/** The only version of the log's form there has been (sqlite.org/fileformat2.html §4.1). */
const FORMAT = 3_007_000;

interface Frame {
  /** Where it begins. */
  readonly at: number;
  readonly page: number;
  /** Of a commit: how many pages the file then has; else 0. */
  readonly commit: number;
  /** Whether it is as it was written. */
  readonly isGood: boolean;
}

/** @param pageSize of the database file, bytes. @returns undefined where no commit is proven to have reached the disk. */
export function mendLog(wal: Uint8Array, pageSize: number): Uint8Array | undefined {
  const view = new DataView(wal.buffer, wal.byteOffset, wal.byteLength);
  const frames = plausible(provenFrames(view, pageSize));
  if (frames.length === 0) return undefined;
  const mended = new Uint8Array(HEADER + frames.length * (FRAME_HEADER + pageSize));
  const out = new DataView(mended.buffer);
  // Any salts will do, as long as header and frames agree.
  for (const [index, word] of [MAGIC, FORMAT, pageSize, 0, 1, 1].entries()) out.setUint32(index * 4, word);
  let seed = sum(out, 0, 24, [0, 0], true);
  put(out, 24, seed);
  for (const [index, { at, page, commit }] of frames.entries()) {
    const to = HEADER + index * (FRAME_HEADER + pageSize);
    put(out, to, [page, commit]);
    put(out, to + 8, [1, 1]);
    mended.set(wal.subarray(at + FRAME_HEADER, at + FRAME_HEADER + pageSize), to + FRAME_HEADER);
    seed = sum(out, to + FRAME_HEADER, pageSize, sum(out, to, 8, seed, true), true);
    put(out, to + 16, seed);
  }
  return mended;
}

/** The frames through the last commit that is whole, or of which another frame proves that it was fsynced (wal.ts). */
function provenFrames(view: DataView, pageSize: number): readonly Frame[] {
  const size = FRAME_HEADER + pageSize;
  if (view.byteLength < HEADER + size) return [];
  const pair = (at: number): Checksum => [view.getUint32(at), view.getUint32(at + 4)];
  const isLittle = view.getUint32(0) !== MAGIC + 1;
  const isHeaderSound = isSame(sum(view, 0, 24, [0, 0], isLittle), pair(24));
  const salts = pair(isHeaderSound ? 16 : HEADER + 8);
  const frames: Frame[] = [];
  let seed = pair(24);
  // How many frames: through the last commit that is sure, and through one that the next frame has to prove.
  let [proven, waiting] = [0, 0];
  let isWhole = true;
  for (let at = HEADER; at + size <= view.byteLength; at += size) {
    const computed = sum(view, at + FRAME_HEADER, pageSize, sum(view, at, 8, seed, isLittle), isLittle);
    const isGood = isSame(pair(at + 8), salts) && isSame(computed, pair(at + 16));
    const [page, commit] = pair(at);
    if (isGood && waiting > 0 && waiting === frames.length) proven = waiting;
    frames.push({ at, page, commit, isGood });
    isWhole &&= isGood;
    if (commit !== 0) {
      if (isWhole) proven = frames.length;
      else waiting = frames.length;
      isWhole = true;
    }
    seed = pair(at + 16);
  }
  return frames.slice(0, proven);
}

/** SQLite ends the log at page 0, and grows the file for any other: a frame with such a number is left out. */
function plausible(frames: readonly Frame[]): readonly Frame[] {
  const pages = Math.max(0, ...frames.map(({ commit, isGood }) => (isGood ? commit : 0)));
  if (pages === 0) return frames;
  const kept = frames
    .filter(({ page, isGood }) => isGood || (page > 0 && page <= pages))
    .map((frame) => (frame.isGood || frame.commit <= pages ? frame : { ...frame, commit: 0 }));
  const last = kept.pop();
  return last === undefined ? [] : [...kept, { ...last, commit: last.commit === 0 ? pages : last.commit }];
}

function put(view: DataView, at: number, [first, second]: Checksum): void {
  view.setUint32(at, first);
  view.setUint32(at + 4, second);
}
