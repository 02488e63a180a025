/** Reads what `strace -f -y` wrote: which process asked the kernel for what, and what had returned before. */

export interface Call {
  readonly name: string;
  /** What stands between the parentheses, as far as it was known at this moment: descriptors with their paths, data cut short. */
  readonly text: string;
}

export type Step =
  /** The call was made; it may have returned at once, or later. */
  | { readonly phase: "called"; readonly call: Call }
  /** It came back with this result. */
  | { readonly phase: "returned"; readonly call: Call; readonly result: number };

const whole = /^(\d+) +(\w+)\((.*)\) += (-?\d+)/;
const unfinished = /^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$/;
const resumed = /^(\d+) +<\.\.\. (\w+) resumed>.* = (-?\d+)/;

/** The steps in the order in which they happened, over all threads. */
export function readTrace(trace: string): Step[] {
  const open = new Map<string, Call>();
  return trace.split("\n").flatMap((line): Step[] => {
    const [, pid = "", name, text, result] = whole.exec(line) ?? unfinished.exec(line) ?? [];
    if (name !== undefined && text !== undefined) {
      const call: Call = { name, text };
      if (result !== undefined) {
        return [
          { phase: "called", call },
          { phase: "returned", call, result: Number(result) },
        ];
      }
      open.set(pid, call);
      return [{ phase: "called", call }];
    }
    const [, thread = "", , late] = resumed.exec(line) ?? [];
    const call = open.get(thread);
    if (call === undefined || late === undefined) return [];
    open.delete(thread);
    return [{ phase: "returned", call, result: Number(late) }];
  });
}

export interface Acknowledged {
  /** How many appends' frames had reached the disk (a flush of the WAL had returned) when the acknowledgement was sent. */
  readonly commitsFlushed: number;
  readonly call: Call;
}

/**
 * Counts, for each acknowledgement, the commits that were safe before it left.
 * @param acknowledges whether this call carries an acknowledgement out: a line on standard output, the ACK byte on a serial
 * port, the first bytes of an HTTP answer.
 * @param from the first call that counts: what opening the journal wrote is no commit of a reading.
 */
export function acknowledgements(
  steps: readonly Step[],
  acknowledges: (call: Call) => boolean,
  from: (call: Call) => boolean,
): Acknowledged[] {
  const found: Acknowledged[] = [];
  let commitsFlushed = 0;
  let framesWritten = false;
  let begun = false;
  for (const step of steps) {
    const { call } = step;
    if (step.phase === "called" && acknowledges(call)) found.push({ call, commitsFlushed });
    if (step.phase === "called" && from(call)) begun = true;
    if (!begun || !call.text.includes("journal.db-wal>")) continue;
    // Shorter writes are headers: the WAL's own is flushed alone when it starts over, and commits nothing.
    if (step.phase === "returned" && call.name === "pwrite64" && step.result >= 512) framesWritten = true;
    if (step.phase === "returned" && /^f(data)?sync$/.test(call.name) && step.result === 0 && framesWritten) {
      commitsFlushed += 1;
      framesWritten = false;
    }
  }
  return found;
}
