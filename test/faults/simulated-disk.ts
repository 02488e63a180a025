/**
 * What is on a disk when the current fails. The model, stricter than ext4 where they differ:
 *
 * - A write or a truncation is certain once a flush (fsync, fdatasync) of its file that began after it has ended well. Before
 *   that it may be there or not, each 512-byte sector for itself, in any of the versions that it has had since.
 * - A file that was created, renamed or removed is so for certain once the *folder* was flushed, however often the file
 *   itself was. Before that these changes survive in their order, up to any of them, as in a file system's journal.
 * - What a failed flush was to write is gone; a later flush that succeeds does not bring it back (Linux marks the pages clean).
 *
 * Not modelled: sectors that come back with other bytes than were ever written to them, and disks that lie about a flush.
 */
import type { DiskEvent } from "./disk-log.ts";
import type { Random } from "./random.ts";

export const cuts = ["drop", "subset", "torn"] as const;
/** What becomes of the unflushed: dropped; each write kept or not; each sector kept in any of its versions. */
export type Cut = (typeof cuts)[number];

const SECTOR = 512;

type Change =
  | { readonly op: "write"; readonly offset: number; readonly data: Buffer }
  | { readonly op: "truncate"; readonly size: number };

interface File {
  /** What is certain. */
  readonly durable: Content;
  /** What came after it, oldest first. */
  pending: Change[];
  /** How many of the pending were there when the flush that is under way began. */
  flushing: number;
}

type Renaming = (names: Map<string, File>) => void;

export class SimulatedDisk {
  readonly #files = new Map<bigint, File>();
  readonly #durableNames = new Map<string, File>();
  /** The names as the running system sees them. */
  readonly #names = new Map<string, File>();
  #pendingNames: Renaming[] = [];
  #flushingNames = 0;

  /** @param files what is on it, for certain, when it is first looked at. */
  constructor(files: ReadonlyMap<string, Buffer> = new Map()) {
    for (const [name, bytes] of files) {
      const file: File = { durable: new Content(bytes), pending: [], flushing: 0 };
      this.#durableNames.set(name, file);
      this.#names.set(name, file);
    }
  }

  apply(event: DiskEvent): void {
    switch (event.op) {
      case "create": {
        const file: File = { durable: new Content(), pending: [], flushing: 0 };
        this.#files.set(event.inode, file);
        this.#rename((names) => names.set(event.name, file));
        return;
      }
      case "found": {
        const file = this.#names.get(event.name);
        if (file === undefined) throw new RangeError(`${event.name} was there before the log began`);
        this.#files.set(event.inode, file);
        return;
      }
      case "write":
      case "truncate":
        this.#file(event.inode).pending.push(event);
        return;
      case "unlink":
        this.#rename((names) => names.delete(event.name));
        return;
      case "rename": {
        const file = this.#names.get(event.from);
        this.#rename((names) => {
          names.delete(event.from);
          if (file !== undefined) names.set(event.to, file);
        });
        return;
      }
      case "flush-begin":
        if (event.inode === 0n) this.#flushingNames = this.#pendingNames.length;
        else this.#file(event.inode).flushing = this.#file(event.inode).pending.length;
        return;
      case "flush-end":
        if (event.inode === 0n) {
          for (const change of this.#pendingNames.splice(0, this.#flushingNames)) change(this.#durableNames);
        } else {
          const file = this.#file(event.inode);
          for (const change of file.pending.splice(0, file.flushing)) file.durable.apply(change);
        }
        return;
      case "flush-failed":
        if (event.inode !== 0n) this.#file(event.inode).pending.splice(0, this.#file(event.inode).flushing);
        return;
      case "acknowledge":
        return;
    }
  }

  /** The files that a reader would find if the current failed now. The disk itself goes on undisturbed. */
  cut(how: Cut, random: Random): Map<string, Buffer> {
    const names = new Map(this.#durableNames);
    const survive = how === "drop" ? 0 : random.below(this.#pendingNames.length + 1);
    for (const change of this.#pendingNames.slice(0, survive)) change(names);
    // Now nearly nothing, now nearly everything made it: both ends hide other mistakes than the middle.
    const chance = [0.1, 0.5, 0.9][random.below(3)] ?? 0.5;
    return new Map([...names].map(([name, file]) => [name, contentAfter(file, how, random, chance)]));
  }

  #rename(change: Renaming): void {
    change(this.#names);
    this.#pendingNames.push(change);
  }

  #file(inode: bigint): File {
    const file = this.#files.get(inode);
    if (file === undefined) throw new RangeError("the log changes a file that it never opened");
    return file;
  }
}

function contentAfter({ durable, pending }: File, how: Cut, random: Random, chance: number): Buffer {
  const content = durable.copy();
  if (how === "subset") {
    for (const change of pending) if (random.next() < chance) content.apply(change);
  }
  if (how === "torn") tear(content, pending, random, chance);
  return content.bytes();
}

function tear(content: Content, pending: readonly Change[], random: Random, chance: number): void {
  const versions = new Map<number, number>();
  for (const change of pending) {
    for (const { sector } of sectorsOf(change)) versions.set(sector, (versions.get(sector) ?? 0) + 1);
  }
  const kept = new Map<number, number>();
  for (const [sector, count] of versions) kept.set(sector, random.next() < chance ? count : random.below(count + 1));
  for (const change of pending) {
    if (change.op === "truncate" && random.next() < chance) content.apply(change);
    for (const { sector, offset, data } of sectorsOf(change)) {
      const left = kept.get(sector) ?? 0;
      kept.set(sector, left - 1);
      if (left > 0) content.apply({ op: "write", offset, data });
    }
  }
}

function* sectorsOf(change: Change): Generator<{ sector: number; offset: number; data: Buffer }> {
  if (change.op !== "write") return;
  const end = change.offset + change.data.length;
  for (let offset = change.offset; offset < end; ) {
    const sector = Math.floor(offset / SECTOR);
    const next = Math.min(end, (sector + 1) * SECTOR);
    yield { sector, offset, data: change.data.subarray(offset - change.offset, next - change.offset) };
    offset = next;
  }
}

/** Bytes that grow as they are written; a hole reads as zeros. */
class Content {
  #bytes: Buffer;
  #size: number;

  constructor(bytes: Uint8Array = new Uint8Array()) {
    this.#bytes = Buffer.from(bytes);
    this.#size = bytes.length;
  }

  apply(change: Change): void {
    if (change.op === "truncate") {
      this.#resize(change.size);
      return;
    }
    this.#resize(Math.max(this.#size, change.offset + change.data.length));
    change.data.copy(this.#bytes, change.offset);
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#size);
  }

  copy(): Content {
    return new Content(this.bytes());
  }

  #resize(size: number): void {
    if (size < this.#size) this.#bytes.fill(0, size, this.#size);
    if (size > this.#bytes.length) {
      const grown = Buffer.alloc(Math.max(size, this.#bytes.length * 2));
      this.bytes().copy(grown);
      this.#bytes = grown;
    }
    this.#size = size;
  }
}
