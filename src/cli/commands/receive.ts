/** `vigie receive`: the platform's side, until it is told to stop. Bundles go to standard output, a line each. */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { Command } from "commander";
import { drivers } from "../../../drivers/all.ts";
import { loadReceiverConfig } from "../../config/load.ts";
import { readKey, readSecretText } from "../../config/secret.ts";
import type { Sentence } from "../../errors/error.ts";
import { tlsOf } from "../../gateway-destinations.ts";
import { createLog } from "../../logging/log.ts";
import { observeReceiver } from "../../logging/observe-receiver.ts";
import { gatewayKeys, linesSink, openMqttReceiver, Receiver, signingKey, sqliteState } from "../../receiver/index.ts";
import { command, inBoth } from "../command.ts";
import { type Io, isUnderJournald } from "../io.ts";

export default function receive(io: Io, summary: Sentence): Command {
  return command(io, {
    name: "receive",
    summary,
    examples: ["vigie receive --config config/receiver.yaml >> mesures.jsonl"],
  })
    .requiredOption("--config <file>", inBoth("le fichier de configuration", "the configuration file"))
    .action(async ({ config: file }: { readonly config: string }) => {
      const {
        receiver: config,
        log: { level },
      } = await loadReceiverConfig(file, drivers);
      const log = createLog({ level, stream: io.stderr, journald: isUnderJournald() });
      const observe = observeReceiver(log);
      await mkdir(dirname(config.state), { recursive: true, mode: 0o700 });
      await using state = await sqliteState(config.state);
      const receiver = new Receiver({
        keys: gatewayKeys(config.gateways),
        state,
        sinks: [linesSink(io.stdout)],
        platformKey: signingKey(await readKey(config.signingKey)),
        observe,
      });
      const { url, protocol, clientId = "vigie-receiver", username, password } = config;
      const tls = await tlsOf(config);
      await using _feed = openMqttReceiver({
        receiver,
        observe,
        config: {
          url,
          version: protocol === 5 ? "5" : "3.1.1",
          clientId,
          ...(username === undefined ? {} : { username }),
          ...(password === undefined ? {} : { password: await readSecretText(password) }),
          ...(tls === undefined ? {} : { tls }),
        },
      });
      log.info("receiver stopping", { signal: await io.interrupted() });
    });
}
