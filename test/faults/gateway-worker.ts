/**
 * The whole gateway with a driver of the test's own: a scale that keeps its weighing until it is told ACK (0x06).
 * argv: the configuration's file. Ends when its standard input does.
 */
import { once } from "node:events";
import { drivers } from "../../drivers/all.ts";
import scaleLine from "../../drivers/scale-line.ts";
import { loadGatewayConfig } from "../../src/config/load.ts";
import type { SerialDriver } from "../../src/driver/define.ts";
import { DriverRegistry } from "../../src/driver/registry.ts";
import { startGateway } from "../../src/gateway.ts";
import { systemClock } from "../../src/system-clock.ts";

const { repeatsWithinMs: _streams, ...scale } = scaleLine;
const answered: SerialDriver = {
  ...scale,
  acknowledge: { kept: Uint8Array.of(0x06), refused: Uint8Array.of(0x15) },
};
const own = drivers.map((driver) => (driver.id === answered.id ? answered : driver));

const config = await loadGatewayConfig(process.argv[2] ?? "", own);
const gateway = await startGateway({
  config,
  drivers: new DriverRegistry(own),
  clock: systemClock("always"),
  observe: (event) => {
    if (event.type === "link") process.stdout.write(`link ${event.state}\n`);
  },
});
process.stdout.write(`ready ${gateway.journal.epoch} ${gateway.journal.lastSeq}\n`);
await once(process.stdin.resume(), "end");
await gateway[Symbol.asyncDispose]();
