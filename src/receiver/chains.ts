/**
 * The work on one gateway's chain, while nobody else does any: a segment's place, what it brings to the sinks, and what is
 * kept of it. Sinks first, the state then: whoever is cut in between hands over again.
 */
import { say } from "../errors/sentence.ts";
import { type ChainHead, follow } from "../seal/chain.ts";
import { anchorIn, chainStatement } from "../seal/checkpoint.ts";
import { kidText } from "../seal/key.ts";
import { isWithheld, RecordKind, type SegmentMessage, type WholeRecord } from "../seal/record.ts";
import { hashOf } from "../seal/segment.ts";
import { AlteredRecords } from "./altered.ts";
import type { Arrived } from "./arrived.ts";
import { anchorsIn, bootOf, redated, undatedRun } from "./dating.ts";
import { type EarlyBounds, EarlySegments } from "./early.ts";
import { handFresh } from "./hand.ts";
import { idText } from "./id.ts";
import { exceptionsNow, MAX_EXCEPTIONS, refused, retiredKey, standingOf, unprovenKey } from "./outcome.ts";
import type {
  EntryChange,
  GatewayEntry,
  KeptRotation,
  Outcome,
  ReceiverEvent,
  RedatedRange,
  Refusal,
  Sink,
} from "./port.ts";
import type { Signers } from "./signers.ts";

export interface ChainsParts {
  readonly sinks: readonly Sink[];
  readonly signers: Signers;
  readonly observe: (event: ReceiverEvent) => void;
  readonly early: EarlyBounds;
}

export class Chains {
  readonly #parts: ChainsParts;
  readonly #early: EarlySegments;
  readonly #altered = new AlteredRecords();

  constructor(parts: ChainsParts) {
    this.#parts = parts;
    this.#early = new EarlySegments(parts.early);
  }

  /** Whether segments of this gateway wait for what is before them. */
  hasEarly(gateway: string): boolean {
    return this.#early.holds(gateway);
  }

  /** Finds the segment's place in its gateway's chain, and does what follows from that. */
  async place(came: Arrived, entry: GatewayEntry): Promise<Outcome> {
    const { gateway, epoch, firstSeq } = came.payload;
    if (!this.#parts.signers.maySign(gateway, came.kid, { epoch, seq: firstSeq }, entry.rotations)) {
      return refused("retired-key", retiredKey(came.kid), gateway);
    }
    const sifted = this.#altered.sift(came, entry);
    if ("because" in sifted) return refused("altered", sifted.because, gateway);
    const { arrived } = sifted;
    const isPrunedStart = await this.#beginBehindPrune(arrived, entry);
    if (arrived.introduced.length > 0 && !isPrunedStart) return refused("unknown-key", unprovenKey(came.kid), gateway);
    const judged = follow(entry.head, arrived.message.segment, arrived.payload);
    if (judged.ok) {
      if (entry.head === undefined && entry.hasOtherEpoch) this.#parts.observe({ type: "new-epoch", gateway, epoch });
      const missing = await firstMissing(arrived.message, entry);
      return missing === undefined
        ? this.#holdAndFollow(arrived, judged.head, entry)
        : this.#takePortion(arrived, missing, entry);
    }
    switch (judged.fault) {
      case "gap":
        return this.#early.hold(arrived)
          ? { type: "early", gateway, standing: standingOf(entry, epoch) }
          : refused("no-room", judged.because, gateway);
      case "repeat":
        return this.#repeat(arrived, entry);
      case "fork":
      case "bad-start":
        return refused(judged.fault, judged.because, gateway);
    }
  }

  /** @returns undefined where what came early still does not follow. */
  async catchUp(gateway: string, epoch: number, entry: GatewayEntry): Promise<Outcome | undefined> {
    const lastSeq = entry.head?.lastSeq ?? 0;
    this.#early.forgetThrough(gateway, epoch, lastSeq);
    const next = this.#early.take(gateway, epoch, lastSeq + 1);
    return next === undefined ? undefined : this.place(next, entry);
  }

  /**
   * Where nothing of the epoch is held, and the gateway says that it has pruned the start: the chain begins behind that. Keys
   * that only this checkpoint makes known are taken where no change of key is known that they would go round.
   */
  async #beginBehindPrune({ payload, message, introduced }: Arrived, entry: GatewayEntry): Promise<boolean> {
    const isStranger = introduced.length > 0 && entry.rotations.length > 0;
    const anchor = entry.head === undefined && !isStranger ? anchorIn(payload, message.records) : undefined;
    if (anchor === undefined) return false;
    const { gateway, epoch, firstSeq } = payload;
    // Somewhere before this segment; where exactly, the records themselves will say if they still come.
    const rotations = introduced.map(({ statement }) => ({
      epoch,
      seq: firstSeq,
      statement: JSON.stringify(statement),
    }));
    await entry.keep({ head: anchor, ids: [], exceptions: [], rotations });
    this.#announce(gateway, rotations);
    this.#parts.observe({ type: "pruned-start", gateway, epoch, prunedThrough: anchor.lastSeq });
    return true;
  }

  /** Holds the segment that follows, and those that came early and follow it. */
  async #holdAndFollow(arrived: Arrived, head: ChainHead, entry: GatewayEntry): Promise<Outcome> {
    const { gateway, epoch, firstSeq } = arrived.payload;
    const counts = await this.#hold(arrived, { head, firstSeq }, entry);
    this.#early.forgetThrough(gateway, epoch, head.lastSeq);
    let last = arrived;
    for (;;) {
      const seq = (entry.head?.lastSeq ?? 0) + 1;
      const next = this.#early.take(gateway, epoch, seq);
      if (next === undefined) break;
      const judged = follow(entry.head, next.message.segment, next.payload);
      // What was early is judged by what has been learned since.
      if (!judged.ok || !this.#parts.signers.maySign(gateway, next.kid, { epoch, seq }, entry.rotations)) break;
      const missing = await firstMissing(next.message, entry);
      if (missing !== undefined) {
        await this.#takePortion(next, missing, entry);
        break;
      }
      const more = await this.#hold(next, { head: judged.head, firstSeq: seq }, entry);
      counts.handed += more.handed;
      counts.duplicates += more.duplicates;
      counts.withheld += more.withheld;
      counts.refused += more.refused;
      last = next;
    }
    const sealed = { atMs: last.payload.sealedAtMs, isTrusted: last.payload.clock.synchronised };
    return { type: "held", gateway, standing: standingOf(entry, epoch), sealed, ...counts };
  }

  /**
   * Hands over what a portion shows before the first body that is not here yet: what is behind it would be out of order. The
   * segment's other portions come again until one of them is the last that was missing. What a sink refuses, the gateway is
   * told at once: it keeps that body back from then on, and nobody waits for it.
   */
  async #takePortion({ payload, message }: Arrived, missing: number, entry: GatewayEntry): Promise<Outcome> {
    const { gateway, epoch } = payload;
    const inOrder = shownOf(message).filter(({ seq }) => seq < missing);
    const { taken, refusals } = await handFresh(this.#parts.sinks, payload, inOrder, entry);
    await entry.keepAhead(taken.map(({ id }) => id));
    const standing = standingOf(entry, epoch);
    const exceptions = [...standing.exceptions, ...refusals].slice(-MAX_EXCEPTIONS);
    return { type: "portion", gateway, standing: { ...standing, exceptions }, handed: taken.length };
  }

  /** Says again what is held. Bodies that were withheld or refused before, and are there now, are handed over. */
  async #repeat(arrived: Arrived, entry: GatewayEntry): Promise<Outcome> {
    const { gateway, epoch, firstSeq } = arrived.payload;
    const held = await entry.segmentAt(firstSeq);
    if (held !== undefined && !Buffer.from(held).equals(hashOf(arrived.message.segment))) {
      const because = say(`un autre segment ${firstSeq} est gardé`, `another segment ${firstSeq} is held`);
      return refused("fork", because, gateway);
    }
    // Without its hash there is no telling whether it is the one that was held: then only the standing is said again.
    const isNewsPossible = held !== undefined && entry.head !== undefined;
    const handed =
      isNewsPossible && entry.head !== undefined ? (await this.#hold(arrived, { head: entry.head }, entry)).handed : 0;
    return { type: "repeat", gateway, standing: standingOf(entry, epoch), handed };
  }

  /** Hands over what is new of a verified segment, then keeps that it was. */
  async #hold(
    arrived: Arrived,
    place: { readonly head: ChainHead; readonly firstSeq?: number },
    entry: GatewayEntry,
  ): Promise<Counts> {
    const { payload, message } = arrived;
    const whole = shownOf(message);
    const { fresh, taken, refusals: ofSinks } = await handFresh(this.#parts.sinks, payload, whole, entry);
    const refusals = [...ofSinks, ...(await newlyAltered(arrived, entry))];
    const rotations = newRotations(arrived, whole, entry);
    const dating = await this.#date(arrived, whole, place.firstSeq !== undefined, entry);
    if (place.firstSeq !== undefined || fresh.length + refusals.length + rotations.length > 0) {
      const exceptions = exceptionsNow(entry, taken, refusals);
      await entry.keep({ ...place, ids: taken.map(({ id }) => id), exceptions, rotations, ...dating });
    }
    this.#announce(payload.gateway, rotations);
    return {
      handed: taken.length,
      duplicates: whole.length - fresh.length,
      withheld: message.records.length - whole.length - arrived.altered.length,
      refused: refusals.length,
    };
  }

  /** Tells the sinks what an anchor says of the time before it, and notes what of this segment is undated. */
  async #date(
    { payload }: Arrived,
    whole: readonly WholeRecord[],
    isNew: boolean,
    entry: GatewayEntry,
  ): Promise<Pick<EntryChange, "undated" | "dated">> {
    if (!isNew) return {};
    const { gateway } = payload;
    const anchors = anchorsIn(whole);
    const [anchor] = anchors;
    if (anchor !== undefined) {
      const ranges: readonly RedatedRange[] = redated(await entry.undated(anchor.bootId), anchors);
      if (ranges.length === 0) return {};
      for (const sink of this.#parts.sinks) await sink.redate?.({ gateway, ranges });
      this.#parts.observe({ type: "redated", gateway, ranges });
      return { dated: anchor.bootId };
    }
    if (payload.clock.synchronised) return {};
    const run = undatedRun(payload, await entry.undated(bootOf(payload)));
    return run === undefined ? {} : { undated: run };
  }

  #announce(gateway: string, rotations: readonly KeptRotation[]): void {
    for (const { statement } of rotations) {
      const rotation = chainStatement(Buffer.from(statement));
      if (rotation?.type !== "key-rotation") continue;
      this.#parts.signers.learn(gateway, statement);
      this.#parts.observe({ type: "key-changed", gateway, kid: kidText(rotation.rotation.to.kid) });
    }
  }
}

/** @returns the first record whose body is to come in another message and has not; undefined where all are here. */
async function firstMissing({ records }: SegmentMessage, entry: GatewayEntry): Promise<number | undefined> {
  const elsewhere = records.flatMap((record) =>
    isWithheld(record) && record.elsewhere !== undefined ? [{ seq: record.seq, id: record.elsewhere }] : [],
  );
  if (elsewhere.length === 0) return undefined;
  const known = await entry.known(elsewhere.map(({ id }) => id));
  return elsewhere.find(({ id }) => !known.has(idText(id)))?.seq;
}

interface Counts {
  handed: number;
  duplicates: number;
  withheld: number;
  refused: number;
}

/** Of those that came altered: what was handed over before is no exception, and neither is what is one already. */
async function newlyAltered({ altered }: Arrived, entry: GatewayEntry): Promise<readonly Refusal[]> {
  if (altered.length === 0) return [];
  const known = await entry.known(altered.map(({ id }) => id));
  const named = new Set(entry.exceptions.map(({ seq }) => seq));
  return altered
    .filter(({ seq, id }) => !named.has(seq) && !known.has(idText(id)))
    .map(({ seq, reason }) => ({ seq, reason }));
}

/** A change counts where the key that it is made with signed the segment that it stands in, for its own gateway. */
function newRotations(
  { payload, kid }: Arrived,
  whole: readonly WholeRecord[],
  entry: GatewayEntry,
): readonly KeptRotation[] {
  const { gateway, epoch } = payload;
  return whole.flatMap(({ seq, kind, body }): KeptRotation[] => {
    const said = kind === RecordKind.audit ? chainStatement(body) : undefined;
    if (said?.type !== "key-rotation" || said.rotation.gateway !== gateway) return [];
    if (kidText(said.rotation.from.kid) !== kidText(kid)) return [];
    const statement = JSON.stringify(said.rotation.statement);
    const isKept = entry.rotations.some((one) => one.epoch === epoch && one.seq === seq && one.statement === statement);
    return isKept ? [] : [{ epoch, seq, statement }];
  });
}

export const shownOf = ({ records }: SegmentMessage): readonly WholeRecord[] =>
  records.flatMap((record) => (isWithheld(record) ? [] : [record]));
