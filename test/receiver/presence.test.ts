import { describe, expect, it } from "vitest";
import type { ReceiverEvent } from "../../src/receiver/port.ts";
import { address, newJournal, openGateway, openPlatform } from "../fixtures/feed.ts";
import { hasMosquitto, startMosquitto } from "../fixtures/mosquitto.ts";
import { startProxy } from "../fixtures/proxy.ts";

const said = (isOnline: boolean) => (event: ReceiverEvent) => event.type === "presence" && event.isOnline === isOnline;

describe.skipIf(!hasMosquitto)("a gateway's presence", () => {
  it.each(["5", "3.1.1"] as const)(
    "is heard when it comes and when it goes in order, over MQTT %s",
    async (version) => {
      await using broker = await startMosquitto();
      const { feed, told } = openPlatform(broker.url, version);
      await feed.ready;
      const { destination } = await openGateway(newJournal(), { url: broker.url, version });
      expect(await told.first(said(true))).toMatchObject({ gateway: address.gateway });
      await destination[Symbol.asyncDispose]();
      expect(await told.first(said(false))).toMatchObject({ gateway: address.gateway });
      await feed[Symbol.asyncDispose]();
    },
  );

  it("ends by its will where its connection breaks, and begins again", async () => {
    await using broker = await startMosquitto();
    await using proxy = await startProxy(broker.port);
    const { feed, told } = openPlatform(broker.url, "5");
    await feed.ready;
    const url = `mqtt://localhost:${proxy.port}`;
    const { destination } = await openGateway(newJournal(), { url, version: "5", spreadMs: 0 });
    await told.first(said(true));
    proxy.cut("reset");
    await told.first(said(false));
    await told.first(() => told.count(said(true)) === 2);
    await destination[Symbol.asyncDispose]();
    await feed[Symbol.asyncDispose]();
  });
});
