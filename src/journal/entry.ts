/** A draft made ready: hashed and boxed when it is appended, while the segment before it is still on its way to the disk. */

import type { RecordKind } from "../seal/record.ts";
import { digestOf } from "../seal/segment.ts";
import { type SealedFact, sealFact } from "./facts.ts";
import type { Draft, Fact } from "./port.ts";
import { random } from "./random.ts";
import type { Vault } from "./vault.ts";

export interface Entry {
  readonly kind: RecordKind;
  readonly day: number;
  readonly idem: Uint8Array;
  readonly device: Uint8Array | null;
  readonly person: Uint8Array | null;
  readonly digest: Uint8Array;
  readonly box: Uint8Array;
  readonly facts: readonly SealedFact[];
}

/** @param today days since 1970, for a draft that has no day of its own. */
export function entryOf(draft: Draft, vault: Vault, today: number, facts: readonly Fact[] = []): Entry {
  const { kind, id, body, source, day = today, device, person } = draft;
  const salt = random(16);
  return {
    kind,
    day,
    idem: vault.idem(id, day),
    device: device === undefined ? null : vault.pseudonym("device", device),
    person: person === undefined ? null : vault.pseudonym("person", person),
    digest: digestOf({ kind, id, salt, body }),
    box: vault.sealContents({ id, salt, body, source: source ?? null }),
    facts: facts.map((fact) => sealFact(fact, vault)),
  };
}
