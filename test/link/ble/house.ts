/** The rest of the house as a link sees it: an intake that remembers, a clock that stands still, a watcher. */

import bloodPressure from "../../../drivers/gatt-blood-pressure.ts";
import thermometer from "../../../drivers/gatt-thermometer.ts";
import { DriverRegistry } from "../../../src/driver/registry.ts";
import type { GatewayEvent } from "../../../src/events.ts";
import type { Frame, Intake, Taken } from "../../../src/intake/port.ts";
import {
  type BleLink,
  type BleLinkOptions,
  defaultTiming,
  openBleLink,
  type Timing,
} from "../../../src/link/ble/link.ts";
import { type Clock, ms, wallMs } from "../../../src/measure/time.ts";
import type { Bench } from "../../bench-bluez/bench.ts";

export const drivers = new DriverRegistry([bloodPressure, thermometer]);

/** 2026-11-21 08:30:15 UTC, a Saturday. */
export const clock: Clock = {
  now: () => ({
    wall: wallMs(Date.UTC(2026, 10, 21, 8, 30, 15)),
    monotonic: ms(1),
    bootId: "0".repeat(32),
    synchronised: true,
  }),
};

/** Everything a hundred times faster than in the field, answers apart. */
export const fast: Timing = {
  ...defaultTiming,
  call: ms(2_000),
  objects: ms(50),
  retryDevice: { first: ms(10), last: ms(100) },
  retryBus: { first: ms(10), last: ms(50) },
  retryIntake: { first: ms(5), last: ms(20) },
};

/** What changes as time goes by, and can be waited for. */
export class Watched<Item> {
  readonly all: Item[] = [];
  readonly #waiting = new Set<() => void>();

  add(item: Item): void {
    this.all.push(item);
    for (const check of [...this.#waiting]) check();
  }

  /** Resolves when the items are as wanted. */
  until(wanted: (all: readonly Item[]) => boolean): Promise<void> {
    if (wanted(this.all)) return Promise.resolve();
    return new Promise((resolve) => {
      const check = () => {
        if (!wanted(this.all)) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
    });
  }
}

export class RememberingIntake implements Intake {
  readonly frames = new Watched<Frame>();
  /** While set, nothing is taken. */
  refusing: Error | undefined;
  refused = 0;

  async take(frame: Frame): Promise<Taken> {
    if (this.refusing !== undefined) {
      this.refused += 1;
      throw this.refusing;
    }
    this.frames.add(frame);
    return "kept";
  }

  get bytes(): number[][] {
    return this.frames.all.map(({ bytes }) => [...bytes]);
  }
}

export interface House {
  readonly link: BleLink;
  readonly intake: RememberingIntake;
  readonly events: Watched<GatewayEvent>;
  /** The codes of all errors told. */
  readonly errors: () => string[];
  /** Resolves when this error was told. */
  readonly told: (code: string) => Promise<void>;
  /** Resolves when a link of this name came to this state for the nth time. */
  readonly linked: (link: string, state: "open" | "closed" | "failed", times?: number) => Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export const cuffAddress = "AA:BB:CC:DD:EE:01";

export async function openHouse(bench: Bench, options: Partial<BleLinkOptions> = {}): Promise<House> {
  const intake = new RememberingIntake();
  const events = new Watched<GatewayEvent>();
  const link = await openBleLink({
    drivers,
    known: [{ device: { address: cuffAddress, transport: "ble" } }],
    intake,
    clock,
    observe: (event) => events.add(event),
    bus: bench.address,
    timeZone: "Europe/Paris",
    timing: fast,
    ...options,
  });
  const codes = (all: readonly GatewayEvent[]) =>
    all.flatMap((event) => ("error" in event ? (event.error?.code ?? []) : []));
  return {
    link,
    intake,
    events,
    errors: () => codes(events.all),
    told: (code) => events.until((all) => codes(all).includes(code)),
    linked: (name, state, times = 1) =>
      events.until(
        (all) =>
          all.filter((event) => event.type === "link" && event.link === name && event.state === state).length >= times,
      ),
    [Symbol.asyncDispose]: async () => link[Symbol.asyncDispose](),
  };
}
