export type { Destination, DestinationStatus } from "./destination.ts";
export { type MqttDestinationConfig, type MqttDestinationParts, openMqttDestination } from "./mqtt/destination.ts";
export type { MqttVersion, TlsMaterial } from "./mqtt/port.ts";
export type { FeedAddress } from "./mqtt/topics.ts";
export { systemTimers, type Timers } from "./timers.ts";
export type { Withhold } from "./withhold.ts";
