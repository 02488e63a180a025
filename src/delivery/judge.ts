/** What a receipt proves about this journal. Pure: nothing is counted, moved or raised here. */
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
  /** No segment that was sent ends there. */
  | "unknown-point"
  /** The right point, another segment: of another history. */
  | "other-head";

export type ReceiptVerdict =
  | { readonly type: "advances"; readonly receipt: Receipt }
  /** It says again how far the platform is: perhaps because it misses what comes next. */
  | { readonly type: "repeats"; readonly receipt: Receipt }
  | { readonly type: "ignored"; readonly fault: ReceiptFault };

export interface ReceiptExpectation {
  readonly platformKeys: KeyRing;
  readonly gateway: string;
  readonly epoch: number;
  readonly confirmed: number;
  /** Hash of the segment that ends at this sequence number, where it was sent. */
  hashAt(through: number): Uint8Array | undefined;
}

export function judgeReceipt(bytes: Uint8Array, expected: ReceiptExpectation): ReceiptVerdict {
  const opened = openReceipt(bytes, expected.platformKeys);
  if (!opened.ok) return ignored(opened.fault);
  const { receipt } = opened;
  if (receipt.gateway !== expected.gateway) return ignored("foreign-gateway");
  if (receipt.epoch !== expected.epoch) return ignored("foreign-epoch");
  if (receipt.through < expected.confirmed) return ignored("replayed");
  if (receipt.through === expected.confirmed) return { type: "repeats", receipt };
  const hash = expected.hashAt(receipt.through);
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
