/** The demonstration's own MQTT broker: Mosquitto (MQTT 5) where it is installed, else aedes (3.1.1) in this process. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { Aedes } from "aedes";

export interface Broker {
  readonly name: string;
  readonly url: string;
  readonly version: 4 | 5;
  /** Takes every connection down, as a broker that is restarted does. */
  stop(): Promise<void>;
  /** Starts it again on the same port. */
  start(): Promise<void>;
}

/** Debian keeps it out of an ordinary user's PATH. */
const binary = ["mosquitto", "/usr/sbin/mosquitto"].find((name) => spawnSync(name, ["-h"]).error === undefined);

/** @param folder where Mosquitto's configuration is written. */
export async function startBroker(folder: string): Promise<Broker> {
  const port = await freePort();
  const broker = binary === undefined ? aedes(port) : await mosquitto(binary, folder, port);
  await broker.start();
  return broker;
}

async function mosquitto(command: string, folder: string, port: number): Promise<Broker> {
  const file = join(folder, "mosquitto.conf");
  // With Nagle's algorithm on, a receipt waits up to 40 ms for the acknowledgement of the PUBACK before it.
  const lines = [`listener ${port} 127.0.0.1`, "allow_anonymous true", "persistence false", "set_tcp_nodelay true"];
  await writeFile(file, `${[...lines, "log_dest stderr"].join("\n")}\n`);
  let running: ChildProcess | undefined;
  process.once("exit", () => running?.kill());
  return {
    name: "Mosquitto",
    url: `mqtt://127.0.0.1:${port}`,
    version: 5,
    async start() {
      const child = spawn(command, ["-c", file], { stdio: ["ignore", "ignore", "pipe"] });
      running = child;
      // Mosquitto says "running" once it listens.
      for await (const chunk of child.stderr) if (String(chunk).includes("running")) break;
    },
    async stop() {
      // Ctrl-C in a terminal has reached it already.
      if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
      running.kill();
      await once(running, "exit");
    },
  };
}

function aedes(port: number): Broker {
  let server: Server | undefined;
  let broker: Aedes | undefined;
  const sockets = new Set<Socket>();
  return {
    name: "aedes",
    url: `mqtt://127.0.0.1:${port}`,
    version: 4,
    async start() {
      const fresh = await Aedes.createBroker();
      broker = fresh;
      server = createServer((socket) => {
        sockets.add(socket);
        socket.on("close", () => sockets.delete(socket));
        fresh.handle(socket);
      });
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
    },
    async stop() {
      const [listening, closing] = [server, broker];
      if (listening === undefined || closing === undefined) return;
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => listening.close(() => closing.close(() => resolve())));
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no TCP port could be had");
  return address.port;
}
