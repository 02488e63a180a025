/**
 * The platform's side of the feed. A message goes in; what it proves goes to the sinks; and only when they have it, and
 * the state says so on disk, is there a standing that a receipt may be signed for.
 */
import { systemTimers, type Timers } from "../delivery/timers.ts";
import { faultyRecords } from "../seal/chain.ts";
import { knownEncodings } from "../seal/encoding.ts";
import { type Holding, sealHolding } from "../seal/holding.ts";
import type { SigningKey } from "../seal/key.ts";
import { sealReceipt } from "../seal/receipt.ts";
import type { Arrived } from "./arrived.ts";
import { Chains, shownOf } from "./chains.ts";
import type { EarlyBounds } from "./early.ts";
import { handFresh } from "./hand.ts";
import { Opening, type Unopened, type Via } from "./opening.ts";
import { ofRecord, refused, retiredKey, standingOf } from "./outcome.ts";
import type {
  GatewayEntry,
  GatewayKeys,
  HandedRecord,
  Outcome,
  ReceiverEvent,
  ReceiverState,
  Sink,
  Standing,
} from "./port.ts";
import { Signers } from "./signers.ts";

export interface ReceiverParts {
  readonly keys: GatewayKeys;
  /** Looks for keys once more, when one comes that is not known. @returns whether something changed. */
  readonly refreshKeys?: () => Promise<boolean>;
  readonly state: ReceiverState;
  /** Each record goes to all of them, in this order. */
  readonly sinks: readonly Sink[];
  /** What receipts are signed with. */
  readonly platformKey: SigningKey;
  readonly observe?: (event: ReceiverEvent) => void;
  readonly early?: EarlyBounds;
  readonly timers?: Timers;
}

/** Looks again after 5, 10, 20 … 640 ms: 1.3 s in all, well before the gateway would send again. */
const FIRST_LOOK_MS = 5;
const LAST_LOOK_MS = 640;

/** The windows of a few hundred gateways that all lost one segment: 64 each, and no more than 64 MiB together. */
const EARLY: EarlyBounds = { segmentsPerGateway: 64, bytes: 64 * 1024 * 1024 };

export class Receiver {
  readonly #parts: ReceiverParts;
  readonly #signers: Signers;
  readonly #opening: Opening;
  readonly #chains: Chains;
  /** Epochs of gateways whose early segments are being looked after. */
  readonly #following = new Set<string>();
  /** The last receipt of each gateway: what is said again is not signed again. */
  readonly #signed = new Map<string, { readonly standing: Standing; readonly receipt: Uint8Array }>();

  constructor(parts: ReceiverParts) {
    const { sinks, observe = () => undefined, early = EARLY } = parts;
    this.#parts = parts;
    this.#signers = new Signers(parts);
    this.#opening = new Opening(this.#signers);
    this.#chains = new Chains({ sinks, signers: this.#signers, observe, early });
  }

  /**
   * Takes one message.
   * @param via the gateway whose topic or connection it came by, where that is known, or all that its certificate calls it:
   * it must be the one that signed.
   * @param later told what became of what came early, where receivers share the state and the gap was closed by another one.
   * @throws what a sink or the state threw: then nothing is held, and the message has to come again.
   */
  async receive(bytes: Uint8Array, via?: Via, later: Later = () => undefined): Promise<Outcome> {
    const opened = await this.#opening.open(bytes, via);
    const outcome = "type" in opened ? await this.#unopened(opened) : await this.#judge(opened, later);
    this.#parts.observe?.(outcome);
    return outcome;
  }

  /**
   * Takes a message apart from its turn (an alarm, a fresh measure, what was refused and comes again): hands over what it
   * shows, and moves nothing. Where its segment's turn is still to come, these bodies are known by then.
   * @param via, @throws as receive().
   */
  async receiveAhead(bytes: Uint8Array, via?: Via): Promise<Outcome> {
    const opened = await this.#opening.open(bytes, via);
    const outcome = "type" in opened ? await this.#unopened(opened) : await this.#handAhead(opened);
    this.#parts.observe?.(outcome);
    return outcome;
  }

  /** Signs where a gateway stands. Sign what receive() returned, and nothing else. */
  sign(gateway: string, standing: Standing): Uint8Array {
    const last = this.#signed.get(gateway);
    if (last !== undefined && isSame(last.standing, standing)) return last.receipt;
    const receipt = sealReceipt({ gateway, ...standing, encodings: knownEncodings }, this.#parts.platformKey);
    this.#signed.set(gateway, { standing, receipt });
    return receipt;
  }

  /** Signs what came apart from its turn and is held. Sign what receiveAhead() returned, and nothing else. */
  signHolding(holding: Holding): Uint8Array {
    return sealHolding(holding, this.#parts.platformKey);
  }

  async #unopened(unopened: Unopened): Promise<Outcome> {
    if (unopened.type === "refused") return unopened;
    const { gateway, epoch } = unopened.payload;
    return this.#parts.state.exclusively(gateway, epoch, async (entry) => ({
      type: "unreadable",
      gateway,
      standing: standingOf(entry, epoch),
    }));
  }

  async #judge(arrived: Arrived, later: Later): Promise<Outcome> {
    const { state } = this.#parts;
    const { gateway, epoch } = arrived.payload;
    const outcome = await state.exclusively(gateway, epoch, (entry) => this.#chains.place(arrived, entry));
    if (outcome.type === "early" && state.isShared) void this.#followUp(gateway, epoch, later);
    return outcome;
  }

  async #handAhead({ payload, message, kid }: Arrived): Promise<Outcome> {
    const { gateway, epoch, firstSeq } = payload;
    const [fault] = faultyRecords(payload, message.records);
    if (fault !== undefined) return refused("altered", ofRecord(fault), gateway);
    const shown = shownOf(message);
    return this.#parts.state.exclusively(gateway, epoch, async (entry) => {
      if (!this.#signers.maySign(gateway, kid, { epoch, seq: firstSeq }, entry.rotations)) {
        return refused("retired-key", retiredKey(kid), gateway);
      }
      const { fresh, taken, refusals } = await handFresh(this.#parts.sinks, payload, shown, entry);
      await keepApart(taken, entry);
      const refusedSeqs = new Set(refusals.map(({ seq }) => seq));
      const held = shown.map(({ seq }) => seq).filter((seq) => !refusedSeqs.has(seq));
      const holding = { epoch, held, refused: refusals };
      return { type: "ahead", gateway, holding, handed: taken.length, duplicates: shown.length - fresh.length };
    });
  }

  /**
   * Another receiver has what is missing in its hands, most likely: it is done in no time, and what came early here follows.
   * Nobody waits for it meanwhile: behind an early segment stand those of other gateways, and the missing one sent again.
   */
  async #followUp(gateway: string, epoch: number, later: Later): Promise<void> {
    const { state, observe, timers = systemTimers } = this.#parts;
    const place = `${gateway}/${epoch}`;
    if (this.#following.has(place)) return;
    this.#following.add(place);
    try {
      for (let wait = FIRST_LOOK_MS; wait <= LAST_LOOK_MS && this.#chains.hasEarly(gateway); wait *= 2) {
        await new Promise<void>((resolve) => timers.after(wait, resolve));
        const outcome = await state.exclusively(gateway, epoch, (entry) => this.#chains.catchUp(gateway, epoch, entry));
        if (outcome === undefined) continue;
        observe?.(outcome);
        later(outcome);
        wait = FIRST_LOOK_MS / 2;
      }
    } catch (error) {
      observe?.({ type: "failed", error });
    } finally {
      this.#following.delete(place);
    }
  }
}

/** Notes what was handed over apart from its turn. What was an exception is none any more. */
function keepApart(taken: readonly HandedRecord[], entry: GatewayEntry): Promise<void> {
  const ids = taken.map(({ id }) => id);
  const seqs = new Set(taken.map(({ seq }) => seq));
  const exceptions = entry.exceptions.filter(({ seq }) => !seqs.has(seq));
  const { head } = entry;
  return head === undefined || exceptions.length === entry.exceptions.length
    ? entry.keepAhead(ids)
    : entry.keep({ head, ids, exceptions });
}

type Later = (outcome: Outcome) => void;

function isSame(a: Standing, b: Standing): boolean {
  return (
    a.epoch === b.epoch &&
    a.through === b.through &&
    a.exceptions === b.exceptions &&
    Buffer.from(a.head).equals(b.head)
  );
}
