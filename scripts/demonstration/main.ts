/**
 * The main job, end to end, on one machine and without hardware: simulated devices send bytes, the gateway reads, keeps
 * and delivers them, and a receiver on the other side of an MQTT broker verifies and receipts them.
 */
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Command } from "commander";
import { drivers } from "../../drivers/all.ts";
import { loadGatewayConfig } from "../../src/config/load.ts";
import type { GatewayConfig } from "../../src/config/schema.ts";
import { DriverRegistry } from "../../src/driver/registry.ts";
import { VigieError } from "../../src/errors/error.ts";
import { explain } from "../../src/errors/explain.ts";
import type { GatewayEvent } from "../../src/events.ts";
import { type Gateway, startGateway } from "../../src/gateway.ts";
import { signingKey } from "../../src/seal/key.ts";
import { systemClock } from "../../src/system-clock.ts";
import { type Broker, startBroker } from "./broker.ts";
import { narrator } from "./narrator.ts";
import { startPlatform } from "./platform.ts";
import { Tally } from "./tally.ts";

interface Options {
  readonly once: boolean;
  readonly outage: boolean;
  readonly speed: number;
}

/** In the middle of the scenario's 20 s: readings keep coming while nobody takes them. */
const OUTAGE = { from: 6, until: 14 };

// `scripts/demo | head` closes its end when it has seen enough.
process.stdout.on("error", () => process.exit());
const print = (line: string) => process.stdout.write(`${line}\n`);

/** What Ctrl-C does: until there is a gateway to stop in order, and once that is being done, it ends the process. */
const abort = () => process.exit(130);
let interrupt: () => void = abort;
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interrupt());

async function main(options: Options): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "vigie-demo-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const broker = await startBroker(folder);
  const tally = new Tally();
  const progress = new Progress();
  const over = new AbortController();
  try {
    const platformKey = signingKey(randomBytes(32));
    const gatewaySeed = randomBytes(32);
    const config = await demoConfig(folder, broker, platformKey.publicKey, gatewaySeed, options.speed);
    await using _platform = await startPlatform({
      broker,
      platformKey,
      gateway: config.gateway.id,
      gatewaySeed,
      tally,
    });
    const labels = new Map(config.devices.map(({ address, label }) => [address, label]));
    const narrate = narrator(labels, print);
    const observe = (event: GatewayEvent) => {
      tally.observe(event);
      narrate(event);
      progress.changed();
    };
    print(`Vigie — ${config.gateway.structure.name}, passerelle « ${config.gateway.id} »`);
    print(
      `Broker ${broker.name} (MQTT ${broker.version === 5 ? "5" : "3.1.1"}). Ctrl-C pour arrêter · Ctrl-C stops it.\n`,
    );
    await using gateway = await startGateway({
      config,
      drivers: new DriverRegistry(drivers),
      clock: systemClock("always"),
      observe,
      ...(options.once ? { rounds: 1 } : {}),
    });
    const interrupted = new Promise<void>((resolve) => {
      interrupt = () => {
        interrupt = abort;
        resolve();
      };
    });
    const outage = options.outage ? playOutage(broker, options.speed, over.signal) : Promise.resolve();
    const played = Promise.all([gateway.played, outage]).then(() => progress.until(() => isReceipted(gateway, tally)));
    await Promise.race([played, interrupted, gateway.failed.then((error) => Promise.reject(error))]);
  } finally {
    over.abort();
    progress.over();
    await broker.stop();
  }
  if (!options.once) {
    print("\nArrêtée proprement · stopped cleanly.");
    return;
  }
  const summary = tally.summary();
  print(JSON.stringify(summary));
  if (summary.lost !== 0) process.exitCode = 1;
}

/** True when the platform has receipted all that is in the journal, and the receiver's word has been counted. */
function isReceipted({ journal, destinations }: Gateway, tally: Tally): boolean {
  const { receipted, verified } = tally.summary();
  return destinations.every((one) => one.status().confirmed === journal.lastSeq) && verified === receipted;
}

/** config/demo.yaml, with what is made anew at each start: a folder, keys, the broker's port. */
async function demoConfig(
  folder: string,
  broker: Broker,
  platformKey: Uint8Array,
  gatewaySeed: Uint8Array,
  speed: number,
): Promise<GatewayConfig> {
  const config = await loadGatewayConfig(join("config", "demo.yaml"), drivers);
  const files = { key: join(folder, "journal.key"), signingKey: join(folder, "signing.key") };
  await mkdir(join(folder, "journal"), { mode: 0o700 });
  await writeFile(files.key, randomBytes(32), { mode: 0o600 });
  await writeFile(files.signingKey, gatewaySeed, { mode: 0o600 });
  const { simulated } = config.links;
  return {
    ...config,
    journal: {
      ...config.journal,
      path: join(folder, "journal"),
      key: { file: files.key },
      signingKey: { file: files.signingKey },
    },
    links: { ...config.links, ...(simulated === undefined ? {} : { simulated: { ...simulated, speed } }) },
    destinations: config.destinations.map((destination) => ({
      ...destination,
      url: broker.url,
      protocol: broker.version,
      platformKeys: [Uint8Array.from(platformKey)],
    })),
  };
}

/** Ends early, with the broker as it then is, where the demonstration is over. */
async function playOutage(broker: Broker, speed: number, over: AbortSignal): Promise<void> {
  const wait = (seconds: number) => pause((seconds * 1_000) / speed, undefined, { signal: over }).catch(() => {});
  await wait(OUTAGE.from);
  if (over.aborted) return;
  print("  ⚡ Le broker s'arrête · the broker stops. Les lectures continuent · readings go on.");
  await broker.stop();
  await wait(OUTAGE.until - OUTAGE.from);
  if (over.aborted) return;
  print("  ⚡ Le broker revient · the broker is back.");
  await broker.start();
}

/** Lets the demonstration wait for a state instead of a time. */
class Progress {
  #waiting: (() => void)[] = [];
  #isOver = false;

  /** Nobody waits any more. */
  over(): void {
    this.#isOver = true;
    this.changed();
  }

  changed(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async until(condition: () => boolean): Promise<void> {
    // A receipt is told before its cursor is durable and the status says it: ask again a little later, too.
    while (!condition() && !this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        setTimeout(resolve, 20);
      });
    }
  }
}

const program = new Command("scripts/demo")
  .description("Montre la passerelle au travail · Shows the gateway at work")
  .option("--once", "30 mesures, puis un résumé JSON · 30 measures, then a JSON summary", false)
  .option("--outage", "arrête le broker un moment, au milieu · stops the broker for a while, in the middle", false)
  .option("--speed <factor>", "vitesse · speed (défaut · default: 1, avec · with --once: 20)", Number)
  .action(async ({ once, outage, speed }: { once: boolean; outage: boolean; speed?: number }) => {
    await main({ once, outage, speed: speed ?? (once ? 20 : 1) });
  });

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${error instanceof VigieError ? explain(error) : String(error)}\n`);
  process.exitCode = error instanceof VigieError ? error.exit : 70;
});
