/** The platform's side of a benchmark, in a process of its own, as it is in the world. argv: broker's URL, gateway's public key (hex) or `unsigned`. */
import { gatewayKeys, memoryState, openMqttReceiver, Receiver } from "../../src/receiver/index.ts";
import { kidOf, signingKey, type VerifyingKey } from "../../src/seal/key.ts";
import { GATEWAY, PLATFORM_SEED, UNSIGNED_KEY } from "./feed.ts";

const [url = "", key = ""] = process.argv.slice(2);

/** For the comparison without signatures: believes whatever comes. */
const believing: VerifyingKey = { kid: kidOf(UNSIGNED_KEY), publicKey: UNSIGNED_KEY, verify: () => true };

const receiver = new Receiver({
  keys:
    key === "unsigned"
      ? () => ({ gateway: GATEWAY, key: believing })
      : gatewayKeys({ [GATEWAY]: Buffer.from(key, "hex") }),
  state: memoryState(),
  sinks: [{ hand: async () => [] }],
  platformKey: signingKey(PLATFORM_SEED),
});
const feed = openMqttReceiver({ receiver, config: { url, version: "5", clientId: "bench-platform" } });
await feed.ready;
process.send?.("ready");
process.on("disconnect", () => process.exit());
