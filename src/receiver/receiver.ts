/**
 * The platform's side of the feed. A message goes in; what it proves goes to the sinks; and only when they have it, and
 * the state says so on disk, is there a standing that a receipt may be signed for.
 */
import { systemTimers, type Timers } from "../delivery/timers.ts";
import { type Sentence, say } from "../errors/sentence.ts";
import { type ChainHead, faultyRecords, follow } from "../seal/chain.ts";
import { knownEncodings } from "../seal/encoding.ts";
import { type Holding, sealHolding } from "../seal/holding.ts";
import type { KeyRing, SigningKey } from "../seal/key.ts";
import { decodeMessage } from "../seal/message.ts";
import { sealReceipt } from "../seal/receipt.ts";
import { isWithheld, type SegmentMessage, type SegmentPayload, type WholeRecord } from "../seal/record.ts";
import { hashOf, openSegment } from "../seal/segment.ts";
import { type EarlyBounds, type EarlySegment, EarlySegments } from "./early.ts";
import { handFresh } from "./hand.ts";
import { idText } from "./id.ts";
import type {
  GatewayEntry,
  GatewayKeys,
  HandedRecord,
  Outcome,
  ReceiverEvent,
  ReceiverState,
  SegmentFault,
  Sink,
  Standing,
} from "./port.ts";

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
/** What one receipt may name (src/seal/receipt.ts). */
const MAX_EXCEPTIONS = 256;
const NO_HEAD = new Uint8Array(32);

export class Receiver {
  readonly #parts: ReceiverParts;
  readonly #ring: KeyRing;
  readonly #early: EarlySegments;
  /** Epochs of gateways whose early segments are being looked after. */
  readonly #following = new Set<string>();
  /** The last receipt of each gateway. Signing takes 2 ms; saying again what was said takes nothing. */
  readonly #signed = new Map<string, { readonly standing: Standing; readonly receipt: Uint8Array }>();

  constructor(parts: ReceiverParts) {
    this.#parts = parts;
    this.#ring = (kid) => parts.keys(kid)?.key;
    this.#early = new EarlySegments(parts.early ?? EARLY);
  }

  /**
   * Takes one message.
   * @param via the gateway whose topic or connection it came by, where that is known, or all that its certificate calls it:
   * it must be the one that signed.
   * @param later told what became of what came early, where receivers share the state and the gap was closed by another one.
   * @throws what a sink or the state threw: then nothing is held, and the message has to come again.
   */
  async receive(bytes: Uint8Array, via?: Via, later: Later = () => undefined): Promise<Outcome> {
    const opened = await this.#open(bytes, via);
    const outcome = "type" in opened ? opened : await this.#judge(opened, later);
    this.#parts.observe?.(outcome);
    return outcome;
  }

  /**
   * Takes a message apart from its turn (an alarm, a fresh measure, what was refused and comes again): hands over what it
   * shows, and moves nothing. Where its segment's turn is still to come, these bodies are known by then.
   * @param via, @throws as receive().
   */
  async receiveAhead(bytes: Uint8Array, via?: Via): Promise<Outcome> {
    const opened = await this.#open(bytes, via);
    const outcome = "type" in opened ? opened : await this.#handAhead(opened);
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

  /** Whose it is, proven by the signature; or the refusal. */
  async #open(bytes: Uint8Array, via: Via | undefined): Promise<Opened | Outcome> {
    const ways = via === undefined ? undefined : [via].flat();
    const decoded = decodeMessage(bytes);
    let segment: Uint8Array;
    if (decoded.ok) segment = decoded.message.segment;
    else if (decoded.unreadable !== undefined) segment = decoded.unreadable;
    else return refused("malformed", decoded.because, ways?.[0]);
    let opened = openSegment(segment, this.#ring);
    const isStranger = !opened.ok && opened.fault === "unknown-key";
    if (isStranger && (await this.#parts.refreshKeys?.())) opened = openSegment(segment, this.#ring);
    if (!opened.ok) return refused(opened.fault, opened.because, ways?.[0]);
    const { payload, kid } = opened;
    const signer = this.#parts.keys(kid)?.gateway;
    if (signer === undefined || signer !== payload.gateway || ways?.includes(signer) === false) {
      const way = ways?.join(", ");
      const because = say(
        `signé par ${signer}, pour ${payload.gateway}, venu par ${way || "personne de nommé"}`,
        `signed by ${signer}, for ${payload.gateway}, by way of ${way || "nobody named"}`,
      );
      return refused("foreign", because, signer);
    }
    return { payload, message: decoded.ok ? decoded.message : undefined, bytes: bytes.length };
  }

  async #judge({ payload, message, bytes }: Opened, later: Later): Promise<Outcome> {
    const { state } = this.#parts;
    const { gateway, epoch } = payload;
    if (message === undefined) return this.#unreadable(payload);
    const segment: EarlySegment = { payload, message, bytes };
    const outcome = await state.exclusively(gateway, epoch, (entry) => this.#place(segment, entry));
    if (outcome.type === "early" && state.isShared) void this.#followUp(gateway, epoch, later);
    return outcome;
  }

  #unreadable({ gateway, epoch }: SegmentPayload): Promise<Outcome> {
    return this.#parts.state.exclusively(gateway, epoch, async (entry) => ({
      type: "unreadable",
      gateway,
      standing: standingOf(entry, epoch),
    }));
  }

  async #handAhead({ payload, message }: Opened): Promise<Outcome> {
    const { gateway, epoch } = payload;
    if (message === undefined) return this.#unreadable(payload);
    const [fault] = faultyRecords(payload, message.records);
    if (fault !== undefined) return refused("altered", ofRecord(fault), gateway);
    const shown = shownOf(message);
    return this.#parts.state.exclusively(gateway, epoch, async (entry) => {
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
      for (let wait = FIRST_LOOK_MS; wait <= LAST_LOOK_MS && this.#early.holds(gateway); wait *= 2) {
        await new Promise<void>((resolve) => timers.after(wait, resolve));
        const outcome = await state.exclusively(gateway, epoch, (entry) => this.#catchUp(gateway, epoch, entry));
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

  /** @returns undefined where what came early still does not follow. */
  async #catchUp(gateway: string, epoch: number, entry: GatewayEntry): Promise<Outcome | undefined> {
    const lastSeq = entry.head?.lastSeq ?? 0;
    this.#early.forgetThrough(gateway, epoch, lastSeq);
    const next = this.#early.take(gateway, epoch, lastSeq + 1);
    return next === undefined ? undefined : this.#place(next, entry);
  }

  /** Finds the segment's place in its gateway's chain, and does what follows from that. */
  async #place(segment: EarlySegment, entry: GatewayEntry): Promise<Outcome> {
    const { payload, message } = segment;
    const { gateway, epoch } = payload;
    const judged = follow(entry.head, message.segment, payload);
    const faults = faultyRecords(payload, message.records);
    if (faults[0] !== undefined) return refused("altered", ofRecord(faults[0]), gateway);
    if (judged.ok) {
      if (entry.head === undefined && entry.hasOtherEpoch) this.#parts.observe?.({ type: "new-epoch", gateway, epoch });
      const missing = await firstMissing(message, entry);
      return missing === undefined
        ? this.#holdAndFollow(segment, judged.head, entry)
        : this.#takePortion(segment, missing, entry);
    }
    switch (judged.fault) {
      case "gap":
        return this.#early.hold(segment)
          ? { type: "early", gateway, standing: standingOf(entry, epoch) }
          : refused("no-room", judged.because, gateway);
      case "repeat":
        return this.#repeat(segment, entry);
      case "fork":
      case "bad-start":
        return refused(judged.fault, judged.because, gateway);
    }
  }

  /** Holds the segment that follows, and those that came early and follow it. */
  async #holdAndFollow(segment: EarlySegment, head: ChainHead, entry: GatewayEntry): Promise<Outcome> {
    const { gateway, epoch, firstSeq } = segment.payload;
    const counts = await this.#hold(segment, { head, firstSeq }, entry);
    this.#early.forgetThrough(gateway, epoch, head.lastSeq);
    for (;;) {
      const lastSeq = entry.head?.lastSeq ?? 0;
      const next = this.#early.take(gateway, epoch, lastSeq + 1);
      if (next === undefined) break;
      const judged = follow(entry.head, next.message.segment, next.payload);
      if (!judged.ok) break;
      const missing = await firstMissing(next.message, entry);
      if (missing !== undefined) {
        await this.#takePortion(next, missing, entry);
        break;
      }
      const more = await this.#hold(next, { head: judged.head, firstSeq: lastSeq + 1 }, entry);
      counts.handed += more.handed;
      counts.duplicates += more.duplicates;
      counts.withheld += more.withheld;
      counts.refused += more.refused;
    }
    return { type: "held", gateway, standing: standingOf(entry, epoch), ...counts };
  }

  /**
   * Hands over what a portion shows before the first body that is not here yet: what is behind it would be out of order. The
   * segment's other portions come again until one of them is the last that was missing. What a sink refuses, the gateway is
   * told at once: it keeps that body back from then on, and nobody waits for it.
   */
  async #takePortion({ payload, message }: EarlySegment, missing: number, entry: GatewayEntry): Promise<Outcome> {
    const { gateway, epoch } = payload;
    const inOrder = shownOf(message).filter(({ seq }) => seq < missing);
    const { taken, refusals } = await handFresh(this.#parts.sinks, payload, inOrder, entry);
    await entry.keepAhead(taken.map(({ id }) => id));
    const standing = standingOf(entry, epoch);
    const exceptions = [...standing.exceptions, ...refusals].slice(-MAX_EXCEPTIONS);
    return { type: "portion", gateway, standing: { ...standing, exceptions }, handed: taken.length };
  }

  /** Says again what is held. Bodies that were withheld or refused before, and are there now, are handed over. */
  async #repeat(segment: EarlySegment, entry: GatewayEntry): Promise<Outcome> {
    const { gateway, epoch, firstSeq } = segment.payload;
    const held = await entry.segmentAt(firstSeq);
    if (held !== undefined && !Buffer.from(held).equals(hashOf(segment.message.segment))) {
      const because = say(`un autre segment ${firstSeq} est gardé`, `another segment ${firstSeq} is held`);
      return refused("fork", because, gateway);
    }
    // Without its hash there is no telling whether it is the one that was held: then only the standing is said again.
    const isNewsPossible = held !== undefined && entry.head !== undefined;
    const handed =
      isNewsPossible && entry.head !== undefined ? (await this.#hold(segment, { head: entry.head }, entry)).handed : 0;
    return { type: "repeat", gateway, standing: standingOf(entry, epoch), handed };
  }

  /** Hands over what is new of a verified segment, then keeps that it was. */
  async #hold(
    { payload, message }: EarlySegment,
    place: { readonly head: ChainHead; readonly firstSeq?: number },
    entry: GatewayEntry,
  ): Promise<Counts> {
    const whole = shownOf(message);
    const { fresh, taken, refusals } = await handFresh(this.#parts.sinks, payload, whole, entry);
    const refusedSeqs = new Set(refusals.map(({ seq }) => seq));
    const isNews = place.firstSeq !== undefined || fresh.length > 0;
    if (isNews) {
      const takenSeqs = new Set(taken.map(({ seq }) => seq));
      const exceptions = [
        ...entry.exceptions.filter(({ seq }) => !takenSeqs.has(seq) && !refusedSeqs.has(seq)),
        ...refusals,
      ];
      await entry.keep({ ...place, ids: taken.map(({ id }) => id), exceptions: exceptions.slice(-MAX_EXCEPTIONS) });
    }
    return {
      handed: taken.length,
      duplicates: whole.length - fresh.length,
      withheld: message.records.length - whole.length,
      refused: refusals.length,
    };
  }
}

const shownOf = ({ records }: SegmentMessage): readonly WholeRecord[] =>
  records.flatMap((record) => (isWithheld(record) ? [] : [record]));

/** @returns the first record whose body is to come in another message and has not; undefined where all are here. */
async function firstMissing({ records }: SegmentMessage, entry: GatewayEntry): Promise<number | undefined> {
  const elsewhere = records.flatMap((record) =>
    isWithheld(record) && record.elsewhere !== undefined ? [{ seq: record.seq, id: record.elsewhere }] : [],
  );
  if (elsewhere.length === 0) return undefined;
  const known = await entry.known(elsewhere.map(({ id }) => id));
  return elsewhere.find(({ id }) => !known.has(idText(id)))?.seq;
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
export type Via = string | readonly string[];

/** A message whose signature and origin are good; without what it shows, where its bodies are packed in an unknown way. */
interface Opened {
  readonly payload: SegmentPayload;
  readonly message: SegmentMessage | undefined;
  readonly bytes: number;
}

interface Counts {
  handed: number;
  duplicates: number;
  withheld: number;
  refused: number;
}

function standingOf(entry: GatewayEntry, epoch: number): Standing {
  const { head, exceptions } = entry;
  return head !== undefined
    ? { epoch, through: head.lastSeq, head: head.hash, exceptions }
    : { epoch, through: 0, head: NO_HEAD, exceptions: [] };
}

function isSame(a: Standing, b: Standing): boolean {
  return (
    a.epoch === b.epoch &&
    a.through === b.through &&
    a.exceptions === b.exceptions &&
    Buffer.from(a.head).equals(b.head)
  );
}

const ofRecord = ({ seq, because: { fr, en } }: { readonly seq: number; readonly because: Sentence }) =>
  say(`enregistrement ${seq} : ${fr}`, `record ${seq}: ${en}`);

function refused(fault: SegmentFault, because: Sentence, gateway: string | undefined): Outcome {
  return { type: "refused", fault, because, ...(gateway !== undefined && { gateway }) };
}
