/** The receiver's state in memory: for demonstrations and tests. After a restart every gateway starts over. */
import type { ChainHead } from "../seal/chain.ts";
import { idText } from "./id.ts";
import { KeyedQueue } from "./keyed-queue.ts";
import type { GatewayEntry, ReceiverState, Refusal } from "./port.ts";

interface Epoch {
  head: ChainHead | undefined;
  exceptions: readonly Refusal[];
  /** Hash by first sequence number. */
  readonly segments: Map<number, Uint8Array>;
}

interface Kept {
  readonly epochs: Map<number, Epoch>;
  readonly ids: Set<string>;
}

export function memoryState(): ReceiverState {
  const gateways = new Map<string, Kept>();
  const queue = new KeyedQueue();
  return {
    isShared: false,
    exclusively: (gateway, epoch, work) =>
      queue.run(gateway, () => {
        const kept = gateways.get(gateway) ?? { epochs: new Map(), ids: new Set() };
        gateways.set(gateway, kept);
        return work(entryOf(kept, epoch));
      }),
    async [Symbol.asyncDispose]() {
      gateways.clear();
    },
  };
}

function entryOf({ epochs, ids: known }: Kept, epoch: number): GatewayEntry {
  const kept: Epoch = epochs.get(epoch) ?? { head: undefined, exceptions: [], segments: new Map() };
  return {
    get head() {
      return kept.head;
    },
    get exceptions() {
      return kept.exceptions;
    },
    hasOtherEpoch: epochs.size > (epochs.has(epoch) ? 1 : 0),
    async known(ids) {
      return new Set(ids.map(idText).filter((id) => known.has(id)));
    },
    async segmentAt(firstSeq) {
      return kept.segments.get(firstSeq);
    },
    async keepAhead(ids) {
      for (const id of ids) known.add(idText(id));
    },
    async keep({ head, firstSeq, ids, exceptions }) {
      epochs.set(epoch, kept);
      kept.head = head;
      kept.exceptions = exceptions;
      if (firstSeq !== undefined) kept.segments.set(firstSeq, head.hash);
      for (const id of ids) known.add(idText(id));
    },
  };
}
