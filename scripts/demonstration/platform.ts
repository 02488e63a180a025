/** The other side of the demonstration: a receiver that verifies, hands over and receipts. */

import { gatewayKeys, memoryState, openMqttReceiver, Receiver } from "../../src/receiver/index.ts";
import { kidText, type SigningKey, signingKey } from "../../src/seal/key.ts";
import type { Broker } from "./broker.ts";
import type { Tally } from "./tally.ts";

export interface PlatformParts {
  readonly broker: Broker;
  readonly platformKey: SigningKey;
  readonly gateway: string;
  readonly gatewaySeed: Uint8Array;
  readonly tally: Tally;
}

/** @returns when the receiver has subscribed: from then on it hears every segment. */
export async function startPlatform({
  broker,
  platformKey,
  gateway,
  gatewaySeed,
  tally,
}: PlatformParts): Promise<AsyncDisposable> {
  const receiver = new Receiver({
    keys: gatewayKeys({ [gateway]: signingKey(gatewaySeed).publicKey }),
    state: memoryState(),
    sinks: [
      {
        async hand({ records }) {
          for (const { seq } of records) tally.verified(seq);
          return [];
        },
      },
    ],
    platformKey,
  });
  const clientId = `platform-${kidText(platformKey.kid)}`;
  const feed = openMqttReceiver({
    receiver,
    config: { url: broker.url, version: broker.version === 5 ? "5" : "3.1.1", clientId },
  });
  await feed.ready;
  return feed;
}
