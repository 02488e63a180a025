import { type KeyId, kidText, verifyingKey } from "../seal/key.ts";
import type { GatewayKeys } from "./port.ts";

/**
 * A directory of gateways: each may sign with its own key, and for itself only.
 * @param gateways public key (32 bytes) by the gateway's id; the old one and the new one while it changes its key.
 * @throws SEAL_KEY_INVALID
 */
export function gatewayKeys(gateways: Readonly<Record<string, Uint8Array | readonly Uint8Array[]>>): GatewayKeys {
  const byKid = new Map(
    Object.entries(gateways).flatMap(([gateway, publicKeys]) =>
      [publicKeys].flat().map((publicKey) => {
        const key = verifyingKey(publicKey);
        return [kidText(key.kid), { gateway, key }] as const;
      }),
    ),
  );
  return (kid: KeyId) => byKid.get(kidText(kid));
}
