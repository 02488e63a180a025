import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { type HttpLine, type HttpLineOptions, openHttpLine } from "../../../src/delivery/http/line.ts";
import { systemTimers } from "../../../src/delivery/timers.ts";
import { type Answerer, type HttpServer, startHttpServer } from "../../fixtures/http-server.ts";
import { ManualTimers } from "../../fixtures/timers.ts";

describe("one question over HTTP", () => {
  const open: (HttpServer | HttpLine)[] = [];
  afterEach(async () => {
    for (const one of open.splice(0)) {
      if (Symbol.asyncDispose in one) await one[Symbol.asyncDispose]();
      else one[Symbol.dispose]();
    }
  });
  const arrange = async (answer: Answerer, options: Partial<HttpLineOptions> = {}) => {
    const server = await startHttpServer(answer);
    const line = openHttpLine({ timers: systemTimers, ...options });
    open.push(line, server);
    const ask = (body = "hello") =>
      line.exchange({ method: "POST", url: `${server.url}/x`, body: Buffer.from(body), isRepeatable: true });
    return { server, line, ask };
  };
  const fails = (code: string) => expect.objectContaining({ code });

  it("brings the whole answer, over a connection that is kept", async () => {
    const { server, ask } = await arrange((asked, response) => response.setHeader("x-a", "1").end(asked.body));
    for (let i = 0; i < 3; i += 1) {
      const { status, headers, body } = await ask();
      expect([status, headers["x-a"], Buffer.from(body).toString()]).toEqual([200, "1", "hello"]);
    }
    expect(server.connections).toBe(1);
    expect(server.asked[0]?.headers).toMatchObject({ "accept-encoding": "identity", "content-length": "5" });
  });

  it("does not ask again, by itself, what must not be heard twice", async () => {
    const { server, line, ask } = await arrange((_asked, response) => response.end());
    await ask();
    server.answer = ({ socket }) => socket.resetAndDestroy();
    const body = Buffer.from("one more of these");
    const asking = line.exchange({ method: "POST", url: server.url, body, isRepeatable: false });
    await expect(asking).rejects.toEqual(fails("DELIVERY_CONNECTION_LOST"));
    expect(server.asked).toHaveLength(2);
  });

  it("asks again, once, where a kept connection was closed in that moment", async () => {
    const { server, ask } = await arrange((_asked, response) => response.end());
    await ask();
    server.answer = ({ socket }, response) => {
      server.answer = (_asked, next) => next.end();
      if (server.connections === 1) socket.resetAndDestroy();
      else response.end();
    };
    expect((await ask()).status).toBe(200);
    expect(server.connections).toBe(2);
  });

  it("says that the connection was lost where it is reset between request and answer", async () => {
    const { ask } = await arrange(({ socket }) => socket.resetAndDestroy());
    await expect(ask()).rejects.toEqual(fails("DELIVERY_CONNECTION_LOST"));
  });

  it("says that the connection was lost where the answer ends before its end", async () => {
    const { ask } = await arrange(({ socket }, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("half", () => socket.end());
    });
    await expect(ask()).rejects.toEqual(fails("DELIVERY_CONNECTION_LOST"));
  });

  it("waits no longer than it may, also where the answer goes on coming, a byte at a time", async () => {
    const timers = new ManualTimers();
    const { ask } = await arrange(
      (_asked, response) => {
        response.writeHead(200);
        response.write("1");
        void timers.advance(60_000);
      },
      { timers },
    );
    await expect(ask()).rejects.toEqual(fails("DELIVERY_ANSWER_TOO_SLOW"));
  });

  it("reads no further than its bound of an answer without end", async () => {
    const chunk = Buffer.alloc(16 * 1024);
    let written = 0;
    const { ask } = await arrange((asked, response) => {
      const go = (): void => {
        while (!asked.socket.destroyed && response.write(chunk)) written += chunk.length;
      };
      response.on("drain", go);
      go();
    });
    await expect(ask()).rejects.toEqual(fails("DELIVERY_ANSWER_TOO_BIG"));
    expect(written).toBeLessThan(16 * 1024 * 1024);
  });

  it("takes no compressed answer, however well it unpacks", async () => {
    const bomb = gzipSync(Buffer.alloc(10 * 1024 * 1024));
    const { ask } = await arrange((_asked, response) => response.setHeader("content-encoding", "gzip").end(bomb));
    await expect(ask()).rejects.toEqual(fails("DELIVERY_NOT_A_RECEIPT"));
  });

  it("follows nobody to another place", async () => {
    const { server, ask } = await arrange((_asked, response) => response.writeHead(302, { location: "/other" }).end());
    expect((await ask()).status).toBe(302);
    expect(server.asked).toHaveLength(1);
  });

  it("is unreachable where nobody listens", async () => {
    const { server, ask } = await arrange(() => {});
    await server[Symbol.asyncDispose]();
    open.splice(open.indexOf(server), 1);
    await expect(ask()).rejects.toEqual(fails("DELIVERY_UNREACHABLE"));
  });

  it("gives up at once where it is told to", async () => {
    const stop = new AbortController();
    const { server, line } = await arrange(() => stop.abort());
    const asking = line.exchange({ method: "GET", url: server.url }, stop.signal);
    await expect(asking).rejects.toEqual(fails("DELIVERY_CONNECTION_LOST"));
  });
});
