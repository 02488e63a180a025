/**
 * Dates again what was sealed while the clock could not be trusted. A board without a battery wakes in 1970; when its clock
 * becomes right, an anchor record says which wall time its monotonic clock stood for, and everything of that boot can be
 * counted from there. Nothing signed is rewritten: this is a reader's computation.
 */
import { z } from "zod";
import type { SealClock } from "./record.ts";

const AnchorBody = z.object({
  type: z.literal("clock-anchor"),
  bootId: z.string().regex(/^[0-9a-f]{32}$/),
  monotonicMs: z.number().nonnegative(),
  wallMs: z.number(),
  synchronised: z.boolean(),
});

/** One moment of one boot: what the monotonic clock read, and what the wall clock said. */
export type ClockAnchor = z.infer<typeof AnchorBody>;

/** @param body of an event record. @returns undefined where it is no anchor. */
export function clockAnchor(body: Uint8Array): ClockAnchor | undefined {
  try {
    return AnchorBody.safeParse(JSON.parse(Buffer.from(body).toString())).data;
  } catch {
    // An event that is no JSON is no anchor.
    return undefined;
  }
}

/**
 * @param sealed the segment's clock and its own wall time, ms since 1970.
 * @param anchors of the same gateway, in any order.
 * @returns ms since 1970: the segment's own where its clock was synchronised, else counted from the trusted anchor of the
 * same boot that is nearest to it; undefined where there is none (yet).
 */
export function redate(
  sealed: { readonly clock: SealClock; readonly sealedAtMs: number },
  anchors: readonly ClockAnchor[],
): number | undefined {
  const { clock, sealedAtMs } = sealed;
  if (clock.synchronised) return sealedAtMs;
  const bootId = Buffer.from(clock.bootId).toString("hex");
  const distance = ({ monotonicMs }: ClockAnchor) => Math.abs(monotonicMs - clock.monotonicMs);
  const [nearest] = anchors
    .filter((anchor) => anchor.synchronised && anchor.bootId === bootId)
    .sort((a, b) => distance(a) - distance(b));
  // The nearest, because crystals drift: 50 ppm are 4 s a day.
  return nearest && nearest.wallMs - (nearest.monotonicMs - clock.monotonicMs);
}
