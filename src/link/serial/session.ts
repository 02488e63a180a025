import type { SerialDriver } from "../../driver/define.ts";
import { type Cut, FrameCutter } from "../../driver/framing.ts";
import type { VigieError } from "../../errors/error.ts";
import { verbatim } from "../../errors/sentence.ts";
import type { Observe } from "../../events.ts";
import type { Frame, Intake, Taken } from "../../intake/port.ts";
import type { Device } from "../../measure/measurement.ts";
import type { Clock } from "../../measure/time.ts";
import { backoff, type Sleep } from "./backoff.ts";
import { errors } from "./errors.ts";
import { type Heard, isRepeat } from "./repeats.ts";

export interface SessionOptions {
  readonly driver: SerialDriver;
  readonly device: Device;
  readonly intake: Intake;
  readonly clock: Clock;
  readonly observe: Observe;
  readonly sleep: Sleep;
}

/** What a session needs of the line that bytes arrive on. */
export interface Line {
  write(bytes: Uint8Array): Promise<void>;
  pause(): void;
  resume(): void;
}

/** A frame that waits for the journal, and the line that its answer goes back on. */
interface Waiting {
  readonly frame: Frame;
  readonly line: Line | undefined;
}

/**
 * What waits for the journal before the line is paused, bytes, counting some 512 for what each frame carries besides its own.
 * A scale's lines (64) make 7 281 frames: at 40 unsettled ones a weighing, a full disk costs nothing for 180 weighings.
 * More may come out of the one chunk (64 KiB) that was under way.
 */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
const FRAME_OVERHEAD = 512;

/**
 * From a line's bytes to the journal: cuts frames, takes a device's repetitions for one, hands frames to intake strictly in
 * order and one at a time, answers the device once the journal has them.
 *
 * It outlives the port: a frame read before a cable was pulled still waits here. A device that expects an answer keeps its
 * reading until it gets one, so what the journal does not take is let go; any other device has told us once and for all, and
 * its frame is tried again for as long as the process lives.
 */
export class SerialSession implements AsyncDisposable {
  readonly #options: SessionOptions;
  readonly #waiting: Waiting[] = [];
  /** How many frames may wait. */
  readonly #capacity: number;
  readonly #closing = new AbortController();
  #cutter: FrameCutter;
  #line: Line | undefined;
  #previous: Heard | undefined;
  #paused = false;
  #working: Promise<void> | undefined;
  #abandoned = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#cutter = new FrameCutter(options.driver.framing);
    this.#capacity = Math.floor(MAX_WAITING_BYTES / (options.driver.framing.max + FRAME_OVERHEAD));
  }

  /** A line was opened: what arrives from now on comes from it. */
  attach(line: Line): void {
    this.#line = line;
    if (this.#paused) line.pause();
  }

  /** The line broke: the beginning of a frame that it left behind is a reject, and the next bytes begin anew. */
  detach(): void {
    const cut = this.#cutter.broken();
    this.#cutter = new FrameCutter(this.#options.driver.framing);
    if (cut !== undefined) this.#enqueue(cut);
    this.#line = undefined;
    this.#previous = undefined;
  }

  receive(chunk: Uint8Array): void {
    for (const cut of this.#cutter.push(chunk)) this.#enqueue(cut);
  }

  /** Resolves when no frame is waiting. */
  async idle(): Promise<void> {
    await this.#working;
  }

  /** Tries what is still waiting once more, and says how much of it is lost. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.detach();
    this.#closing.abort();
    await this.#working;
    if (this.#abandoned > 0) this.#fault(errors.SERIAL_ABANDONED({ found: verbatim(this.#abandoned) }));
  }

  #enqueue(cut: Cut): void {
    const { driver, device, clock } = this.#options;
    const receivedAt = clock.now();
    if ("frame" in cut) {
      const heard: Heard = { bytes: cut.frame, at: receivedAt.monotonic };
      const repeated = isRepeat(this.#previous, heard, driver.repeatsWithinMs ?? -1);
      this.#previous = heard;
      if (repeated) return;
      this.#wait({ driver, channel: "serial", device, receivedAt, bytes: cut.frame });
    } else {
      this.#previous = undefined;
      const refusing = cut.because === "truncated" ? refusingAll(driver) : driver;
      this.#wait({ driver: refusing, channel: "serial", device, receivedAt, bytes: cut.discarded });
    }
  }

  #wait(frame: Frame): void {
    this.#waiting.push({ frame, line: this.#line });
    if (!this.#paused && this.#waiting.length >= this.#capacity) {
      this.#paused = true;
      this.#line?.pause();
    }
    this.#working ??= this.#work();
  }

  async #work(): Promise<void> {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      await this.#deliver(next);
      this.#waiting.shift();
      if (this.#paused && this.#waiting.length < this.#capacity / 2) {
        this.#paused = false;
        this.#line?.resume();
      }
    }
    this.#working = undefined;
  }

  async #deliver({ frame, line }: Waiting): Promise<void> {
    const { driver, sleep } = this.#options;
    for (let failures = 0; ; failures += 1) {
      const taken = await this.#take(frame, failures);
      if (taken !== undefined) return this.#answer(taken, line);
      if (driver.acknowledge !== undefined) return;
      if (this.#closing.signal.aborted) {
        this.#abandoned += 1;
        return;
      }
      await sleep(backoff(failures), this.#closing.signal);
    }
  }

  async #take(frame: Frame, failures: number): Promise<Taken | undefined> {
    try {
      return await this.#options.intake.take(frame);
    } catch (cause) {
      if (failures === 0) this.#fault(errors.SERIAL_NOT_TAKEN({ cause })); // once a frame: a full disk lasts for hours
      return undefined;
    }
  }

  async #answer(taken: Taken, line: Line | undefined): Promise<void> {
    const { acknowledge } = this.#options.driver;
    if (acknowledge === undefined || line === undefined) return;
    try {
      await line.write(taken === "kept" ? acknowledge.kept : acknowledge.refused);
    } catch (cause) {
      this.#fault(errors.SERIAL_NOT_ANSWERED({ cause }));
    }
  }

  #fault(error: VigieError): void {
    this.#options.observe({ type: "fault", error });
  }
}

/** The same driver for bytes that it must not read: a frame's beginning can look like a whole one. */
function refusingAll(driver: SerialDriver): SerialDriver {
  return {
    ...driver,
    decode: (bytes) => ({ reject: "truncated", because: "the line broke before the frame ended", raw: bytes.slice() }),
  };
}
