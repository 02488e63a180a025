import type { DriverRegistry } from "../../driver/registry.ts";
import type { Observe } from "../../events.ts";
import type { Intake } from "../../intake/port.ts";
import { type Clock, ms, type WallMs } from "../../measure/time.ts";
import { sleep as realSleep, type Sleep } from "../serial/backoff.ts";
import { type Player, playerOf } from "./player.ts";
import type { Scenario, SimulatedDevice } from "./scenario.ts";
import { fill } from "./template.ts";

export interface SimulatedLinkOptions {
  readonly scenario: Scenario;
  readonly drivers: DriverRegistry;
  readonly intake: Intake;
  readonly clock: Clock;
  readonly observe: Observe;
  /** IANA zone that the devices' own clocks are set to: the site's. */
  readonly timeZone: string;
  /** How many times faster than the scenario says; Infinity plays it without a pause. @default 1 */
  readonly speed?: number;
  /** How often it is played. @default Infinity */
  readonly rounds?: number;
  readonly sleep?: Sleep;
}

export interface SimulatedLink extends AsyncDisposable {
  /** Resolves when every round is played and every frame has been taken, or when the link was closed. */
  readonly finished: Promise<void>;
}

/**
 * Plays a scenario's bytes into the real drivers, in the order of their times, each when the one before has been taken.
 * A device keeps what the journal does not take and sends it again. Serial devices go through the real link's session.
 * @throws DRIVER_UNKNOWN where the scenario names a driver that there is not.
 */
export function openSimulatedLink(options: SimulatedLinkOptions): SimulatedLink {
  const closing = new AbortController();
  const sleep = options.sleep ?? realSleep;
  const cast = options.scenario.devices.map((device) => ({
    player: playerOf(device, { ...options, sleep }, closing.signal),
    sends: device.sends,
  }));
  const finished = play({ ...options, sleep }, cast, closing.signal);
  return {
    finished,
    async [Symbol.asyncDispose]() {
      closing.abort();
      for (const { player } of cast) await player[Symbol.asyncDispose]();
      await finished;
    },
  };
}

async function play(
  options: SimulatedLinkOptions & { readonly sleep: Sleep },
  cast: readonly { readonly player: Player; readonly sends: SimulatedDevice["sends"] }[],
  closing: AbortSignal,
): Promise<void> {
  const { scenario, clock, observe, sleep, timeZone, speed = 1, rounds = Number.POSITIVE_INFINITY } = options;
  const cues = cast
    .flatMap(({ player, sends }) => sends.map((send) => ({ player, send })))
    .sort((a, b) => a.send.at - b.send.at);

  observe({ type: "link", link: "simulated", state: "open" });
  for (let round = 1; round <= rounds && !closing.aborted; round += 1) {
    const began = clock.now().wall;
    let at = 0;
    const waitUntil = async (seconds: number) => {
      await sleep(ms(((seconds - at) * 1_000) / speed), closing);
      at = seconds;
    };
    for (const { player, send } of cues) {
      await waitUntil(send.at);
      if (closing.aborted) break;
      await sendAll(player, send, began, timeZone);
    }
    if (round < rounds) await waitUntil(Math.max(scenario.every, at));
  }
  observe({ type: "link", link: "simulated", state: "closed" });
}

async function sendAll(player: Player, send: SimulatedDevice["sends"][number], began: WallMs, timeZone: string) {
  const channel = "channel" in send ? send.channel : undefined;
  for (let time = 0; time < send.times; time += 1) {
    for (const template of send.hex) await player.send(channel, fill(template, began, timeZone));
  }
}
