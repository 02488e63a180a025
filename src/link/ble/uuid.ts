/** Bluetooth SIG UUIDs: a 16-bit number on the Bluetooth base UUID, as BlueZ writes them on D-Bus. Pure. */

const BASE = "-0000-1000-8000-00805f9b34fb";

/** `00002a35-0000-1000-8000-00805f9b34fb` for 0x2a35. */
export function uuidOf(short: number): string {
  return `0000${short.toString(16).padStart(4, "0")}${BASE}`;
}

/** 0x2a35, or undefined where the UUID is a vendor's own or no UUID. */
export function shortOf(uuid: string): number | undefined {
  const match = /^0000([0-9a-f]{4})(-.*)$/.exec(uuid.toLowerCase());
  return match?.[2] === BASE ? Number.parseInt(match[1] ?? "", 16) : undefined;
}

/** The 16-bit ones among them. */
export function shortsOf(uuids: readonly string[]): number[] {
  return uuids.map(shortOf).filter((short) => short !== undefined);
}
