/**
 * Whose signature counts: the keys of the directory, and those that a gateway's own changes of key lead to from there. A key
 * that was changed for another one signs nothing more. The state keeps the changes, for all receivers that share it.
 */
import { chainStatement } from "../seal/checkpoint.ts";
import { type KeyId, type KeyRing, keyRing, kidText, type VerifyingKey } from "../seal/key.ts";
import { GrowingKeyRing, type Place, type Rotation } from "../seal/rotation.ts";
import type { GatewayKeys, KeptRotation, ReceiverState } from "./port.ts";

export interface Holder {
  readonly gateway: string;
  readonly key: VerifyingKey;
}

export interface SignersParts {
  readonly keys: GatewayKeys;
  readonly refreshKeys?: () => Promise<boolean>;
  readonly state: Pick<ReceiverState, "rotationsTo">;
}

interface Learned {
  readonly gateway: string;
  readonly rotation: Rotation;
}

export class Signers {
  readonly #parts: SignersParts;
  /** By the key that they lead to. */
  readonly #learned = new Map<string, Learned[]>();
  /** Which keys of a gateway are retired; made anew when it changed its key again. */
  readonly #retired = new Map<string, { readonly count: number; readonly ring: GrowingKeyRing }>();

  constructor(parts: SignersParts) {
    this.#parts = parts;
  }

  readonly ring: KeyRing = (kid) => this.holderOf(kid)?.key;

  /** The directory of now has the last word: who is taken out of it takes along what it vouched for. */
  holderOf(kid: KeyId, asked: ReadonlySet<string> = new Set()): Holder | undefined {
    const given = this.#parts.keys(kid);
    const text = kidText(kid);
    if (given !== undefined || asked.has(text)) return given;
    for (const { gateway, rotation } of this.#learned.get(text) ?? []) {
      const from = this.holderOf(rotation.from.kid, new Set([...asked, text]));
      if (from?.gateway === gateway && isSameKey(from.key, rotation.from)) return { gateway, key: rotation.to };
    }
    return undefined;
  }

  /** Looks for a key that is not known: in the directory, and in what other receivers, or this one before, have learned. */
  async lookFor(kid: KeyId): Promise<void> {
    await this.#parts.refreshKeys?.();
    if (this.holderOf(kid) !== undefined) return;
    const kept = await this.#parts.state.rotationsTo(kidText(kid));
    for (const { gateway, statement } of kept) this.learn(gateway, statement);
  }

  /** @param statement that is kept, or about to be: of a verified record of that gateway. */
  learn(gateway: string, statement: string): void {
    const rotation = rotationIn(statement);
    if (rotation === undefined) return;
    const kid = kidText(rotation.to.kid);
    const learned = this.#learned.get(kid) ?? [];
    const isNews = !learned.some((one) => one.gateway === gateway && isSameKey(one.rotation.from, rotation.from));
    if (isNews) this.#learned.set(kid, [...learned, { gateway, rotation }]);
  }

  /** @param rotations all that the gateway made, as its entry has them. */
  maySign(gateway: string, kid: KeyId, place: Place, rotations: readonly KeptRotation[]): boolean {
    if (rotations.length === 0) return true;
    const known = this.#retired.get(gateway);
    if (known?.count === rotations.length) return known.ring.maySign(kid, place);
    const made = rotations.flatMap(({ epoch, seq, statement }) => {
      this.learn(gateway, statement);
      const rotation = rotationIn(statement);
      return rotation === undefined ? [] : [{ rotation, at: { epoch, seq } }];
    });
    const ring = new GrowingKeyRing(keyRing(made.map(({ rotation }) => rotation.from)));
    for (const { rotation, at } of made) ring.learn(rotation, at);
    this.#retired.set(gateway, { count: rotations.length, ring });
    return ring.maySign(kid, place);
  }
}

function rotationIn(statement: string): Rotation | undefined {
  const said = chainStatement(Buffer.from(statement));
  return said?.type === "key-rotation" ? said.rotation : undefined;
}

const isSameKey = (a: VerifyingKey, b: VerifyingKey): boolean => Buffer.from(a.publicKey).equals(b.publicKey);
