/** Verifies a run of messages with the gateway's public key alone: signatures, chain, and every record that is shown. */
import { type Sentence, say } from "../errors/sentence.ts";
import { type ChainHead, faultyRecords, follow } from "./chain.ts";
import { type Checkpoint, chainStatement } from "./checkpoint.ts";
import { type KeyId, type KeyRing, kidText } from "./key.ts";
import { isWithheld, RecordKind, type SegmentMessage, type SegmentPayload, type TravellingRecord } from "./record.ts";
import { GrowingKeyRing, type Rotation } from "./rotation.ts";
import { hashOf, openSegment } from "./segment.ts";

export interface Finding {
  /** The sequence number it is about; of a segment, its first. Absent where not even that can be read. */
  readonly seq?: number;
  readonly fault: string;
  readonly because: Sentence;
}

export interface Verification {
  readonly gateway?: string;
  readonly epoch?: number;
  readonly firstSeq?: number;
  readonly lastSeq?: number;
  readonly segments: number;
  readonly records: number;
  /** Records of which only the digest is there. */
  readonly withheld: number;
  readonly findings: readonly Finding[];
}

export interface VerifierOptions {
  /** True where nothing may be missing at the start but what a checkpoint covers. An excerpt may begin anywhere. */
  readonly complete?: boolean;
}

/**
 * Takes messages in order. After a fault it goes on from the next segment that is good by itself, and says so.
 * A change of key is followed where the segment before it holds the rotation record, signed by the old key.
 */
export class Verifier {
  readonly #keys: GrowingKeyRing;
  readonly #options: VerifierOptions;
  readonly #findings: Finding[] = [];
  readonly #checkpoints: Checkpoint[] = [];
  #head: ChainHead | undefined;
  #gateway: string | undefined;
  #first: SegmentPayload | undefined;
  /** Who must have signed the next segment. */
  #signer: string | undefined;
  #segments = 0;
  #records = 0;
  #withheld = 0;

  /** @param keys the gateway's first key is enough where every rotation since is among the messages. */
  constructor(keys: KeyRing, options: VerifierOptions = {}) {
    this.#keys = new GrowingKeyRing(keys);
    this.#options = options;
  }

  /**
   * Learns keys from a message before it is verified: for an export that begins after a rotation, run all messages through
   * learn(), then through add(). A rotation is signed by a key that is known already, so nothing has to be believed.
   */
  learn({ records }: SegmentMessage): void {
    const { rotations, checkpoints } = statementsOf(records);
    for (const earlier of checkpoints) for (const rotation of earlier.rotations) this.#keys.learn(rotation);
    for (const rotation of rotations) this.#keys.learn(rotation);
  }

  add({ segment, records }: SegmentMessage): void {
    this.#segments += 1;
    this.#records += records.length;
    this.#withheld += records.filter(isWithheld).length;
    const opened = openSegment(segment, this.#keys.find);
    if (!opened.ok) {
      this.report({ ...seqOf(records[0]?.seq), fault: opened.fault, because: opened.because });
      return;
    }
    const { payload, kid } = opened;
    this.#first ??= payload;
    this.#gateway ??= payload.gateway;
    if (payload.gateway !== this.#gateway) {
      const because = say(`de la passerelle ${payload.gateway}`, `of gateway ${payload.gateway}`);
      this.report({ seq: payload.firstSeq, fault: "foreign", because });
    }
    this.#judge(segment, payload);
    const faults = faultyRecords(payload, records);
    for (const { seq, because } of faults) this.report({ seq, fault: "record", because });
    this.#followKey(kid, payload, faults.length === 0 ? records : []);
  }

  report(finding: Finding): void {
    this.#findings.push(finding);
  }

  result(): Verification {
    const start = this.#options.complete === true ? this.#missingStart() : undefined;
    return {
      ...(this.#gateway === undefined ? {} : { gateway: this.#gateway }),
      ...(this.#head === undefined ? {} : { epoch: this.#head.epoch, lastSeq: this.#head.lastSeq }),
      ...(this.#first === undefined ? {} : { firstSeq: this.#first.firstSeq }),
      segments: this.#segments,
      records: this.#records,
      withheld: this.#withheld,
      findings: start === undefined ? this.#findings : [start, ...this.#findings],
    };
  }

  #judge(segment: Uint8Array, payload: SegmentPayload): void {
    const standing: ChainHead = {
      epoch: payload.epoch,
      lastSeq: payload.firstSeq + payload.digests.length - 1,
      hash: hashOf(segment),
    };
    const before = this.#head;
    this.#head = standing;
    // The first segment is the anchor, whatever it follows; result() asks for its checkpoint where there must be one.
    if (before === undefined) return;
    if (before.epoch !== payload.epoch) {
      const because = say(
        `époque ${payload.epoch} après ${before.epoch}`,
        `epoch ${payload.epoch} after ${before.epoch}`,
      );
      this.report({ seq: payload.firstSeq, fault: "epoch", because });
      return;
    }
    const judged = follow(before, segment, payload);
    if (!judged.ok) this.report({ seq: payload.firstSeq, fault: judged.fault, because: judged.because });
  }

  /** @param records of a segment that is good: what they say of the chain is what the gateway said. */
  #followKey(kid: KeyId, { gateway, firstSeq }: SegmentPayload, records: readonly TravellingRecord[]): void {
    const signer = kidText(kid);
    if (this.#signer !== undefined && this.#signer !== signer) {
      const because = say(
        `signé par ${signer}, ${this.#signer} attendu : aucun changement de clé n'y mène`,
        `signed by ${signer}, expected ${this.#signer}: no rotation leads there`,
      );
      this.report({ seq: firstSeq, fault: "key-change", because });
    }
    this.#signer = signer;
    const { rotations, checkpoints } = statementsOf(records);
    this.#checkpoints.push(...checkpoints);
    for (const rotation of rotations) {
      if (rotation.gateway !== gateway) continue;
      this.#keys.learn(rotation);
      if (kidText(rotation.from.kid) === this.#signer) this.#signer = kidText(rotation.to.kid);
    }
  }

  #missingStart(): Finding | undefined {
    const first = this.#first;
    if (first === undefined) return undefined;
    const { firstSeq, previous } = first;
    if (firstSeq === 1 && previous === null) return undefined;
    const named = previous === null ? "" : Buffer.from(previous).toString("hex");
    // A prune that was cut short has left more than its checkpoint allows to go.
    const covered = this.#checkpoints.some(
      ({ through, hash }) => through >= firstSeq || (through === firstSeq - 1 && hash === named),
    );
    if (covered) return undefined;
    return {
      seq: firstSeq,
      fault: "bad-start",
      because: say(
        `commence à ${firstSeq}, et aucun point de contrôle ne couvre ce qui manque`,
        `starts at ${firstSeq}, and no checkpoint covers what is gone`,
      ),
    };
  }
}

function statementsOf(records: readonly TravellingRecord[]) {
  const rotations: Rotation[] = [];
  const checkpoints: Checkpoint[] = [];
  for (const record of records) {
    if (isWithheld(record) || record.kind !== RecordKind.audit) continue;
    const statement = chainStatement(record.body);
    if (statement?.type === "key-rotation") rotations.push(statement.rotation);
    if (statement?.type === "checkpoint") checkpoints.push(statement.checkpoint);
  }
  return { rotations, checkpoints };
}

const seqOf = (seq: number | undefined) => (seq === undefined ? {} : { seq });
