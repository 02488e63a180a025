/** The one gateway whose journal the fault tests write in one process and judge in another. */
import { type JournalOptions, openJournal } from "../../src/journal/open.ts";
import type { Journal } from "../../src/journal/port.ts";
import { ms, wallMs } from "../../src/measure/time.ts";
import { keyRing, signingKey, verifyingKey } from "../../src/seal/key.ts";

export const boxKey = new Uint8Array(32).fill(5);
export const signingSeed = new Uint8Array(32).fill(7);
const key = signingKey(signingSeed);
export const publicKey = key.publicKey;
export const ring = keyRing([verifyingKey(publicKey)]);
export const GATEWAY = "under-test";

/** Stands still: no fault here is about time. */
const clock = {
  now: () => ({
    wall: wallMs(1_790_000_000_000),
    monotonic: ms(1_000),
    bootId: "0123456789abcdef0123456789abcdef",
    synchronised: true,
  }),
};

export function openUnderTest(folder: string, change: Partial<JournalOptions> = {}): Promise<Journal> {
  return openJournal({
    folder,
    gateway: GATEWAY,
    boxKey,
    signingKey: key,
    clock,
    ...change,
  });
}
