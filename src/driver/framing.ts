/** How a serial line's bytes are cut into frames. The cutter resynchronises, and reports what it threw away. */

export interface Framing {
  readonly type: "lines";
  /** Ends a frame; the byte before it may be a carriage return, which is dropped. */
  readonly terminator: number;
  /** The longest frame in bytes; what grows beyond is thrown away up to the next terminator, and reported. */
  readonly max: number;
}

/** Lines ended by CR LF, LF, or (with `terminator: 0x0d`) CR alone. */
export function lines(options: { readonly max: number; readonly terminator?: 0x0a | 0x0d }): Framing {
  if (!Number.isInteger(options.max) || options.max < 1 || options.max > 65_536) {
    throw new RangeError(`a frame is 1 to 65536 bytes long, not ${options.max}`);
  }
  return { type: "lines", terminator: options.terminator ?? 0x0a, max: options.max };
}

export type Cut =
  | { readonly frame: Uint8Array }
  /** Bytes that were no frame: the first of them (`max` + 2 at most). What follows up to the next terminator goes with them. */
  | { readonly discarded: Uint8Array; readonly because: "oversized" | "truncated" };

/** One line's state across chunks; made anew each time a port opens. */
export class FrameCutter {
  readonly #framing: Framing;
  readonly #buffer: Uint8Array;
  #length = 0;

  constructor(framing: Framing) {
    this.#framing = framing;
    this.#buffer = new Uint8Array(framing.max + 2); // the carriage return before a terminator, and one byte too many
  }

  /**
   * Takes what arrived; gives the frames that it completes. Empty lines are no frames. Bytes without an end are reported
   * once, as soon as they are too many: on a line at the wrong speed a terminator may never come.
   */
  *push(chunk: Uint8Array): Generator<Cut> {
    for (const byte of chunk) {
      if (byte === this.#framing.terminator) {
        const cut = this.#finish();
        if (cut !== undefined) yield cut;
      } else if (this.#length < this.#buffer.length) {
        this.#buffer[this.#length] = byte;
        this.#length += 1;
        if (this.#length === this.#buffer.length) yield { discarded: this.#buffer.slice(), because: "oversized" };
      }
    }
  }

  /** The line broke: gives what had arrived of a frame. It is none, even where it reads like one: `+0061` of `+0061.55`. */
  broken(): Cut | undefined {
    const length = this.#length;
    this.#length = 0;
    if (length === 0 || length === this.#buffer.length) return undefined;
    return { discarded: this.#buffer.slice(0, length), because: "truncated" };
  }

  #finish(): Cut | undefined {
    const length = this.#length;
    this.#length = 0;
    if (length === this.#buffer.length) return undefined; // was reported
    const end = this.#buffer[length - 1] === 0x0d ? length - 1 : length;
    if (end > this.#framing.max) return { discarded: this.#buffer.slice(0, length), because: "oversized" };
    return end === 0 ? undefined : { frame: this.#buffer.slice(0, end) };
  }
}
