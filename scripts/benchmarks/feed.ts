/** What the benchmarks of the whole line share: a broker, a platform in its own process, a gateway's journal and destination. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeadLetters } from "../../src/delivery/dead-letters.ts";
import { openMqttDestination } from "../../src/delivery/mqtt/destination.ts";
import type { GatewayEvent } from "../../src/events.ts";
import { openJournal } from "../../src/journal/open.ts";
import type { Journal } from "../../src/journal/port.ts";
import { keyRing, kidOf, type SigningKey, signingKey, verifyingKey } from "../../src/seal/key.ts";
import { systemClock } from "../../src/system-clock.ts";
import { type Broker, startBroker } from "../demonstration/broker.ts";

export const GATEWAY = "bench";
export const PLATFORM_SEED = new Uint8Array(32).fill(2);
export const UNSIGNED_KEY = new Uint8Array(32).fill(9);
export const clock = systemClock("always");

/** A signature that costs nothing: what is left is the journal's own work. */
const unsigned: SigningKey = { kid: kidOf(UNSIGNED_KEY), publicKey: UNSIGNED_KEY, sign: () => new Uint8Array(64) };

export interface Feed extends AsyncDisposable {
  readonly journal: Journal;
  readonly broker: Broker;
  /** Resolves when the platform's receipt covers this record. */
  receipted(seq: number): Promise<void>;
}

/** A journal in a new folder, and a platform that takes it over MQTT and receipts it. */
export async function startFeed({ signed }: { readonly signed: boolean }): Promise<Feed> {
  const folder = await mkdtemp(join(tmpdir(), "vigie-bench-"));
  const broker = await startBroker(folder);
  const key = signed ? signingKey(new Uint8Array(32).fill(1)) : unsigned;
  const platform = await startPlatform(broker.url, signed ? Buffer.from(key.publicKey).toString("hex") : "unsigned");
  const journal = await openJournal({ folder, gateway: GATEWAY, boxKey: new Uint8Array(32), signingKey: key, clock });
  let through = 0;
  const waiting: { readonly seq: number; readonly resolve: () => void }[] = [];
  const observe = (event: GatewayEvent) => {
    if (event.type !== "receipted") return;
    through = event.through;
    for (const one of waiting.splice(0)) {
      if (one.seq <= through) one.resolve();
      else waiting.push(one);
    }
  };
  const destination = await openMqttDestination({
    name: "platform",
    journal,
    deadLetters: await DeadLetters.open({ journal, clock, observe }),
    observe,
    config: {
      url: broker.url,
      version: "5",
      clientId: GATEWAY,
      address: { structure: "750000001", gateway: GATEWAY },
      platformKeys: keyRing([verifyingKey(signingKey(PLATFORM_SEED).publicKey)]),
    },
  });
  return {
    journal,
    broker,
    receipted: (seq) => (seq <= through ? Promise.resolve() : new Promise((resolve) => waiting.push({ seq, resolve }))),
    async [Symbol.asyncDispose]() {
      await destination[Symbol.asyncDispose]();
      await journal.close();
      platform.disconnect();
      await once(platform, "exit");
      await broker.stop();
      await rm(folder, { recursive: true });
    },
  };
}

async function startPlatform(url: string, key: string): Promise<ChildProcess> {
  const platform = fork(new URL("./platform.js", import.meta.url), [url, key]);
  await once(platform, "message");
  return platform;
}
