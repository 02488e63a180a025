/**
 * What happens on the way of a reading, as lines of the log: who stands before a wedged radio learns which stage and
 * which device, never whose reading it was nor what it said. What repeats itself is told once; what a person should mend
 * is an error, what mends itself a warning.
 */
import type { Timers } from "../delivery/timers.ts";
import type { RejectReason } from "../driver/reject.ts";
import { ExitCode, type VigieError } from "../errors/error.ts";
import type { GatewayEvent, Observe } from "../events.ts";
import type { Clock } from "../measure/time.ts";
import { fault } from "./fault.ts";
import type { Facts, Log, LogLevel } from "./log.ts";
import { type LogNames, logNames } from "./names.ts";
import { Outages } from "./outages.ts";
import { Sparing } from "./sparing.ts";

type Of<Type extends GatewayEvent["type"]> = Extract<GatewayEvent, { readonly type: Type }>;

export interface LogObserverParts {
  readonly clock: Clock;
  readonly timers: Timers;
  /** What devices are called. @default names of its own */
  readonly names?: LogNames;
}

export class LogObserver implements Disposable {
  readonly #log: Log;
  readonly #nameOf: LogNames;
  readonly #outages: Outages;
  readonly #sparing: Sparing;

  constructor(log: Log, { clock, timers, names = logNames() }: LogObserverParts) {
    this.#log = log;
    this.#nameOf = names;
    this.#outages = new Outages(log, clock, timers);
    this.#sparing = new Sparing(timers);
  }

  readonly observe: Observe = (event) => {
    switch (event.type) {
      case "measured": {
        const { kind, driver, device } = event.measurement;
        this.#log.debug("measured", { kind, driver, device: this.#nameOf(device.address) });
        break;
      }
      case "rejected":
        this.#rejected(event);
        break;
      case "journaled": {
        const device = this.#nameOf(event.measurement.device.address);
        this.#log.debug("journaled", { seq: event.seq, as: event.as, device });
        break;
      }
      case "delivered": {
        const { destination, firstSeq: first, lastSeq: last } = event;
        this.#log.debug("delivered", { destination, first, last });
        break;
      }
      case "receipted":
        this.#log.debug("receipted", { destination: event.destination, through: event.through });
        this.#outages.settled(`destination ${event.destination}`);
        break;
      case "destination":
        this.#destination(event);
        break;
      case "link":
        this.#link(event);
        break;
      case "device":
        this.#log.info(`device ${event.state}`, { device: this.#nameOf(event.device) });
        break;
      case "relieved":
        this.#sparing.forget("fault JOURNAL_FULL");
        this.#log.warn("journal takes readings again", { minutes: Math.round(event.fullFor / 60_000) });
        break;
      case "fault":
        this.#fault(event.error);
        break;
    }
  };

  [Symbol.dispose](): void {
    this.#outages[Symbol.dispose]();
    this.#sparing[Symbol.dispose]();
  }

  #rejected({ driver, device: { address }, reason }: Of<"rejected">): void {
    const facts = { driver, device: this.#nameOf(address), reason };
    const level: LogLevel = isHowDevicesTalk[reason] ? "debug" : "warn";
    this.#sparing.tell(`rejected ${address} ${reason}`, (times) => {
      this.#log[level]("frame rejected", { ...facts, ...often(times) });
    });
  }

  #fault(error: VigieError): void {
    const level: LogLevel = error.exit === ExitCode.tempFail ? "warn" : "error";
    this.#sparing.tell(`fault ${error.code}`, (times) =>
      this.#log[level]("fault", { ...fault(error), ...often(times) }),
    );
  }

  #destination({ destination, state, error }: Of<"destination">): void {
    const level: LogLevel = state === "suspended" ? "error" : "info";
    const name = `destination ${destination}`;
    const facts = { destination, ...fault(error) };
    this.#log[this.#levelOf(name, level, `${state} ${error?.code ?? ""}`)](`destination ${state}`, facts);
    if (state === "connected") this.#outages.back(name, facts);
    else this.#outages.away(name, facts);
  }

  #link({ link, device, state, error, isConversation }: Of<"link">): void {
    const level: LogLevel = error === undefined ? "info" : "warn";
    const facts = { link, ...(device === undefined ? {} : { device: this.#nameOf(device) }), ...fault(error) };
    if (isConversation) {
      const tell = (times: number): void => this.#log[level](`link ${state}`, { ...facts, ...often(times) });
      // It begins and ends with each reading; what fails is tried again every few minutes, for ever.
      if (error === undefined) tell(1);
      else this.#sparing.tell(`${link} ${error.code}`, tell);
      return;
    }
    const name = ["link", link, facts.device].filter((part) => part !== undefined).join(" ");
    this.#log[this.#levelOf(name, level, `${state} ${error?.code ?? ""}`)](`link ${state}`, facts);
    if (state === "open") this.#outages.back(name, facts);
    else if (error !== undefined) this.#outages.away(name, facts);
    else this.#outages.forget(name);
  }

  /** An attempt that ends like one before is no news. */
  #levelOf(name: string, level: LogLevel, line: string): LogLevel {
    return this.#outages.isNews(name, line) ? level : "debug";
  }
}

/** An unstable weight or a tare says that a scale is at work; the others, that a reading may have been missed. */
const isHowDevicesTalk: Readonly<Record<RejectReason, boolean>> = {
  unsettled: true,
  "not-a-measure": true,
  truncated: false,
  oversized: false,
  malformed: false,
  checksum: false,
  "unknown-channel": false,
  defect: false,
};

const often = (times: number): Facts => (times === 1 ? {} : { times });
