/** A `dbus-daemon` of our own: own socket, own configuration, own process, stopped by its id. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export const dbusDaemonInstalled = spawnSync("dbus-daemon", ["--version"]).status === 0;

const configuration = (
  socket: string,
) => `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path=${socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/> <allow own="*"/>
    <allow send_type="method_call"/> <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/> <allow receive_type="method_return"/>
    <allow receive_type="error"/> <allow receive_type="signal"/>
  </policy>
</busconfig>
`;

export class PrivateBus {
  readonly address: string;
  readonly #folder: string;
  #daemon: ChildProcess | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
    this.address = `unix:path=${join(folder, "bus")}`;
  }

  static async start(): Promise<PrivateBus> {
    const bus = new PrivateBus(await mkdtemp(join(tmpdir(), "vigie-bus-")));
    await writeFile(join(bus.#folder, "bus.conf"), configuration(join(bus.#folder, "bus")));
    await bus.startDaemon();
    return bus;
  }

  /** Resolves when the daemon accepts connections; the address stays the same over restarts. */
  async startDaemon(): Promise<void> {
    const daemon = spawn(
      "dbus-daemon",
      [`--config-file=${join(this.#folder, "bus.conf")}`, "--nofork", "--print-address=1"],
      { stdio: ["ignore", "pipe", "ignore"] },
    );
    this.#daemon = daemon;
    for await (const _address of createInterface(daemon.stdout)) break;
  }

  /** Kills the daemon as a crash would. */
  async killDaemon(): Promise<void> {
    const daemon = this.#daemon;
    this.#daemon = undefined;
    if (daemon === undefined || daemon.exitCode !== null) return;
    const exited = once(daemon, "exit");
    daemon.kill("SIGKILL");
    await exited;
  }

  async stop(): Promise<void> {
    await this.killDaemon();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
