import type { LineSettings } from "../../driver/define.ts";
import { verbatim } from "../../errors/sentence.ts";
import { backoff, sleep as realSleep, type Sleep } from "./backoff.ts";
import { errors } from "./errors.ts";
import { type OpenPort, openPort as openRealPort, type Port } from "./port.ts";
import { portSays } from "./refusal.ts";
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
 * Keeps a serial device's port open for as long as the link is: a device that is missing, unplugged or busy is waited for,
 * and said to be. Disposing waits until what was read has been taken, answered or given up, and closes the port.
 */
export function openSerialLink(options: SerialLinkOptions): AsyncDisposable {
  const link = new SerialLink(options);
  link.start();
  return link;
}

class SerialLink implements AsyncDisposable {
  readonly #options: SerialLinkOptions;
  readonly #sleep: Sleep;
  readonly #session: SerialSession;
  readonly #closing = new AbortController();
  #keeping: Promise<void> | undefined;
  #port: Port | undefined;
  #heard = false;

  constructor(options: SerialLinkOptions) {
    this.#options = options;
    this.#sleep = options.sleep ?? realSleep;
    this.#session = new SerialSession({ ...options, sleep: this.#sleep });
  }

  start(): void {
    this.#keeping ??= this.#keepOpen();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#port?.pause();
    await this.#session[Symbol.asyncDispose]();
    await this.#port?.close();
    await this.#keeping;
  }

  async #keepOpen(): Promise<void> {
    const closing = this.#closing.signal;
    for (let failures = 0; !closing.aborted; failures += 1) {
      const port = await this.#open(failures === 0);
      if (closing.aborted) await port?.close();
      else if (port !== undefined) await this.#converse(port);
      // A port that opens and goes away again without a byte has failed like one that does not open.
      if (this.#heard) failures = 0;
      this.#heard = false;
      await this.#sleep(backoff(failures), closing);
    }
  }

  /** @param tell whether this failure would be the first: a scale that is put away for the winter does not fill the log. */
  async #open(tell: boolean): Promise<Port | undefined> {
    const { path, driver, device, observe, openPort = openRealPort } = this.#options;
    try {
      return await openPort(path, { ...driver.line, ...this.#options.line }, (bytes) => {
        this.#heard = true;
        this.#session.receive(bytes);
      });
    } catch (cause) {
      const error = errors.SERIAL_NOT_OPENED({ where: verbatim(path), found: portSays(cause), cause });
      if (tell) observe({ type: "link", link: "serial", device: device.address, state: "failed", error });
      return undefined;
    }
  }

  async #converse(port: Port): Promise<void> {
    const { path, device, observe } = this.#options;
    this.#port = port;
    this.#session.attach(port);
    observe({ type: "link", link: "serial", device: device.address, state: "open" });
    const cause = await port.closed;
    this.#port = undefined;
    this.#session.detach();
    const error = cause === undefined ? {} : { error: errors.SERIAL_LOST({ where: verbatim(path), cause }) };
    observe({ type: "link", link: "serial", device: device.address, state: "closed", ...error });
  }
}
