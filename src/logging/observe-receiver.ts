/** What the receiver says of itself, as lines of the log: gateways and numbers, never what a record holds. */
import { isVigieError, type VigieError } from "../errors/error.ts";
import type { ReceiverEvent } from "../receiver/port.ts";
import { fault } from "./fault.ts";
import type { Facts, Log } from "./log.ts";
import type { Outages } from "./outages.ts";

/** @param outages tells where the feed stays away. */
export function observeReceiver(log: Log, outages: Outages): (event: ReceiverEvent) => void {
  return (event) => {
    switch (event.type) {
      case "held": {
        const { gateway, standing, handed, duplicates, withheld, refused } = event;
        log.info("segment held", { gateway, through: standing.through, handed, duplicates, withheld, refused });
        break;
      }
      case "repeat":
      case "unreadable":
      case "early":
      case "portion":
        log.debug(`segment ${event.type}`, { gateway: event.gateway, through: event.standing.through });
        break;
      case "ahead":
        log.info("alarm held", { gateway: event.gateway, handed: event.handed, duplicates: event.duplicates });
        break;
      case "refused":
        log.error("segment refused", { gateway: event.gateway, fault: event.fault, because: event.because.en });
        break;
      case "new-epoch":
        log.warn("gateway began a new journal", { gateway: event.gateway, epoch: event.epoch });
        break;
      case "pruned-start":
        log.warn("chain begins behind a prune", {
          gateway: event.gateway,
          epoch: event.epoch,
          prunedThrough: event.prunedThrough,
        });
        break;
      case "key-changed":
        log.warn("gateway changed its key", { gateway: event.gateway, kid: event.kid });
        break;
      case "redated":
        for (const range of event.ranges) log.warn("records dated again", { gateway: event.gateway, ...range });
        break;
      case "receipted":
        log.debug("receipted", { gateway: event.gateway, through: event.through });
        outages.settled("feed");
        break;
      case "feed": {
        const facts = fault(event.error);
        const isNews = outages.isNews("feed", `${event.state} ${event.error?.code ?? ""}`);
        log[isNews ? "info" : "debug"](`feed ${event.state}`, facts);
        if (event.state === "connected") outages.back("feed", facts);
        else outages.away("feed", facts);
        break;
      }
      case "presence":
        log.debug(`gateway ${event.isOnline ? "online" : "offline"}`, { gateway: event.gateway });
        break;
      case "concern":
        concern(log, event);
        break;
      case "directory":
        if (event.state === "read") log.info("directory of gateways read", { gateways: event.gateways });
        else log.error("directory of gateways kept", withDetail(event.error));
        break;
      case "failed":
        log.error("segment not taken", { code: isVigieError(event.error) ? event.error.code : "INTERNAL" });
        break;
    }
  };
}

/** Where and what as well: the directory's files are the platform's own, and name gateways alone. */
function withDetail(error: VigieError): Facts {
  const { where, found } = error.detail;
  return { ...fault(error), where: where?.fr, found: found && `${found.fr} · ${found.en}` };
}

/** A warning both times: who reads warnings alone learns of the end as well. */
function concern(log: Log, { gateway, state, error }: Extract<ReceiverEvent, { type: "concern" }>): void {
  if (state === "over") log.warn("gateway in order again", { gateway, code: error.code });
  else log.warn("gateway not in order", { gateway, ...fault(error) });
}
