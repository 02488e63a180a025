/**
 * What a coordination platform embeds to take the feed of its gateways:
 *
 * ```ts
 * const receiver = new Receiver({ keys, state: memoryState(), sinks: [linesSink(process.stdout)], platformKey });
 * await using feed = openMqttReceiver({ receiver, config: { url: "mqtts://…", version: "5", clientId: "platform-1" } });
 * ```
 */

export type { Clock, Instant } from "../measure/time.ts";
export { type KeyRing, keyRing, type SigningKey, signingKey, verifyingKey } from "../seal/key.ts";
export { RecordKind } from "../seal/record.ts";
export { type GatewayDirectory, openDirectory } from "./directory.ts";
export type { DirectoryPlace } from "./directory-files.ts";
export {
  assertUsable,
  type HttpReceiver,
  type HttpReceiverParts,
  type HttpReceiverTls,
  openHttpReceiver,
} from "./http.ts";
export { gatewayKeys } from "./keys.ts";
export { memoryState } from "./memory-state.ts";
export { type MqttReceiver, type MqttReceiverConfig, openMqttReceiver } from "./mqtt.ts";
export type * from "./port.ts";
export type { PostgresPlace } from "./postgres.ts";
export { postgresState } from "./postgres-state.ts";
export { Receiver, type ReceiverParts } from "./receiver.ts";
export { type FhirSinkConfig, fhirSink } from "./sinks/fhir.ts";
export { linesSink } from "./sinks/lines.ts";
export { postgresSink } from "./sinks/postgres.ts";
export { sqliteState } from "./sqlite-state.ts";
export { GatewayWatch, type WatchParts } from "./watch.ts";
