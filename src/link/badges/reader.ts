/** A badge reader on a serial line: one number a line. What a badge means, others decide; the reader is told yes or no. */
import type { LineSettings } from "../../driver/define.ts";
import { isVigieError } from "../../errors/error.ts";
import type { Observe } from "../../events.ts";
import type { Clock, Milliseconds } from "../../measure/time.ts";
import type { BadgeReader } from "../port.ts";
import type { Sleep } from "../serial/backoff.ts";
import { KeptPort } from "../serial/kept-port.ts";
import type { OpenPort, Port } from "../serial/port.ts";
import { BadgeCutter } from "./cutter.ts";
import { errors } from "./errors.ts";

/** What most serial readers leave the factory with. */
const LINE: LineSettings = { baudRate: 9600, dataBits: 8, parity: "none", stopBits: 1 };
/** A badge that lies on a reader is read several times a second; one that is shown again is first taken away. */
const SAME_BADGE_MS = 3_000;
/** To walk to the reader with a resident's badge. */
const LEARN_MS = 60_000;

export interface BadgeReaderOptions {
  readonly name: string;
  readonly path: string;
  readonly line?: Partial<LineSettings>;
  /** The bytes that make the reader say yes or no, where it can be told. */
  readonly answers?: { readonly accepted: Uint8Array; readonly refused: Uint8Array };
  /** A badge was shown. @returns whether it was accepted. @throws why not */
  readonly shown: (badge: string) => Promise<boolean>;
  readonly clock: Clock;
  readonly observe: Observe;
  readonly openPort?: OpenPort;
  readonly sleep?: Sleep;
}

export function openBadgeReader(options: BadgeReaderOptions): BadgeReader & AsyncDisposable {
  const reader = new Reader(options);
  reader.start();
  return reader;
}

class Reader implements BadgeReader, AsyncDisposable {
  readonly #options: BadgeReaderOptions;
  readonly #cutter = new BadgeCutter();
  readonly #kept: KeptPort;
  #port: Port | undefined;
  #last: { readonly badge: string; readonly at: Milliseconds } | undefined;
  /** Takes the next badge instead of what it usually does. */
  #learn: ((badge: string | undefined) => void) | undefined;
  #working: Promise<void> = Promise.resolve();

  constructor(options: BadgeReaderOptions) {
    this.#options = options;
    const { path, line, name, observe, openPort, sleep } = options;
    this.#kept = new KeptPort({
      ...{ path, observe, openPort, sleep },
      line: { ...LINE, ...line },
      who: { link: `badges:${name}` },
      received: (bytes) => this.#received(bytes),
      opened: (port) => {
        this.#port = port;
      },
      closed: () => {
        this.#port = undefined;
        this.#cutter.reset();
      },
    });
  }

  start(): void {
    this.#kept.start();
  }

  next(): Promise<string | undefined> {
    this.#learn?.(undefined);
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#learn?.(undefined), LEARN_MS);
      this.#learn = (badge) => {
        clearTimeout(timer);
        this.#learn = undefined;
        resolve(badge);
      };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#kept.quiet();
    this.#learn?.(undefined);
    await this.#working;
    await this.#kept.close();
  }

  #received(bytes: Uint8Array): void {
    for (const heard of this.#cutter.push(bytes)) {
      if ("unreadable" in heard) this.#options.observe({ type: "fault", error: errors.BADGE_UNREADABLE() });
      else this.#heard(heard.badge);
    }
  }

  #heard(badge: string): void {
    const at = this.#options.clock.now().monotonic;
    const isRepeat = this.#last?.badge === badge && at - this.#last.at <= SAME_BADGE_MS;
    this.#last = { badge, at };
    if (isRepeat) return;
    const learn = this.#learn;
    if (learn !== undefined) learn(badge);
    // One after the other: what the first badge did decides what the second one does.
    this.#working = this.#working.then(() => (learn === undefined ? this.#show(badge) : this.#answer(true)));
  }

  async #show(badge: string): Promise<void> {
    try {
      await this.#answer(await this.#options.shown(badge));
    } catch (error) {
      if (!isVigieError(error)) throw error;
      this.#options.observe({ type: "fault", error });
      await this.#answer(false);
    }
  }

  async #answer(isAccepted: boolean): Promise<void> {
    const { answers } = this.#options;
    if (answers === undefined) return;
    const bytes = isAccepted ? answers.accepted : answers.refused;
    await this.#port?.write(bytes).catch(() => undefined); // a port that takes nothing is lost, and is said to be
  }
}
