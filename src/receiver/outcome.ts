/** How a gateway stands, and why a message was not taken, in words. Pure. */
import { type Sentence, say } from "../errors/sentence.ts";
import { type KeyId, kidText } from "../seal/key.ts";
import type { GatewayEntry, Outcome, Refusal, SegmentFault, Standing } from "./port.ts";

/** What one receipt may name (src/seal/receipt.ts). */
export const MAX_EXCEPTIONS = 256;
const NO_HEAD = new Uint8Array(32);

export function exceptionsNow(
  { exceptions }: GatewayEntry,
  taken: readonly { readonly seq: number }[],
  refusals: readonly Refusal[],
): readonly Refusal[] {
  const settled = new Set([...taken, ...refusals].map(({ seq }) => seq));
  return [...exceptions.filter(({ seq }) => !settled.has(seq)), ...refusals].slice(-MAX_EXCEPTIONS);
}

export function standingOf(entry: GatewayEntry, epoch: number): Standing {
  const { head, exceptions } = entry;
  return head !== undefined
    ? { epoch, through: head.lastSeq, head: head.hash, exceptions }
    : { epoch, through: 0, head: NO_HEAD, exceptions: [] };
}

export const ofRecord = ({ seq, because }: { readonly seq: number; readonly because: Sentence }): Sentence =>
  say(`enregistrement ${seq} : ${because.fr}`, `record ${seq}: ${because.en}`);

export const retiredKey = (kid: KeyId): Sentence =>
  say(`la clé ${kidText(kid)} a été changée pour une autre`, `the key ${kidText(kid)} was changed for another one`);

export const unprovenKey = (kid: KeyId): Sentence =>
  say(`rien de connu ne mène à la clé ${kidText(kid)}`, `nothing that is known leads to the key ${kidText(kid)}`);

export function refused(fault: SegmentFault, because: Sentence, gateway: string | undefined): Outcome {
  return { type: "refused", fault, because, ...(gateway !== undefined && { gateway }) };
}
