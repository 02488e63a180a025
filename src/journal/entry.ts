/** A draft made ready: hashed and boxed when it is appended, while the segment before it is still on its way to the disk. */
import type { SigningKey } from "../seal/key.ts";
import type { RotationStatement } from "../seal/rotation.ts";
import { digestOf } from "../seal/segment.ts";
import { type SealedFact, sealFact } from "./facts.ts";
import type { Draft, Fact, StoredWholeRecord } from "./port.ts";
import { random } from "./random.ts";
import type { Vault } from "./vault.ts";

export interface Entry {
  /** As it goes under the digest, and what it was made from. */
  readonly record: Omit<StoredWholeRecord, "seq">;
  readonly day: number;
  readonly idem: Uint8Array;
  readonly device: Uint8Array | null;
  readonly person: Uint8Array | null;
  readonly digest: Uint8Array;
  readonly box: Uint8Array;
  /** What changes beside the chain, in the same transaction. */
  readonly facts: readonly SealedFact[];
  /** Of a change of signing key: it stands in a segment alone, the last one of the old key. */
  readonly next?: { readonly key: SigningKey; readonly statement: RotationStatement };
}

/** @param today days since 1970, for a draft that has no day of its own. @throws RangeError for a day that is none. */
export function entryOf(draft: Draft, vault: Vault, today: number, facts: readonly Fact[] = []): Entry {
  const { kind, id, body, source, day = today, device, person } = draft;
  if (!Number.isInteger(day)) throw new RangeError(`${day} is no day`);
  const salt = random(16);
  const indexed = { day, device: device ?? null, person: person ?? null };
  const record = { kind, id, salt, body };
  return {
    record: source === undefined ? record : { ...record, source },
    day,
    idem: vault.idem(id, day),
    device: device === undefined ? null : vault.pseudonym("device", device),
    person: person === undefined ? null : vault.pseudonym("person", person),
    digest: digestOf(record),
    box: vault.sealContents({ id, salt, body, source: source ?? null, indexed }),
    facts: facts.map((fact) => sealFact(fact, vault)),
  };
}
