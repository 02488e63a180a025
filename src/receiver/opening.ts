/** Whose a message is, proven by its signature; or why it is not taken. Nothing in it has been believed before. */
import { type Sentence, say } from "../errors/sentence.ts";
import { chainStatement } from "../seal/checkpoint.ts";
import type { SealFault } from "../seal/cose.ts";
import type { KeyId } from "../seal/key.ts";
import { decodeMessage } from "../seal/message.ts";
import { isWithheld, RecordKind, type SegmentPayload, type TravellingRecord } from "../seal/record.ts";
import { GrowingKeyRing, type Rotation } from "../seal/rotation.ts";
import { type OpenedSegment, openSegment } from "../seal/segment.ts";
import type { Arrived } from "./arrived.ts";
import type { SegmentFault } from "./port.ts";
import type { Signers } from "./signers.ts";

/** The gateway whose way a message came, or all that its certificate calls it. */
export type Via = string | readonly string[];

export type Unopened =
  | {
      readonly type: "refused";
      readonly gateway?: string;
      readonly fault: SegmentFault;
      readonly because: Sentence;
    }
  /** Good, but its bodies are packed in a way that is not known here. */
  | { readonly type: "unreadable"; readonly payload: SegmentPayload };

export class Opening {
  readonly #signers: Signers;

  constructor(signers: Signers) {
    this.#signers = signers;
  }

  async open(bytes: Uint8Array, via: Via | undefined): Promise<Arrived | Unopened> {
    const ways = via === undefined ? undefined : [via].flat();
    const decoded = decodeMessage(bytes);
    let segment: Uint8Array;
    if (decoded.ok) segment = decoded.message.segment;
    else if (decoded.unreadable !== undefined) segment = decoded.unreadable;
    else return refused("malformed", decoded.because, ways?.[0]);
    const { opened, introduced } = await this.#verify(segment, decoded.ok ? decoded.message.records : []);
    if (!opened.ok) return refused(opened.fault, opened.because, ways?.[0]);
    const { payload, kid } = opened;
    const signer = introduced[0]?.gateway ?? this.#signers.holderOf(kid)?.gateway;
    if (signer === undefined || signer !== payload.gateway || ways?.includes(signer) === false) {
      return refused("foreign", foreign(signer, payload.gateway, ways), signer);
    }
    if (!decoded.ok) return { type: "unreadable", payload };
    return { payload, kid, message: decoded.message, bytes: bytes.length, introduced, altered: [] };
  }

  /** With the keys that are known; else with those that are found; else with those that the message leads to by itself. */
  async #verify(segment: Uint8Array, records: readonly TravellingRecord[]): Promise<Verified> {
    let asked: KeyId = new Uint8Array();
    const opened = openSegment(segment, (kid) => {
      asked = kid;
      return this.#signers.ring(kid);
    });
    if (opened.ok || opened.fault !== "unknown-key") return { opened, introduced: [] };
    await this.#signers.lookFor(asked);
    const again = openSegment(segment, this.#signers.ring);
    if (again.ok || again.fault !== "unknown-key") return { opened: again, introduced: [] };
    return this.#introduced(segment, records) ?? { opened: again, introduced: [] };
  }

  /** A pruned chain begins with a checkpoint that repeats every change of key: from a key that is known, one proves the next. */
  #introduced(segment: Uint8Array, records: readonly TravellingRecord[]): Verified | undefined {
    const rotations = records.flatMap((record): readonly Rotation[] => {
      const said = isWithheld(record) || record.kind !== RecordKind.audit ? undefined : chainStatement(record.body);
      return said?.type === "checkpoint" ? said.checkpoint.rotations : [];
    });
    const [first] = rotations;
    if (first === undefined) return undefined;
    const gateway = this.#signers.holderOf(first.from.kid)?.gateway;
    if (gateway === undefined || !rotations.every((rotation) => rotation.gateway === gateway)) return undefined;
    const keys = new GrowingKeyRing(this.#signers.ring);
    for (const rotation of rotations) keys.learn(rotation);
    const opened = openSegment(segment, keys.find);
    return { opened, introduced: opened.ok ? rotations : [] };
  }
}

interface Verified {
  readonly opened: OpenedSegment;
  /** The changes of key that this message alone made known. */
  readonly introduced: readonly Rotation[];
}

function foreign(signer: string | undefined, gateway: string, ways: readonly string[] | undefined): Sentence {
  const way = ways?.join(", ");
  return say(
    `signé par ${signer}, pour ${gateway}, venu par ${way || "personne de nommé"}`,
    `signed by ${signer}, for ${gateway}, by way of ${way || "nobody named"}`,
  );
}

const refused = (fault: SegmentFault | SealFault, because: Sentence, gateway: string | undefined): Unopened => ({
  type: "refused",
  fault,
  because,
  ...(gateway !== undefined && { gateway }),
});
