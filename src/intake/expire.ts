/** A site may let quarantined readings go that nobody decided on in so many days; each is then discarded, and said to be. */
import { discard } from "./desk.ts";
import { quarantined } from "./forget.ts";
import type { DeskParts } from "./parts.ts";
import { readWaiting, type Waiting } from "./waiting.ts";

const DAY_MS = 86_400_000;

/**
 * Discards what arrived so many days ago and was announced to every destination. What arrived at a time that nobody vouches
 * for waits on, and so does everything while the clock is not to be trusted, or where there is nobody to announce it to.
 * @returns how many there were.
 */
export async function discardAfter(days: number, parts: DeskParts): Promise<number> {
  const { clock, journal, destinations } = parts;
  const now = clock.now();
  if (!now.synchronised || destinations.length === 0) return 0;
  const announced = Math.min(...(await Promise.all(destinations.map((name) => journal.cursor(name)))));
  const isOld = ({ measurement: { receivedAt } }: Waiting) =>
    receivedAt.synchronised && receivedAt.wall + days * DAY_MS <= now.wall;
  let discarded = 0;
  for (const { id, measurement } of (await readWaiting(journal)).filter(isOld)) {
    const record = await quarantined(measurement, parts);
    if (record !== undefined && record.seq > announced) continue;
    await discard(id, parts, { by: "gateway", reason: `journal.quarantineAfterDays: ${days}` });
    discarded += 1;
  }
  return discarded;
}
