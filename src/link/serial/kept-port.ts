/** A serial port that is kept open for as long as it is wanted: one that is missing, unplugged or busy is waited for, and said to be. */
import type { LineSettings } from "../../driver/define.ts";
import { verbatim } from "../../errors/sentence.ts";
import type { Observe } from "../../events.ts";
import { backoff, sleep as realSleep, type Sleep } from "./backoff.ts";
import { errors } from "./errors.ts";
import { type OpenPort, openPort as openRealPort, type Port } from "./port.ts";
import { portSays } from "./refusal.ts";

export interface KeptPortOptions {
  /** `/dev/serial/by-id/…`: the name that stays when the plug moves. Never `ttyUSB0`. */
  readonly path: string;
  readonly line: LineSettings;
  /** What the log calls it: `serial` and the device behind it. */
  readonly who: { readonly link: string; readonly device?: string };
  readonly observe: Observe;
  readonly openPort?: OpenPort | undefined;
  readonly sleep?: Sleep | undefined;
  /** What arrives, in order, from the first byte on. */
  readonly received: (bytes: Uint8Array) => void;
  readonly opened: (port: Port) => void;
  /** It was closed, or it broke. */
  readonly closed: () => void;
}

export class KeptPort {
  readonly #options: KeptPortOptions;
  readonly #sleep: Sleep;
  readonly #closing = new AbortController();
  #keeping: Promise<void> | undefined;
  #port: Port | undefined;
  #heard = false;

  constructor(options: KeptPortOptions) {
    this.#options = options;
    this.#sleep = options.sleep ?? realSleep;
  }

  start(): void {
    this.#keeping ??= this.#keepOpen();
  }

  /** Takes in nothing more; what is under way can still be answered. */
  quiet(): void {
    this.#closing.abort();
    this.#port?.pause();
  }

  async close(): Promise<void> {
    this.quiet();
    await this.#port?.close();
    await this.#keeping;
  }

  async #keepOpen(): Promise<void> {
    const closing = this.#closing.signal;
    for (let failures = 0; !closing.aborted; failures += 1) {
      const port = await this.#open(failures === 0);
      if (closing.aborted) await port?.close();
      else if (port !== undefined) await this.#hold(port);
      // A port that opens and goes away again without a byte has failed like one that does not open.
      if (this.#heard) failures = 0;
      this.#heard = false;
      await this.#sleep(backoff(failures), closing);
    }
  }

  /** @param tell whether this failure would be the first: a scale that is put away for the winter does not fill the log. */
  async #open(tell: boolean): Promise<Port | undefined> {
    const { path, line, who, observe, received, openPort = openRealPort } = this.#options;
    try {
      return await openPort(path, line, (bytes) => {
        this.#heard = true;
        received(bytes);
      });
    } catch (cause) {
      const error = errors.SERIAL_NOT_OPENED({ where: verbatim(path), found: portSays(cause), cause });
      if (tell) observe({ type: "link", ...who, state: "failed", error });
      return undefined;
    }
  }

  async #hold(port: Port): Promise<void> {
    const { path, who, observe, opened, closed } = this.#options;
    this.#port = port;
    opened(port);
    observe({ type: "link", ...who, state: "open" });
    const cause = await port.closed;
    this.#port = undefined;
    closed();
    const error = cause === undefined ? {} : { error: errors.SERIAL_LOST({ where: verbatim(path), cause }) };
    observe({ type: "link", ...who, state: "closed", ...error });
  }
}
