/** `vigie run`: the gateway, until it is told to stop or cannot go on. */
import type { Command } from "commander";
import { drivers } from "../../../drivers/all.ts";
import { loadGatewayConfig } from "../../config/load.ts";
import { systemTimers } from "../../delivery/timers.ts";
import { DriverRegistry } from "../../driver/registry.ts";
import type { Sentence } from "../../errors/error.ts";
import { startGateway } from "../../gateway.ts";
import { createLog } from "../../logging/log.ts";
import { logNames } from "../../logging/names.ts";
import { LogObserver } from "../../logging/observe.ts";
import { systemClock } from "../../system-clock.ts";
import { version } from "../../version.ts";
import { command, inBoth } from "../command.ts";
import { type Io, isJournald } from "../io.ts";
import { notifySystemd } from "../systemd.ts";

export default function run(io: Io, summary: Sentence): Command {
  return command(io, { name: "run", summary, examples: ["vigie run --config /etc/vigie/vigie.yaml"] })
    .requiredOption("--config <file>", inBoth("le fichier de configuration", "the configuration file"))
    .action(async ({ config: file }: { readonly config: string }) => {
      // Told to stop while it starts, it finishes starting and then stops: a journal that is open is also closed.
      const interrupted = io.interrupted();
      const config = await loadGatewayConfig(file, drivers);
      const log = createLog({ level: config.log.level, stream: io.stderr, journald: isJournald(io.stderr) });
      const clock = systemClock(config.clock.trust);
      const names = logNames();
      using told = new LogObserver(log, { clock, timers: systemTimers, names });
      await using gateway = await startGateway({
        config,
        drivers: new DriverRegistry(drivers),
        clock,
        observe: told.observe,
        nameInLog: names,
      });
      const { epoch, lastSeq } = gateway.journal;
      log.info("gateway started", { version, gateway: config.gateway.id, epoch, lastSeq });
      await notifySystemd("READY=1");
      const ending = await Promise.race([interrupted, gateway.failed]);
      if (typeof ending !== "string") throw ending;
      log.info("gateway stopping", { signal: ending });
      await notifySystemd("STOPPING=1");
    });
}
