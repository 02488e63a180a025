/**
 * A frame as a scenario writes it: hex digits, spaces as one likes, and where the device puts its own clock `{datetime}`,
 * `{datetime-120s}`, `{datetime-2h}`: a GATT Date Time, that long after or before the round began.
 */
import { encodeDateTime, localTime } from "../../driver/datetime.ts";
import { type WallMs, wallMs } from "../../measure/time.ts";

/** Bytes as they are, or the device's clock, so many milliseconds from the round's beginning. */
export type Piece = Uint8Array | { readonly clockOffsetMs: number };

const CLOCK = /\{datetime(?:([+-]\d+)(s|min|h|d))?\}/;
const unitMs = { s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const isUnit = (text: string | undefined): text is keyof typeof unitMs => text !== undefined && text in unitMs;

/** @returns undefined where the text is no such frame. */
export function parseTemplate(text: string): readonly Piece[] | undefined {
  const pieces: Piece[] = [];
  // Splitting at a pattern with two groups gives: text, amount, unit, text, amount, unit, …, text.
  const parts = text.split(CLOCK);
  for (let at = 0; at < parts.length; at += 3) {
    const digits = (parts[at] ?? "").replace(/\s/g, "");
    if (!/^(?:[0-9a-f]{2})*$/i.test(digits)) return undefined;
    pieces.push(Uint8Array.from(Buffer.from(digits, "hex")));
    if (at + 1 === parts.length) break;
    const unit = parts[at + 2];
    pieces.push({ clockOffsetMs: isUnit(unit) ? Number(parts[at + 1]) * unitMs[unit] : 0 });
  }
  return pieces;
}

/** The bytes that a device would send whose clock is right. @param timeZone IANA zone that the device's clock is set to. */
export function fill(template: readonly Piece[], began: WallMs, timeZone: string): Uint8Array {
  const bytes = template.map((piece) =>
    piece instanceof Uint8Array ? piece : encodeDateTime(localTime(wallMs(began + piece.clockOffsetMs), timeZone)),
  );
  return Uint8Array.from(Buffer.concat(bytes));
}
