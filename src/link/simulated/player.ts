import type { Driver } from "../../driver/define.ts";
import type { DriverRegistry } from "../../driver/registry.ts";
import { say } from "../../errors/sentence.ts";
import type { Observe } from "../../events.ts";
import type { Intake } from "../../intake/port.ts";
import type { Device } from "../../measure/measurement.ts";
import type { Clock } from "../../measure/time.ts";
import { backoff, type Sleep } from "../serial/backoff.ts";
import { SerialSession } from "../serial/session.ts";
import { errors } from "./errors.ts";
import type { SimulatedDevice } from "./scenario.ts";

export interface PlayerOptions {
  readonly drivers: DriverRegistry;
  readonly intake: Intake;
  readonly clock: Clock;
  readonly observe: Observe;
  readonly sleep: Sleep;
}

/** One device of a scenario. */
export interface Player extends AsyncDisposable {
  /** Resolves when what was sent has been taken, or when the device gave up because the link closes. */
  send(channel: number | undefined, bytes: Uint8Array): Promise<void>;
}

/** @throws DRIVER_UNKNOWN; SCENARIO_INVALID where the driver speaks over another kind of link. */
export function playerOf(simulated: SimulatedDevice, options: PlayerOptions, closing: AbortSignal): Player {
  const { link, driver: id, sends: _, ...facts } = simulated;
  const device: Device = { ...facts, transport: link };
  const driver = options.drivers.get(id);
  if (driver.transport !== link) {
    throw errors.SCENARIO_INVALID({
      found: say(`${id} sur ${link}`, `${id} over ${link}`),
      expected: say(`${id} sur ${driver.transport}`, `${id} over ${driver.transport}`),
    });
  }
  return driver.transport === "serial"
    ? serialPlayer(new SerialSession({ ...options, driver, device }))
    : blePlayer(driver, device, options, closing);
}

/** Through the session of the real serial link: lines are cut and repetitions are found as they are there. */
function serialPlayer(session: SerialSession): Player {
  return {
    async send(_channel, bytes) {
      session.receive(bytes);
      await session.idle();
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

/** A device that keeps its reading until it is taken, as one does that is told nothing. */
function blePlayer(driver: Driver, device: Device, options: PlayerOptions, closing: AbortSignal): Player {
  const { intake, clock, observe, sleep } = options;
  return {
    async send(channel, bytes) {
      if (channel === undefined) return;
      for (let failures = 0; !closing.aborted; failures += 1) {
        try {
          await intake.take({ driver, channel, device, receivedAt: clock.now(), bytes });
          return;
        } catch (cause) {
          if (failures === 0) observe({ type: "fault", error: errors.SIMULATED_NOT_TAKEN({ cause }) });
        }
        await sleep(backoff(failures), closing);
      }
    },
    async [Symbol.asyncDispose]() {},
  };
}
