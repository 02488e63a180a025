/** Whether there is something to look at: how each destination stands, what it refused, what waits for a decision. */
import { z } from "zod";
import { letterShape } from "../delivery/dead-letters.ts";
import { readWaiting } from "../intake/waiting.ts";
import { type Journal, REFUSALS } from "../journal/port.ts";

const lineShape = z.strictObject({
  name: z.string(),
  state: z.enum(["connecting", "connected", "waiting", "suspended", "closed"]),
  /** The code of what is in the way. */
  trouble: z.string().exactOptional(),
});
/** A destination of a gateway that runs. */
export type Line = z.output<typeof lineShape>;

export const healthShape = z.strictObject({
  gateway: z.string(),
  /** The site's, in which times are shown. */
  timeZone: z.string(),
  lastSeq: z.int(),
  isFull: z.boolean(),
  isMovingToBoxKey: z.boolean(),
  destinations: z.array(
    z.strictObject({
      name: z.string(),
      /** Where the gateway runs. */
      line: lineShape.exactOptional(),
      /** The last record that it has confirmed. */
      through: z.int(),
      /** Records that it refused for good, and that nobody has sent again. */
      aside: z.int(),
      /** Records that it refused, and that are to be sent again. */
      again: z.int(),
    }),
  ),
  quarantine: z.strictObject({
    count: z.int(),
    /** When the one that waits longest came in, milliseconds since 1970. */
    since: z.int().exactOptional(),
  }),
});
export type Health = z.output<typeof healthShape>;

export interface HealthParts {
  readonly journal: Pick<Journal, "status" | "facts" | "cursor" | "lastSeq">;
  readonly timeZone: string;
  /** The names of the configured destinations. */
  readonly destinations: readonly string[];
  /** Empty where the gateway does not run. */
  readonly lines: readonly Line[];
}

/** @throws JOURNAL_DAMAGED */
export async function healthOf({ journal, timeZone, destinations, lines }: HealthParts): Promise<Health> {
  const { gateway, lastSeq, isFull, isMovingToBoxKey } = await journal.status();
  const letters = (await journal.facts(REFUSALS)).map(({ value }) => letterShape.parse(JSON.parse(value)));
  const [oldest, ...others] = await readWaiting(journal);
  const told = destinations.map(async (name) => {
    const line = lines.find((one) => one.name === name);
    const its = letters.filter(({ destination }) => destination === name);
    const again = its.filter((letter) => letter.again).length;
    const through = await journal.cursor(name);
    return { name, through, aside: its.length - again, again, ...(line === undefined ? {} : { line }) };
  });
  return {
    gateway,
    timeZone,
    lastSeq,
    isFull,
    isMovingToBoxKey,
    destinations: await Promise.all(told),
    quarantine:
      oldest === undefined
        ? { count: 0 }
        : { count: 1 + others.length, since: Math.round(oldest.measurement.receivedAt.wall) },
  };
}
