/** What devices are called in a log: a short name that holds for one run. Enough to follow one; without its salt, nothing to look up. */
import { createHmac, randomBytes } from "node:crypto";

export type LogNames = (address: string) => string;

/** @param salt makes the names unlike those of any other run. */
export function logNames(salt: Uint8Array = randomBytes(16)): LogNames {
  const known = new Map<string, string>();
  return (address) => {
    const name = known.get(address) ?? createHmac("sha256", salt).update(address).digest("hex").slice(0, 6);
    known.set(address, name);
    return name;
  };
}
