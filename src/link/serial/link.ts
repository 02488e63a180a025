import type { LineSettings } from "../../driver/define.ts";
import { sleep as realSleep, type Sleep } from "./backoff.ts";
import { KeptPort } from "./kept-port.ts";
import type { OpenPort } from "./port.ts";
import { SerialSession, type SessionOptions } from "./session.ts";

export interface SerialLinkOptions extends Omit<SessionOptions, "sleep"> {
  /** `/dev/serial/by-id/…`: the name that stays when the plug moves. Never `ttyUSB0`. */
  readonly path: string;
  /** Where the site's device is set otherwise than the driver's default. */
  readonly line?: Partial<LineSettings>;
  readonly openPort?: OpenPort;
  readonly sleep?: Sleep;
}

/**
 * Keeps a serial device's port open for as long as the link is. Disposing waits until what was read has been taken,
 * answered or given up, and closes the port.
 */
export function openSerialLink(options: SerialLinkOptions): AsyncDisposable {
  const { path, driver, device, line, observe, openPort, sleep = realSleep } = options;
  const session = new SerialSession({ ...options, sleep });
  const port = new KeptPort({
    path,
    line: { ...driver.line, ...line },
    who: { link: "serial", device: device.address },
    ...{ observe, openPort, sleep },
    received: (bytes) => session.receive(bytes),
    opened: (opened) => session.attach(opened),
    closed: () => session.detach(),
  });
  port.start();
  return {
    async [Symbol.asyncDispose]() {
      port.quiet();
      await session[Symbol.asyncDispose]();
      await port.close();
    },
  };
}
