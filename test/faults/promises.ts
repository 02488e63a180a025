/** What a process said it had promised, read back from its own lines (worker.ts). */

export interface Promises {
  /** The journal's epoch as of the last `ready`; undefined before the first. */
  epoch: bigint | undefined;
  /** The id of each acknowledged sequence number. */
  readonly acknowledged: Map<number, string>;
  /** How far the destination's cursor was said to be kept. */
  through: number;
  /** What was refused, in order: an append or a cursor, with which code, and after how many acknowledgements. */
  readonly refused: { readonly what: string; readonly code: string; readonly afterAcks: number }[];
  /** The same sequence number given to two records, or two epochs acknowledged: never to be. */
  readonly broken: string[];
  /** Why the journal did not open or close. */
  failed: string | undefined;
  done: boolean;
}

export const noPromises = (): Promises => ({
  epoch: undefined,
  acknowledged: new Map(),
  through: 0,
  refused: [],
  broken: [],
  failed: undefined,
  done: false,
});

/** @param lines whole lines; several at once where they were written so. */
export function hear(promises: Promises, lines: string): void {
  for (const line of lines.split("\n")) {
    const [word, first = "", second = "", third = ""] = line.split(" ");
    switch (word) {
      case "ready":
        hearEpoch(promises, first);
        if (Number(second) < last(promises)) promises.broken.push(`it starts at ${second}, behind ${last(promises)}`);
        break;
      case "ack":
        hearEpoch(promises, first);
        if (promises.acknowledged.has(Number(second))) promises.broken.push(`sequence ${second} was given out twice`);
        promises.acknowledged.set(Number(second), third);
        break;
      case "cursor":
        promises.through = Math.max(promises.through, Number(second));
        break;
      case "refused":
        promises.refused.push({ what: first, code: second, afterAcks: promises.acknowledged.size });
        break;
      case "failed":
        promises.failed = first;
        break;
      case "done":
        promises.done = true;
        break;
    }
  }
}

/** The highest acknowledged sequence number; 0 for none. */
export function last({ acknowledged }: Promises): number {
  return Math.max(0, ...acknowledged.keys());
}

function hearEpoch(promises: Promises, text: string): void {
  const epoch = BigInt(text);
  if (promises.epoch !== undefined && promises.epoch !== epoch && promises.acknowledged.size > 0) {
    promises.broken.push(`epoch ${text} after ${promises.epoch}, though records were acknowledged in it`);
  }
  promises.epoch = epoch;
}
