/** What a badge reader sends, cut into badge numbers. */

/** Readers end a number with CR, LF, both, or ETX; RDM6300 and its like begin it with STX. */
const ENDS = new Set([0x0d, 0x0a, 0x03]);
const STX = 0x02;
/** The registry takes 64; what is longer is no badge of ours. */
const MAX = 64;

export type Heard = { readonly badge: string } | { readonly unreadable: true };

export class BadgeCutter {
  #text = "";
  #isUnreadable = false;

  *push(chunk: Uint8Array): Generator<Heard> {
    for (const byte of chunk) {
      if (ENDS.has(byte)) {
        const badge = this.#text.trim();
        if (this.#isUnreadable) yield { unreadable: true };
        else if (badge !== "") yield { badge };
        this.reset();
      } else if (byte === STX) {
        this.reset();
      } else if (byte < 0x20 || byte > 0x7e || this.#text.length === MAX) {
        this.#isUnreadable = true;
      } else {
        this.#text += String.fromCharCode(byte);
      }
    }
  }

  /** The line broke: half a number is none. */
  reset(): void {
    this.#text = "";
    this.#isUnreadable = false;
  }
}
