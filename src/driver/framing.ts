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
  /** Bytes that were no frame: the first `max` of them, and how many there were. */
  | { readonly discarded: Uint8Array; readonly length: number };

/** One line's state across chunks; made anew each time a port opens. */
export class FrameCutter {
  readonly #framing: Framing;
  readonly #buffer: Uint8Array;
  #length = 0;

  constructor(framing: Framing) {
    this.#framing = framing;
    this.#buffer = new Uint8Array(framing.max);
  }

  /** Takes what arrived; gives the frames that it completes. Empty lines are no frames. */
  *push(chunk: Uint8Array): Generator<Cut> {
    for (const byte of chunk) {
      if (byte === this.#framing.terminator) {
        const cut = this.#finish();
        if (cut !== undefined) yield cut;
      } else {
        if (this.#length < this.#framing.max) this.#buffer[this.#length] = byte;
        this.#length += 1;
      }
    }
  }

  #finish(): Cut | undefined {
    const length = this.#length;
    this.#length = 0;
    if (length > this.#framing.max) return { discarded: this.#buffer.slice(), length };
    const end = this.#buffer[length - 1] === 0x0d ? length - 1 : length;
    return end === 0 ? undefined : { frame: this.#buffer.slice(0, end) };
  }
}
