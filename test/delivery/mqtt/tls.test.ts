import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TlsMaterial } from "../../../src/delivery/mqtt/port.ts";
import { connectMqtt } from "../../../src/delivery/mqtt/transport.ts";
import { paceOf } from "../../../src/delivery/trouble.ts";
import { isVigieError } from "../../../src/errors/error.ts";
import { newJournal, openGateway, openPlatform } from "../../fixtures/feed.ts";
import { hasMosquitto, type Mosquitto, startMosquitto } from "../../fixtures/mosquitto.ts";
import { type Credentials, hasOpenssl, Pki } from "../../fixtures/pki.ts";
import { startProxy } from "../../fixtures/proxy.ts";

describe.skipIf(!hasMosquitto || !hasOpenssl)("mutual TLS with Mosquitto", () => {
  let pki: Pki;
  let stranger: Pki;
  let good: Credentials;
  let revoked: Credentials;
  let broker: Mosquitto;
  const started: Mosquitto[] = [];

  const start = async (server: Credentials, more: readonly string[] = []): Promise<Mosquitto> => {
    const listener = [
      `cafile ${pki.caPath}`,
      `certfile ${server.certPath}`,
      `keyfile ${server.keyPath}`,
      "require_certificate true",
      "use_identity_as_username true",
      ...more,
    ];
    const mosquitto = await startMosquitto({ scheme: "mqtts", listener });
    started.push(mosquitto);
    return mosquitto;
  };
  const serverNames = ["DNS:localhost"];
  const server = (more = {}): Credentials => pki.issue("server", { usage: "serverAuth", names: serverNames, ...more });

  beforeAll(async () => {
    pki = new Pki();
    stranger = new Pki("Another CA");
    good = pki.issue("gateway");
    revoked = pki.issue("revoked gateway");
    broker = await start(server(), [`crlfile ${pki.revoke(revoked)}`]);
  });
  afterAll(async () => {
    for (const mosquitto of started) await mosquitto[Symbol.asyncDispose]();
    pki[Symbol.dispose]();
    stranger[Symbol.dispose]();
  });

  const connect = (to: Mosquitto, tls: TlsMaterial, url = to.url) =>
    connectMqtt({ url, version: "5", clientId: "gateway", tls }, { message() {}, closed() {} });
  /** Connects, and says how it ended: a refusal may come with the first answer only (TLS 1.3). */
  const troubleWith = async (to: Mosquitto, tls: TlsMaterial, url?: string) => {
    try {
      await (await connect(to, tls, url)).end();
      return undefined;
    } catch (error) {
      if (!isVigieError(error)) throw error;
      return { code: error.code, pace: paceOf(error) };
    }
  };
  const mine = ({ cert, key }: Credentials): TlsMaterial => ({ ca: pki.ca, cert, key });
  const credentials = (code: string) => ({ code, pace: "credentials" });

  it.each(["ec", "rsa"] as const)("delivers end to end with %s keys", async (key) => {
    const journal = newJournal();
    for (let i = 1; i <= 20; i += 1) journal.commit(`${i}`);
    const platform = openPlatform(broker.url, "5", { tls: mine(pki.issue("platform", { key })) });
    await using _feed = platform.feed;
    await platform.feed.ready;
    const tls = mine(pki.issue("gateway", { key }));
    const gateway = await openGateway(journal, { url: broker.url, version: "5", tls });
    await using _destination = gateway.destination;
    await gateway.receipted(20);
    expect(platform.sink.bodies).toHaveLength(20);
  });

  it.each(["tlsv1.2", "tlsv1.3"])("speaks %s", async (version) => {
    const only = await start(server(), [`tls_version ${version}`]);
    expect(await troubleWith(only, mine(good))).toBeUndefined();
  });

  it.each([
    ["its authority is another one", "DELIVERY_SERVER_CERT_UNKNOWN_CA", () => ({ ...mine(good), ca: stranger.ca })],
    ["no authority is given", "DELIVERY_SERVER_CERT_UNKNOWN_CA", () => ({ cert: good.cert, key: good.key })],
    ["we have no certificate", "DELIVERY_CLIENT_CERT_MISSING", () => ({ ca: pki.ca })],
    ["ours is expired", "DELIVERY_CLIENT_CERT_EXPIRED", () => mine(pki.issue("old", { from: -20, to: -10 }))],
    ["ours is not yet valid", "DELIVERY_CLIENT_CERT_REFUSED", () => mine(pki.issue("new", { from: 5 }))],
    ["ours is revoked", "DELIVERY_CLIENT_CERT_REVOKED", () => mine(revoked)],
    ["ours is of an unknown authority", "DELIVERY_CLIENT_CERT_UNKNOWN_CA", () => mine(stranger.issue("gateway"))],
    ["ours is for e-mail", "DELIVERY_CLIENT_CERT_REFUSED", () => mine(pki.issue("mail", { usage: "emailProtection" }))],
    ["our key is not our certificate's", "DELIVERY_CLIENT_CERT_UNUSABLE", () => ({ ...mine(good), key: revoked.key })],
    ["our key cannot be read", "DELIVERY_CLIENT_CERT_UNUSABLE", () => ({ ...mine(good), key: "no key" })],
  ] as const)("says so, and is in no hurry, when %s", async (_what, code, tls) => {
    expect(await troubleWith(broker, tls())).toEqual(credentials(code));
  });

  it.each([
    ["is expired", "DELIVERY_SERVER_CERT_EXPIRED", { from: -20, to: -10 }],
    ["is not yet valid", "DELIVERY_SERVER_CERT_NOT_YET_VALID", { from: 5 }],
    ["bears another name", "DELIVERY_SERVER_CERT_WRONG_NAME", { names: ["DNS:elsewhere.example"] }],
    ["is a client's", "DELIVERY_SERVER_CERT_INVALID", { usage: "clientAuth" }],
  ] as const)("says so, and sends no byte of MQTT, when the server's certificate %s", async (_what, code, options) => {
    const bad = await start(server(options));
    const before = await handshakeBytes(bad);
    expect(await troubleWith(bad, mine(good), before.url)).toEqual(credentials(code));
    // A ClientHello of some 300 bytes and an alert of 7; the CONNECT would come encrypted behind our certificate of 600.
    expect(before.proxy.up).toBeLessThan(1_000);
    await before.proxy[Symbol.asyncDispose]();
  });

  async function handshakeBytes({ port }: Mosquitto) {
    const proxy = await startProxy(port);
    return { proxy, url: `mqtts://localhost:${proxy.port}` };
  }

  it("says that a port which speaks no TLS speaks no TLS", async () => {
    const plain = await startMosquitto();
    started.push(plain);
    const trouble = await troubleWith(plain, mine(good), `mqtts://localhost:${plain.port}`);
    expect(["DELIVERY_TLS_FAILED", "DELIVERY_UNREACHABLE"]).toContain(trouble?.code);
  });
});
