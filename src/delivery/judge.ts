/** What a receipt proves about this journal. Nothing is counted, moved or raised here. */
import { type Sentence, say } from "../errors/sentence.ts";
import type { KeyRing } from "../seal/key.ts";
import { openReceipt, type Receipt } from "../seal/receipt.ts";

export type ReceiptFault =
  | "malformed"
  | "unknown-key"
  | "bad-signature"
  | "foreign-gateway"
  | "foreign-epoch"
  /** It goes less far than one that is already counted. */
  | "replayed"
  /** No segment of this journal ends there. */
  | "unknown-point"
  /** The right point, another segment: of another history. */
  | "other-head";

export type ReceiptVerdict =
  | { readonly type: "advances"; readonly receipt: Receipt }
  /** It says again how far the platform is: perhaps because it misses what comes next. */
  | { readonly type: "repeats"; readonly receipt: Receipt }
  /** It says that the platform has less than it is known to have: it is late, or replayed, or the platform lost its state. */
  | { readonly type: "behind"; readonly receipt: Receipt }
  | { readonly type: "ignored"; readonly fault: ReceiptFault };

export interface ReceiptExpectation {
  readonly platformKeys: KeyRing;
  readonly gateway: string;
  readonly epoch: number;
  /** How far the platform is known to be. */
  readonly standsAt: number;
  /**
   * Hash of the segment that ends at this sequence number. It need not have been sent just now: a platform may have what was
   * sent before a restart, and no cursor tells of.
   */
  hashAt(through: number): Promise<Uint8Array | undefined>;
}

export async function judgeReceipt(bytes: Uint8Array, expected: ReceiptExpectation): Promise<ReceiptVerdict> {
  const opened = openReceipt(bytes, expected.platformKeys);
  if (!opened.ok) return ignored(opened.fault);
  const { receipt } = opened;
  if (receipt.gateway !== expected.gateway) return ignored("foreign-gateway");
  if (receipt.epoch !== expected.epoch) return ignored("foreign-epoch");
  if (receipt.through < expected.standsAt) return { type: "behind", receipt };
  if (receipt.through === expected.standsAt) return { type: "repeats", receipt };
  const hash = await expected.hashAt(receipt.through);
  if (hash === undefined) return ignored("unknown-point");
  return Buffer.from(hash).equals(receipt.head) ? { type: "advances", receipt } : ignored("other-head");
}

/** What is wrong with it, for whoever reads that a receipt was ignored. */
export const receiptFaults: Readonly<Record<ReceiptFault, Sentence>> = {
  malformed: say("ce n'est pas un accusé de réception", "it is no receipt"),
  "unknown-key": say("signé par une clé inconnue", "signed by an unknown key"),
  "bad-signature": say("la signature est fausse", "the signature is wrong"),
  "foreign-gateway": say("il parle d'une autre passerelle", "it speaks of another gateway"),
  "foreign-epoch": say(
    "il parle d'un autre journal de cette passerelle",
    "it speaks of another journal of this gateway",
  ),
  replayed: say("il est plus ancien qu'un autre déjà compté", "it is older than one already counted"),
  "unknown-point": say("aucun segment envoyé ne finit là", "no segment that was sent ends there"),
  "other-head": say("il nomme un autre segment que le nôtre", "it names another segment than ours"),
};

const ignored = (fault: ReceiptFault): ReceiptVerdict => ({ type: "ignored", fault });
