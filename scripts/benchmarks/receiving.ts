/** A platform's receiver in a process of its own. Its parent sends it a `Receiving`; it answers `ready`, and ends with it. */
import {
  gatewayKeys,
  type MqttReceiverConfig,
  memoryState,
  openMqttReceiver,
  postgresState,
  Receiver,
} from "../../src/receiver/index.ts";
import { signingKey } from "../../src/seal/key.ts";
import { PLATFORM_SEED } from "./feed.ts";

export interface Receiving {
  readonly config: MqttReceiverConfig;
  /** Public keys, in hex. */
  readonly gateways: Readonly<Record<string, string>>;
  /** Where several receivers share their state; in memory where absent. */
  readonly postgres?: string;
}

const { config, gateways, postgres } = await new Promise<Receiving>((resolve) => process.once("message", resolve));
const keys = Object.entries(gateways).map(([gateway, key]) => [gateway, Buffer.from(key, "hex")] as const);
const receiver = new Receiver({
  keys: gatewayKeys(Object.fromEntries(keys)),
  state: postgres === undefined ? memoryState() : await postgresState({ url: postgres }),
  sinks: [{ hand: async () => [] }],
  platformKey: signingKey(PLATFORM_SEED),
});
const feed = openMqttReceiver({ receiver, config });
await feed.ready;
process.send?.("ready");
process.on("disconnect", () => process.exit());
