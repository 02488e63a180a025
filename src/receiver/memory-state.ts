/** The receiver's state in memory: for demonstrations and tests. After a restart every gateway starts over. */
import type { ChainHead } from "../seal/chain.ts";
import { idText } from "./id.ts";
import { KeyedQueue } from "./keyed-queue.ts";
import type { GatewayEntry, ReceiverState, Refusal } from "./port.ts";

interface Kept {
  head: ChainHead | undefined;
  exceptions: readonly Refusal[];
  readonly ids: Set<string>;
  readonly segments: Map<string, Uint8Array>;
}

export function memoryState(): ReceiverState {
  const gateways = new Map<string, Kept>();
  const queue = new KeyedQueue();
  return {
    exclusively(gateway, work) {
      const kept: Kept = gateways.get(gateway) ?? {
        head: undefined,
        exceptions: [],
        ids: new Set(),
        segments: new Map(),
      };
      gateways.set(gateway, kept);
      return queue.run(gateway, () => work(entryOf(kept)));
    },
    async [Symbol.asyncDispose]() {
      gateways.clear();
    },
  };
}

function entryOf(kept: Kept): GatewayEntry {
  const place = (epoch: number, firstSeq: number): string => `${epoch}:${firstSeq}`;
  return {
    get head() {
      return kept.head;
    },
    get exceptions() {
      return kept.exceptions;
    },
    async known(ids) {
      return new Set(ids.map(idText).filter((id) => kept.ids.has(id)));
    },
    async segmentAt(epoch, firstSeq) {
      return kept.segments.get(place(epoch, firstSeq));
    },
    async keep({ head, firstSeq, ids, exceptions }) {
      kept.head = head;
      kept.exceptions = exceptions;
      if (firstSeq !== undefined) kept.segments.set(place(head.epoch, firstSeq), head.hash);
      for (const id of ids) kept.ids.add(idText(id));
    },
  };
}
