import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { postgresState } from "../../src/receiver/postgres-state.ts";
import { signingKey } from "../../src/seal/key.ts";
import { address, gatewayKeys, KeepingSink, openGateway, openPlatform, type Platform } from "../fixtures/feed.ts";
import { MemoryJournal } from "../fixtures/memory-journal.ts";
import { hasMosquitto, type Mosquitto, startMosquitto } from "../fixtures/mosquitto.ts";
import { hasPostgres, type Postgres, startPostgres } from "../fixtures/postgres.ts";

describe.skipIf(!hasMosquitto || !hasPostgres)("receivers that share one feed", () => {
  let broker: Mosquitto;
  let postgres: Postgres;
  beforeAll(async () => {
    [broker, postgres] = await Promise.all([startMosquitto(), startPostgres()]);
  });
  afterAll(async () => {
    await broker?.[Symbol.asyncDispose]();
    await postgres?.[Symbol.asyncDispose]();
  });

  const GATEWAYS = 5;
  const SEGMENTS = 120;

  it("hand over each record exactly once while they stop and start at random", async () => {
    const keys = Object.fromEntries(
      Array.from(
        { length: GATEWAYS },
        (_, i) => [`gateway-${i}`, signingKey(new Uint8Array(32).fill(50 + i))] as const,
      ),
    );
    const sink = new KeepingSink();
    const open = async (name: string): Promise<Platform & { close(): Promise<void> }> => {
      const state = await postgresState({ url: postgres.url });
      const parts = { state, sink, clientId: name, sharedGroup: "platform", keys: gatewayKeys(keys) };
      const platform = openPlatform(broker.url, "5", parts);
      await platform.feed.ready;
      const close = async () => {
        await platform.feed[Symbol.asyncDispose]();
        await state[Symbol.asyncDispose]();
      };
      return { ...platform, close };
    };
    const receivers = [await open("r0"), await open("r1"), await open("r2")];

    const gateways = await Promise.all(
      Object.entries(keys).map(async ([gateway, key]) => {
        const journal = new MemoryJournal({ gateway, key });
        for (let i = 1; i <= SEGMENTS; i += 1) journal.commit(`${gateway}:${i}`);
        const config = {
          url: broker.url,
          version: "5",
          clientId: gateway,
          window: 10,
          receiptTimeoutMs: 2_000,
        } as const;
        return openGateway(journal, { ...config, spreadMs: 100, address: { ...address, gateway } });
      }),
    );
    const done = Promise.all(gateways.map(({ receipted }) => receipted(SEGMENTS)));
    let isDone = false;
    done.then(() => {
      isDone = true;
    });
    for (let round = 0; !isDone && round < 50; round += 1) {
      const index = round % receivers.length;
      await receivers[index]?.close();
      receivers[index] = await open(`r${index}`);
    }
    await done;
    for (const { destination } of gateways) await destination[Symbol.asyncDispose]();
    for (const receiver of receivers) await receiver.close();

    expect(sink.records).toHaveLength(GATEWAYS * SEGMENTS);
    for (const gateway of Object.keys(keys)) {
      const own = sink.bodies.filter((body) => body.startsWith(`${gateway}:`));
      expect(own).toEqual(Array.from({ length: SEGMENTS }, (_, i) => `${gateway}:${i + 1}`));
    }
  });
});
