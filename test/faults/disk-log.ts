/** Reads the log that disk.c writes: what a process did to the files of one folder, and what it promised, in order. */

export type DiskEvent =
  /** A file was opened that was new, or was there already. */
  | { readonly op: "create" | "found"; readonly inode: bigint; readonly name: string }
  | { readonly op: "write"; readonly inode: bigint; readonly offset: number; readonly data: Buffer }
  | { readonly op: "truncate"; readonly inode: bigint; readonly size: number }
  | { readonly op: "unlink"; readonly name: string }
  | { readonly op: "rename"; readonly from: string; readonly to: string }
  /** Inode 0 is the folder. */
  | { readonly op: "flush-begin" | "flush-end" | "flush-failed"; readonly inode: bigint }
  | { readonly op: "acknowledge"; readonly text: string };

const HEADER = 24;

/** @throws RangeError where the log holds a call that the model of the disk does not know: its images would be wrong. */
export function readDiskLog(log: Buffer): DiskEvent[] {
  const events: DiskEvent[] = [];
  for (let at = 0; at < log.length; ) {
    const [op, length] = [log.readUInt32LE(at), log.readUInt32LE(at + 4)];
    const [inode, offset] = [log.readBigUInt64LE(at + 8), Number(log.readBigUInt64LE(at + 16))];
    const payload = log.subarray(at + HEADER, at + HEADER + length);
    events.push(eventOf(op, inode, offset, payload));
    at += HEADER + length;
  }
  return events;
}

function eventOf(op: number, inode: bigint, offset: number, payload: Buffer): DiskEvent {
  switch (op) {
    case 1:
      return { op: "create", inode, name: payload.toString() };
    case 2:
      return { op: "write", inode, offset, data: payload };
    case 3:
      return { op: "truncate", inode, size: offset };
    case 4:
      return { op: "unlink", name: payload.toString() };
    case 5: {
      const [from = "", to = ""] = payload.toString().split("\0");
      return { op: "rename", from, to };
    }
    case 6:
      return { op: "flush-begin", inode };
    case 7:
      return { op: "flush-end", inode };
    case 8:
      return { op: "flush-failed", inode };
    case 9:
      return { op: "acknowledge", text: payload.toString() };
    case 10:
      return { op: "found", inode, name: payload.toString() };
    default:
      throw new RangeError(`the disk's log holds a call that its model does not know: ${payload}`);
  }
}
