/** A change of one of the journal's keys, asked for by somebody: said in the audit trail first, then done. */
import { createHash } from "node:crypto";
import type { Journal } from "../journal/port.ts";
import { hex } from "../measure/json.ts";
import type { Instant } from "../measure/time.ts";
import { type Actor, auditDraft } from "../registry/audit.ts";
import { kidOf, kidText, type SigningKey, signingKey } from "../seal/key.ts";
import type { KeyUse } from "./port.ts";

export type RotatingJournal = Pick<Journal, "append" | "status" | "rotateSigningKey" | "rotateBoxKey">;

export interface NewKey {
  readonly use: KeyUse;
  /** 32 bytes as hex: the secret. Nobody is told it again. */
  readonly key: string;
}

/**
 * Resolves when the journal has changed to this key; a no-op where it has already. Cut at any point, the same call goes on.
 * @throws what the journal refuses.
 */
export async function rotateKey(journal: RotatingJournal, { use, key }: NewKey, actor: Actor, now: Instant) {
  const secret = new Uint8Array(Buffer.from(key, "hex"));
  const signing = use === "signing" ? signingKey(secret) : undefined;
  const { publicKey } = await journal.status();
  const kids =
    signing === undefined ? {} : { from: kidText(kidOf(Buffer.from(publicKey, "hex"))), to: kidText(signing.kid) };
  const draft = auditDraft(actor, { action: `${use}-key-rotated`, subject: kids }, now);
  // Said twice is once: whoever goes on after a cut asks for the same key, and the day does not count.
  await journal.append({ ...draft, id: idOf(use, signing, secret), day: 0 });
  await (signing === undefined ? journal.rotateBoxKey(secret) : journal.rotateSigningKey(signing));
}

/** It travels with the record: of 32 random bytes, a digest tells nothing. */
function idOf(use: KeyUse, signing: SigningKey | undefined, secret: Uint8Array): Uint8Array {
  const about = signing === undefined ? secret : signing.publicKey;
  return createHash("sha256")
    .update(`rotate ${use} ${hex(about)}`)
    .digest()
    .subarray(0, 16);
}
