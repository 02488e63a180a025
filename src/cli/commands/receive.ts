/** `vigie receive`: the platform's side, until it is told to stop. What it says of itself goes to standard error. */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { Command } from "commander";
import { drivers } from "../../../drivers/all.ts";
import { loadReceiverConfig } from "../../config/load.ts";
import { systemTimers } from "../../delivery/timers.ts";
import type { Sentence } from "../../errors/error.ts";
import { createLog } from "../../logging/log.ts";
import { observeReceiver } from "../../logging/observe-receiver.ts";
import { Outages } from "../../logging/outages.ts";
import type { Clock } from "../../measure/time.ts";
import {
  fhirSink,
  GatewayWatch,
  linesSink,
  openHttpReceiver,
  openMqttReceiver,
  postgresSink,
  postgresState,
  Receiver,
  type ReceiverEvent,
  type ReceiverState,
  type Sink,
  sqliteState,
} from "../../receiver/index.ts";
import { systemClock } from "../../system-clock.ts";
import { command, inBoth } from "../command.ts";
import { type Io, isJournald } from "../io.ts";
import { Opened } from "../opened.ts";
import { type ReceiverFiles, readReceiverFiles, type SinkPlan } from "../receiver-files.ts";

export default function receive(io: Io, summary: Sentence): Command {
  return command(io, {
    name: "receive",
    summary,
    examples: ["vigie receive --config config/receiver.yaml >> mesures.jsonl"],
  })
    .requiredOption("--config <file>", inBoth("le fichier de configuration", "the configuration file"))
    .action(async ({ config: file }: { readonly config: string }) => {
      // Told to stop while it starts, it finishes starting and then stops.
      const interrupted = io.interrupted();
      const { receiver: config, log: logging, clock } = await loadReceiverConfig(file, drivers);
      const log = createLog({ level: logging.level, stream: io.stderr, journald: isJournald(io.stderr) });
      const board = systemClock(clock.trust);
      using outages = new Outages(log, board, systemTimers);
      const tell = observeReceiver(log, outages);
      const files = await readReceiverFiles(config, tell);

      await using opened = new Opened();
      opened.use(files.directory);
      const state = opened.use(await openState(files.state));
      const sinks: Sink[] = [];
      for (const plan of files.sinks) sinks.push(await openSink(plan, io, board, opened));
      const { keys, refresh: refreshKeys, gateways } = files.directory;
      const silentAfterMs = config.silentAfterMinutes * 60_000;
      const watched = { clock: board, timers: systemTimers, observe: tell, gateways, state, silentAfterMs };
      const watch = opened.use(new GatewayWatch(watched));
      const observe = (event: ReceiverEvent): void => {
        tell(event);
        watch.take(event);
      };
      const receiver = new Receiver({ keys, refreshKeys, state, sinks, platformKey: files.platformKey, observe });
      if (files.http !== undefined) {
        const { port } = opened.use(await openHttpReceiver({ ...files.http, receiver, observe }));
        log.info("listening", { host: files.http.listen.host, port, tls: files.http.tls !== undefined });
      }
      if (files.mqtt !== undefined) opened.use(openMqttReceiver({ receiver, observe, config: files.mqtt }));
      log.info("receiver stopping", { signal: await interrupted });
    });
}

async function openState(state: ReceiverFiles["state"]): Promise<ReceiverState> {
  if (typeof state !== "string") return postgresState(state);
  await mkdir(dirname(state), { recursive: true, mode: 0o700 });
  return sqliteState(state);
}

async function openSink(plan: SinkPlan, { stdout }: Io, clock: Clock, opened: Opened): Promise<Sink> {
  switch (plan.type) {
    case "stdout":
      return linesSink(stdout);
    case "postgres":
      return opened.use(await postgresSink(plan.place));
    case "fhir":
      return opened.use(await fhirSink({ config: plan.config, clock }));
  }
}
