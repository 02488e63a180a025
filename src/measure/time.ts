/**
 * Times. Durations and instants carry their unit in the type, so that seconds and milliseconds cannot meet.
 */

declare const unit: unique symbol;
/** Milliseconds: a duration, or a monotonic reading. */
export type Milliseconds = number & { readonly [unit]: "ms" };
/** Milliseconds since 1970-01-01T00:00:00Z on the gateway's wall clock. */
export type WallMs = number & { readonly [unit]: "wall-ms" };

export const ms = (value: number): Milliseconds => value as Milliseconds;
export const wallMs = (value: number): WallMs => value as WallMs;

/** One moment as the gateway saw it: what its wall clock said, whether to believe it, and what no clock setting can move. */
export interface Instant {
  readonly wall: WallMs;
  /** Milliseconds since the board started (CLOCK_MONOTONIC): orders what happened within one boot. */
  readonly monotonic: Milliseconds;
  /** 32 hex digits, new at every boot of the board. */
  readonly bootId: string;
  /** Whether the wall clock was synchronised with a source of time when it was read. */
  readonly synchronised: boolean;
}

export interface Clock {
  now(): Instant;
}

/**
 * The device's own time, as it sent it: a local wall clock, most often without a zone.
 * `local` is `YYYY-MM-DDThh:mm:ss`; parts that the device said it does not know make the whole time unknown, so there is none.
 */
export interface DeviceTime {
  readonly local: string;
  /** Minutes east of UTC where the device says so, else undefined: the site's zone is then assumed, and said to be. */
  readonly utcOffsetMinutes?: number;
}
