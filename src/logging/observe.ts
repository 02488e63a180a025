/**
 * What happens on the way of a reading, as lines of the log: who stands before a wedged radio learns which stage and
 * which device, never whose reading it was nor what it said.
 */
import { createHmac, randomBytes } from "node:crypto";
import type { VigieError } from "../errors/error.ts";
import type { GatewayEvent, Observe } from "../events.ts";
import type { Facts, Log } from "./log.ts";

/** @param salt makes the names of devices in this log unlike those of any other run. */
export function observeLog(log: Log, salt: Uint8Array = randomBytes(16)): Observe {
  const alias = aliases(salt);
  return (event: GatewayEvent) => {
    switch (event.type) {
      case "measured": {
        const { kind, driver, device } = event.measurement;
        log.debug("measured", { kind, driver, device: alias(device.address) });
        break;
      }
      case "rejected": {
        const { driver, device, reason } = event;
        // A scale says forty times that it is not settled yet: that is how it talks, and nothing to warn of.
        const isTalk = reason === "unsettled" || reason === "not-a-measure";
        log[isTalk ? "debug" : "warn"]("frame rejected", { driver, device: alias(device.address), reason });
        break;
      }
      case "journaled":
        log.debug("journaled", { seq: event.seq, as: event.as, device: alias(event.measurement.device.address) });
        break;
      case "delivered":
        log.debug("delivered", { destination: event.destination, first: event.firstSeq, last: event.lastSeq });
        break;
      case "receipted":
        log.debug("receipted", { destination: event.destination, through: event.through });
        break;
      case "destination":
        log[event.state === "suspended" ? "error" : "info"](`destination ${event.state}`, {
          destination: event.destination,
          ...fault(event.error),
        });
        break;
      case "link":
        log[event.state === "failed" ? "warn" : "info"](`link ${event.state}`, {
          link: alias(event.link),
          ...fault(event.error),
        });
        break;
      case "device":
        log.info(`device ${event.state}`, { device: alias(event.device) });
        break;
      case "fault":
        log.error("fault", fault(event.error));
        break;
    }
  };
}

/**
 * An error's code and its documented sentence. What was found and where stay out: a path of the Bluetooth stack holds an
 * address, and nothing here could tell. docs/errors.md says what the code means and what to do.
 */
function fault(error: VigieError | undefined): Facts {
  return error === undefined ? {} : { code: error.code, what: error.definition.what.en };
}

/** Short names for devices and links that hold for one run: enough to follow one in a log, nothing to look up. */
function aliases(salt: Uint8Array): (name: string) => string {
  const known = new Map<string, string>();
  return (name) => {
    const alias = known.get(name) ?? createHmac("sha256", salt).update(name).digest("hex").slice(0, 6);
    known.set(name, alias);
    return alias;
  };
}
