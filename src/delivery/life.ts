/** The life of a destination, whatever it speaks: it tries for ever, tells how it stands, and ends once what it began has ended. */
import type { VigieError } from "../errors/error.ts";
import { verbatim } from "../errors/sentence.ts";
import type { Observe } from "../events.ts";
import type { JournalReader } from "../journal/port.ts";
import { Cursor } from "./cursor.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { DestinationStatus } from "./destination.ts";
import { errors } from "./errors.ts";
import { type Ending, keepTrying } from "./retry.ts";
import { Signal } from "./signal.ts";
import { systemTimers, type Timers } from "./timers.ts";

export interface LifeParts {
  readonly name: string;
  readonly journal: JournalReader;
  readonly deadLetters: DeadLetters;
  readonly observe: Observe;
  readonly timers?: Timers;
  /** In [0, 1). */
  readonly random?: () => number;
  readonly config: {
    /** After the loss of a connection that stood, the next attempt comes anywhere within this. */
    readonly spreadMs?: number;
  };
}

export class Life {
  readonly cursor: Cursor;
  /** Something was committed, or is wanted once more, or it is time to end. */
  readonly changed = new Signal();
  readonly #parts: LifeParts;
  readonly #stop = new AbortController();
  #status: Pick<DestinationStatus, "state" | "trouble"> = { state: "connecting" };
  #running: Promise<void> = Promise.resolve();

  private constructor(parts: LifeParts, cursor: Cursor) {
    this.#parts = parts;
    this.cursor = cursor;
  }

  /** Reads where the destination stands in the journal. */
  static async open(parts: LifeParts): Promise<Life> {
    const { name, journal, observe } = parts;
    const cursor = await Cursor.open(name, journal, {
      moved: (through) => observe({ type: "receipted", destination: name, through }),
      failed: (cause) =>
        observe({ type: "fault", error: errors.DELIVERY_CURSOR_NOT_WRITTEN({ where: verbatim(name), cause }) }),
    });
    return new Life(parts, cursor);
  }

  /** Attempts, one after the other, until the end. An attempt ends soon after its signal says stop. */
  begin(attempt: (stop: AbortSignal) => Promise<Ending>): void {
    const { journal, deadLetters, timers = systemTimers, random = Math.random, config } = this.#parts;
    const raise = (): void => this.changed.raise();
    const stopListening = [journal.onCommit(raise), deadLetters.onWanted(raise)];
    this.#stop.signal.addEventListener("abort", () => {
      for (const stop of stopListening) stop();
      raise();
    });
    this.#running = keepTrying(
      (stop) => {
        this.#status = { ...this.#status, state: "connecting" };
        return attempt(stop);
      },
      {
        timers,
        random,
        ...(config.spreadMs !== undefined && { spreadMs: config.spreadMs }),
        waiting: (error, pace) => this.#tell(pace === "credentials" ? "suspended" : "waiting", error),
      },
      this.#stop.signal,
    );
  }

  /** The other side has answered as it should. Told once an attempt. */
  connected(): void {
    if (this.#status.state !== "connected") this.#tell("connected");
  }

  status(): Omit<DestinationStatus, "ignoredReceipts"> {
    return { ...this.#status, confirmed: this.cursor.confirmed };
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.cursor.settled();
    this.#status = { state: "closed" };
  }

  #tell(state: "connected" | "waiting" | "suspended", error?: VigieError): void {
    const { name, observe } = this.#parts;
    this.#status = { state, ...(error !== undefined && { trouble: error }) };
    observe({ type: "destination", destination: name, state, ...(error !== undefined && { error }) });
  }
}
