/** MQTT reason codes (MQTT 5 §2.4) that mean something for one message alone; those for a whole destination: ../trouble.ts. */

/** Packet too large. */
export const TOO_LARGE = 0x95;
/** Payload format invalid: the broker looked into the message, and does not take it. */
export const INVALID_CONTENT = 0x99;
