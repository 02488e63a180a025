/** The other side of the demonstration: a receiver that verifies, hands over and receipts. */
import { once } from "node:events";
import { keyRing, type SigningKey, signingKey, verifyingKey } from "../../src/seal/key.ts";
import type { Broker } from "./broker.ts";
import type { Tally } from "./tally.ts";

void once;
void keyRing;
export interface PlatformParts {
  readonly broker: Broker;
  readonly platformKey: SigningKey;
  readonly gateway: string;
  readonly gatewaySeed: Uint8Array;
  readonly tally: Tally;
}

export interface Platform extends AsyncDisposable {
  readonly name: string;
}

export async function startPlatform(parts: PlatformParts): Promise<Platform> {
  void verifyingKey(signingKey(parts.gatewaySeed).publicKey);
  throw new Error("receiver");
}
