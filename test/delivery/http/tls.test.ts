import { spawn } from "node:child_process";
import type { ServerOptions } from "node:https";
import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openHttpLine } from "../../../src/delivery/http/line.ts";
import type { TlsMaterial } from "../../../src/delivery/mqtt/port.ts";
import { systemTimers } from "../../../src/delivery/timers.ts";
import { paceOf } from "../../../src/delivery/trouble.ts";
import { isVigieError } from "../../../src/errors/error.ts";
import { type HttpServer, startHttpServer } from "../../fixtures/http-server.ts";
import { freePort } from "../../fixtures/mosquitto.ts";
import { type Credentials, hasOpenssl, type LeafOptions, Pki } from "../../fixtures/pki.ts";

describe.skipIf(!hasOpenssl)("HTTPS with mutual TLS", () => {
  let pki: Pki;
  let stranger: Pki;
  let good: Credentials;
  let revoked: Credentials;
  let crlPath: string;
  const started: HttpServer[] = [];

  beforeAll(() => {
    pki = new Pki();
    stranger = new Pki("Another CA");
    good = pki.issue("gateway");
    revoked = pki.issue("revoked gateway");
    crlPath = pki.revoke(revoked);
  });
  afterEach(async () => {
    for (const server of started.splice(0)) await server[Symbol.asyncDispose]();
  });
  afterAll(() => {
    pki[Symbol.dispose]();
    stranger[Symbol.dispose]();
  });

  const start = async (leaf: LeafOptions = {}, more: ServerOptions = {}): Promise<HttpServer> => {
    const { cert, key } = pki.issue("server", { usage: "serverAuth", names: ["DNS:localhost"], ...leaf });
    const tls = { cert, key, ca: pki.ca, requestCert: true, rejectUnauthorized: true, ...more };
    const server = await startHttpServer((_asked, response) => response.end("ok"), tls);
    started.push(server);
    return server;
  };
  const mine = ({ cert, key }: Credentials): TlsMaterial => ({ ca: pki.ca, cert, key });
  const troubleWith = async ({ url }: Pick<HttpServer, "url">, tls: TlsMaterial) => {
    using line = openHttpLine({ tls, timers: systemTimers });
    try {
      const { status } = await line.exchange({ method: "POST", url, body: Buffer.from("secret") });
      return status;
    } catch (error) {
      if (!isVigieError(error)) throw error;
      return { code: error.code, pace: paceOf(error) };
    }
  };

  it.each(["ec", "rsa"] as const)("goes through with %s keys", async (key) => {
    expect(await troubleWith(await start({ key }), mine(pki.issue("gateway", { key })))).toBe(200);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)("speaks %s", async (version) => {
    expect(await troubleWith(await start({}, { minVersion: version, maxVersion: version }), mine(good))).toBe(200);
  });

  it("speaks nothing older than TLS 1.2", async () => {
    const old = await start({}, { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" });
    expect(await troubleWith(old, mine(good))).toEqual({ code: "DELIVERY_TLS_FAILED", pace: "network" });
  });

  it.each([
    ["is expired", "DELIVERY_SERVER_CERT_EXPIRED", { from: -20, to: -10 }, undefined],
    ["is not yet valid", "DELIVERY_SERVER_CERT_NOT_YET_VALID", { from: 5 }, undefined],
    ["bears another name", "DELIVERY_SERVER_CERT_WRONG_NAME", { names: ["DNS:elsewhere.example"] }, undefined],
    ["is a client's", "DELIVERY_SERVER_CERT_INVALID", { usage: "clientAuth" }, undefined],
    ["is of another authority", "DELIVERY_SERVER_CERT_UNKNOWN_CA", {}, () => stranger.ca],
  ] as const)("sends no byte of a request where the server's certificate %s", async (_what, code, leaf, ca) => {
    const server = await start(leaf);
    const tls = { ...mine(good), ...(ca === undefined ? {} : { ca: ca() }) };
    expect(await troubleWith(server, tls)).toEqual({ code, pace: "credentials" });
    expect([server.received, server.asked]).toEqual([0, []]);
  });

  it.each([
    ["is not its key's", () => ({ ...mine(good), key: revoked.key })],
    ["has a key that cannot be read", () => ({ ...mine(good), key: "no key" })],
  ] as const)("says so, and is in no hurry, when our certificate %s", async (_what, tls) => {
    const expected = { code: "DELIVERY_CLIENT_CERT_UNUSABLE", pace: "credentials" };
    expect(await troubleWith(await start(), tls())).toEqual(expected);
  });

  // A server on Node.js closes without a word; those that platforms stand behind say why, as OpenSSL does.
  it.each([
    ["is missing", "DELIVERY_CLIENT_CERT_MISSING", () => ({ ca: pki.ca })],
    ["is expired", "DELIVERY_CLIENT_CERT_EXPIRED", () => mine(pki.issue("old", { from: -20, to: -10 }))],
    ["is revoked", "DELIVERY_CLIENT_CERT_REVOKED", () => mine(revoked)],
    ["is of an unknown authority", "DELIVERY_CLIENT_CERT_UNKNOWN_CA", () => mine(stranger.issue("gateway"))],
  ] as const)(
    "says so, and is in no hurry, when OpenSSL refuses our certificate because it %s",
    async (_what, code, tls) => {
      const { certPath, keyPath } = pki.issue("server", { usage: "serverAuth", names: ["DNS:localhost"] });
      const port = await freePort();
      const own = ["-accept", `127.0.0.1:${port}`, "-cert", certPath, "-key", keyPath, "-quiet"];
      const ours = ["-Verify", "1", "-verify_return_error", "-CAfile", pki.caPath, "-CRL", crlPath, "-crl_check"];
      const server = spawn("openssl", ["s_server", ...own, ...ours], { stdio: "ignore" });
      try {
        await listening(port);
        expect(await troubleWith({ url: `https://localhost:${port}` }, tls())).toEqual({ code, pace: "credentials" });
      } finally {
        server.kill("SIGKILL");
      }
    },
  );
});

async function listening(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const isThere = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    socket.destroy();
    if (isThere) return;
  }
}
