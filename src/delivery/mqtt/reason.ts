/** MQTT reason codes as people look them up (MQTT 5 §2.4). */
export const hexCode = (code: number): string => `reason code 0x${code.toString(16).padStart(2, "0")}`;
