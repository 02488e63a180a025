/** The receiver's state in memory: for demonstrations and tests. After a restart every gateway starts over. */
import type { ChainHead } from "../seal/chain.ts";
import { idText } from "./id.ts";
import { KeyedQueue } from "./keyed-queue.ts";
import type { GatewayEntry, KeptRotation, ReceiverState, Refusal, Undated } from "./port.ts";
import { kidOfStatement } from "./row.ts";

interface Epoch {
  head: ChainHead | undefined;
  exceptions: readonly Refusal[];
  /** Hash by first sequence number. */
  readonly segments: Map<number, Uint8Array>;
}

interface Kept {
  readonly epochs: Map<number, Epoch>;
  readonly ids: Set<string>;
  readonly rotations: KeptRotation[];
  undated: readonly Undated[];
}

export function memoryState(): ReceiverState {
  const gateways = new Map<string, Kept>();
  const queue = new KeyedQueue();
  return {
    isShared: false,
    async rotationsTo(kid) {
      const leading = [...gateways].filter(([, { rotations }]) =>
        rotations.some(({ statement }) => kidOfStatement(statement) === kid),
      );
      return leading.flatMap(([gateway, { rotations }]) => rotations.map((rotation) => ({ gateway, ...rotation })));
    },
    async positions(gateway) {
      return [...(gateways.get(gateway)?.epochs ?? [])].map(([epoch, { head }]) => ({
        epoch,
        lastSeq: head?.lastSeq ?? 0,
      }));
    },
    exclusively: (gateway, epoch, work) =>
      queue.run(gateway, () => {
        const kept = gateways.get(gateway) ?? { epochs: new Map(), ids: new Set(), rotations: [], undated: [] };
        gateways.set(gateway, kept);
        return work(entryOf(kept, epoch));
      }),
    async [Symbol.asyncDispose]() {
      gateways.clear();
    },
  };
}

function entryOf(all: Kept, epoch: number): GatewayEntry {
  const { epochs, ids: known } = all;
  const kept: Epoch = epochs.get(epoch) ?? { head: undefined, exceptions: [], segments: new Map() };
  return {
    get head() {
      return kept.head;
    },
    get exceptions() {
      return kept.exceptions;
    },
    hasOtherEpoch: epochs.size > (epochs.has(epoch) ? 1 : 0),
    get rotations() {
      return all.rotations;
    },
    async undated(bootId) {
      return all.undated.filter((run) => run.bootId === bootId);
    },
    async known(ids) {
      return new Set(ids.map(idText).filter((id) => known.has(id)));
    },
    async segmentAt(firstSeq) {
      return kept.segments.get(firstSeq);
    },
    async keepAhead(ids) {
      for (const id of ids) known.add(idText(id));
    },
    async keep({ head, firstSeq, ids, exceptions, rotations = [], undated, dated }) {
      epochs.set(epoch, kept);
      kept.head = head;
      kept.exceptions = exceptions;
      if (firstSeq !== undefined) kept.segments.set(firstSeq, head.hash);
      for (const id of ids) known.add(idText(id));
      all.rotations.push(...rotations);
      if (dated !== undefined) all.undated = all.undated.filter(({ bootId }) => bootId !== dated);
      if (undated !== undefined) {
        const others = all.undated.filter((run) => run.epoch !== undated.epoch || run.firstSeq !== undated.firstSeq);
        all.undated = [...others, undated];
      }
    },
  };
}
