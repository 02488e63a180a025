/** What systemd is told by a service of Type=notify. Node has no datagram socket for sd_notify(3): its command has. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { errors } from "./errors.ts";

/** Says that the service is ready, or stopping. Does nothing outside of such a service. @throws SYSTEMD_UNREACHABLE */
export async function notifySystemd(state: "READY=1" | "STOPPING=1"): Promise<void> {
  if (process.env["NOTIFY_SOCKET"] === undefined) return;
  try {
    await promisify(execFile)("systemd-notify", [state], { timeout: 10_000 });
  } catch (cause) {
    throw errors.SYSTEMD_UNREACHABLE({ cause });
  }
}
