/**
 * One life of the whole gateway, to be recorded by disk.c: simulated devices play their rounds, a platform receipts all of it,
 * and each promise is said at once, in the lines of worker.ts. argv: the configuration's file, how many rounds.
 */
import { writeSync } from "node:fs";
import { drivers } from "../../drivers/all.ts";
import { loadGatewayConfig } from "../../src/config/load.ts";
import { DriverRegistry } from "../../src/driver/registry.ts";
import type { GatewayEvent } from "../../src/events.ts";
import { type Gateway, startGateway } from "../../src/gateway.ts";
import { readingId } from "../../src/measure/identity.ts";
import { systemClock } from "../../src/system-clock.ts";

const [file = "", rounds = "1"] = process.argv.slice(2);
const config = await loadGatewayConfig(file, drivers);

let gateway: Gateway | undefined;
/** What was promised while the gateway was still starting. */
const early: GatewayEvent[] = [];
let receipted: (through: number) => void = () => undefined;

function hear(event: GatewayEvent): void {
  if (gateway === undefined) early.push(event);
  else say(event, gateway.journal.epoch);
}

function say(event: GatewayEvent, epoch: number): void {
  if (event.type === "journaled" && event.as !== "duplicate") {
    const id = Buffer.from(readingId(event.measurement, config.gateway.id)).toString("hex");
    writeSync(1, `ack ${epoch} ${event.seq} ${id}\n`);
  } else if (event.type === "receipted") {
    writeSync(1, `cursor ${epoch} ${event.through}\n`);
    receipted(event.through);
  }
}

const started = await startGateway({
  config,
  drivers: new DriverRegistry(drivers),
  clock: systemClock("always"),
  observe: hear,
  rounds: Number(rounds),
});
writeSync(1, `ready ${started.journal.epoch} ${started.journal.lastSeq}\n`);
gateway = started;
for (const event of early) hear(event);
await started.played;
const last = started.journal.lastSeq;
const confirmed = Math.min(...started.destinations.map((destination) => destination.status().confirmed));
if (confirmed < last) {
  await new Promise<void>((resolve) => {
    receipted = (through) => through >= last && resolve();
  });
}
await started[Symbol.asyncDispose]();
