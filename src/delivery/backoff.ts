/** How long to wait before the next attempt. Jitter keeps ten thousand boxes from returning in the same second. */

/** Which kind of trouble there is: what a person has to mend is not asked for as often as a network. */
export type Pace =
  | "network"
  /** Certificates, identity, authorisation. Nobody mends these in seconds, and each try is an alarm at the other end. */
  | "credentials";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const bounds: Readonly<Record<Pace, { readonly least: number; readonly most: number }>> = {
  network: { least: SECOND, most: 5 * MINUTE },
  credentials: { least: MINUTE, most: 60 * MINUTE },
};

/**
 * Full jitter: anywhere between the least wait and a ceiling that doubles with each failure in a row.
 * @param failures in a row, from 1 on
 * @param random in [0, 1)
 * @returns milliseconds
 */
export function backoff(failures: number, pace: Pace, random: () => number): number {
  const { least, most } = bounds[pace];
  // Beyond 2^20 the ceiling stands anyway, and no exponent overflows however long the outage.
  const ceiling = Math.min(most, least * 2 ** Math.min(failures, 20));
  return least + random() * (ceiling - least);
}

/**
 * The first wait after a connection that stood was lost is anywhere within this: whatever took it took everybody's.
 * 10 000 boxes over 10 s are 1 000 TLS handshakes a second, which one broker core still does.
 */
export const SPREAD_AFTER_LOSS_MS = 10 * SECOND;
