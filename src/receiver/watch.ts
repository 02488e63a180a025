/**
 * Watches over gateways: who fell silent, whose chain broke or waits for what never comes, whose clock went back. Each is said
 * once when it begins and once when it is over. It sees what the receiver says of itself, and changes nothing.
 */
import type { Timers } from "../delivery/timers.ts";
import type { VigieError } from "../errors/error.ts";
import type { Clock } from "../measure/time.ts";
import { errors } from "./errors.ts";
import type { Concern, Outcome, ReceiverEvent, ReceiverState } from "./port.ts";

export interface WatchParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly observe: (event: ReceiverEvent) => void;
  /** Whom to expect something of: the directory of now. */
  readonly gateways: () => readonly string[];
  /** Asked, where receivers share it, whether another one heard a gateway. */
  readonly state: Pick<ReceiverState, "isShared" | "positions">;
  /** A gateway of which nothing comes for so long is silent. */
  readonly silentAfterMs: number;
}

/** A gateway sends again what has no receipt after a minute, and waits 5 min at most between two attempts: six, and some. */
const GAP_MS = 10 * 60_000;
/** Four looks within the shortest silence that can be configured, a minute. */
const LOOK_EVERY_MS = 15_000;
/** NTP slews what is less than 128 ms and steps the rest; a few seconds are a hand, or another source of time. */
const CLOCK_BACK_MS = 3_000;

interface Watched {
  /** Monotonic, ms. */
  heardAt: number;
  /** Since when segments wait for one that is missing. */
  gapSince: number | undefined;
  /** The latest time that it sealed anything at, by a clock that was set. */
  sealedAt: number;
  /** How far it was at the last look, for all receivers. */
  position: string | undefined;
  readonly concerns: Map<Concern, VigieError>;
}

export class GatewayWatch implements Disposable {
  readonly #parts: WatchParts;
  readonly #watched = new Map<string, Watched>();
  #cancel: () => void;
  #isClosed = false;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    for (const gateway of parts.gateways()) this.#of(gateway);
    this.#cancel = this.#next();
  }

  /** Told everything that the receiver observes. */
  readonly take = (event: ReceiverEvent): void => {
    switch (event.type) {
      case "held":
        this.#heard(event.gateway);
        this.#progressed(event.gateway);
        this.#dated(event);
        break;
      case "early": {
        const watched = this.#heard(event.gateway);
        watched.gapSince ??= this.#now();
        break;
      }
      case "repeat":
      case "portion":
      case "unreadable":
      case "ahead":
        this.#heard(event.gateway);
        break;
      case "refused":
        this.#refused(event);
        break;
      case "presence":
        // Unsigned: it says no more than that somebody is there, for those that are expected to be.
        if (event.isOnline && this.#watched.has(event.gateway)) this.#heard(event.gateway);
        break;
    }
  };

  /** Looks who has been silent for too long, and whose gap has not closed. */
  async look(): Promise<void> {
    const expected = new Set(this.#parts.gateways());
    for (const gateway of expected) this.#of(gateway);
    for (const [gateway, watched] of this.#watched) {
      if (!expected.has(gateway)) this.#watched.delete(gateway);
      else await this.#lookAt(gateway, watched);
    }
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#cancel();
  }

  async #lookAt(gateway: string, watched: Watched): Promise<void> {
    const { silentAfterMs, state } = this.#parts;
    const now = this.#now();
    const isSilent = now - watched.heardAt >= silentAfterMs;
    const hasGap = watched.gapSince !== undefined && now - watched.gapSince >= GAP_MS;
    const isNoted = !state.isShared || watched.position !== undefined;
    if (!isSilent && !hasGap && isNoted) return;
    if (state.isShared && (await this.#movedElsewhere(gateway, watched))) return;
    if (isSilent) this.#raise(gateway, "silent", errors.RECEIVER_GATEWAY_SILENT());
    if (hasGap) this.#raise(gateway, "gap", errors.RECEIVER_CHAIN_GAP());
  }

  /** Its segments go to whichever receiver is free. */
  async #movedElsewhere(gateway: string, watched: Watched): Promise<boolean> {
    const before = watched.position;
    watched.position = JSON.stringify(await this.#parts.state.positions(gateway));
    if (before === undefined) return true;
    if (before === watched.position) return false;
    this.#heard(gateway);
    this.#progressed(gateway);
    return true;
  }

  #refused({ gateway, fault }: Extract<Outcome, { type: "refused" }>): void {
    if (gateway === undefined) return;
    switch (fault) {
      case "fork":
      case "bad-start":
        this.#heard(gateway);
        this.#raise(gateway, "chain", errors.RECEIVER_CHAIN_BROKEN());
        break;
      case "altered":
      case "no-room":
        this.#heard(gateway);
        break;
      // Nobody knows who that was.
      case "malformed":
      case "unknown-key":
      case "bad-signature":
      case "foreign":
      case "retired-key":
        break;
    }
  }

  #dated({ gateway, sealed }: Extract<Outcome, { type: "held" }>): void {
    if (!sealed.isTrusted) return;
    const watched = this.#of(gateway);
    if (sealed.atMs < watched.sealedAt - CLOCK_BACK_MS) {
      this.#raise(gateway, "clock", errors.RECEIVER_CLOCK_BACK());
      return;
    }
    watched.sealedAt = Math.max(watched.sealedAt, sealed.atMs);
    this.#over(gateway, "clock");
  }

  #heard(gateway: string): Watched {
    const watched = this.#of(gateway);
    watched.heardAt = this.#now();
    this.#over(gateway, "silent");
    return watched;
  }

  #progressed(gateway: string): void {
    this.#of(gateway).gapSince = undefined;
    this.#over(gateway, "gap");
    this.#over(gateway, "chain");
  }

  #raise(gateway: string, concern: Concern, error: VigieError): void {
    const { concerns } = this.#of(gateway);
    if (concerns.has(concern)) return;
    concerns.set(concern, error);
    this.#parts.observe({ type: "concern", gateway, concern, state: "raised", error });
  }

  #over(gateway: string, concern: Concern): void {
    const { concerns } = this.#of(gateway);
    const error = concerns.get(concern);
    if (error === undefined) return;
    concerns.delete(concern);
    this.#parts.observe({ type: "concern", gateway, concern, state: "over", error });
  }

  #of(gateway: string): Watched {
    const watched = this.#watched.get(gateway) ?? {
      heardAt: this.#now(),
      gapSince: undefined,
      sealedAt: Number.NEGATIVE_INFINITY,
      position: undefined,
      concerns: new Map(),
    };
    this.#watched.set(gateway, watched);
    return watched;
  }

  #now(): number {
    return this.#parts.clock.now().monotonic;
  }

  #next(): () => void {
    return this.#parts.timers.after(LOOK_EVERY_MS, () => {
      this.look()
        .catch((error: unknown) => this.#parts.observe({ type: "failed", error }))
        .finally(() => {
          if (!this.#isClosed) this.#cancel = this.#next();
        });
    });
  }
}
