/** A serial cable made of two pseudo-terminals: one end for the link, one for the device that the test plays. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { type FileHandle, open } from "node:fs/promises";

export const socat = spawnSync("socat", ["-V"]).status === 0;

export interface Cable extends AsyncDisposable {
  /** The device's end. */
  readonly device: FileHandle;
  /** Pulls the plug: the link's end disappears under the open port. */
  unplug(): Promise<void>;
}

/** @param path where the link's end appears, as a symbolic link. */
export async function plugIn(path: string): Promise<Cable> {
  const far = `${path}-device`;
  const child = spawn("socat", ["-d", "-d", `pty,raw,echo=0,link=${path}`, `pty,raw,echo=0,link=${far}`], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  for await (const text of child.stderr.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    log += text;
    if (log.includes("starting data transfer loop")) break;
  }
  child.stderr.resume();
  const device = await open(far, "r+");
  const unplug = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  return {
    device,
    unplug,
    async [Symbol.asyncDispose]() {
      await unplug();
      await device.close().catch(() => undefined); // its terminal may be gone with socat
    },
  };
}
