/** Raised by ByteReader when a frame ends before its fields do; `total()` of ./decode.ts turns it into a reject. */
export class Truncated extends RangeError {
  constructor(needed: number, left: number) {
    super(`${needed} bytes needed, ${left} left`);
  }
}

/** Reads the fields of one frame in order, little-endian as GATT has them, never past the end. */
export class ByteReader {
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes not yet read. */
  get left(): number {
    return this.#view.byteLength - this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  i8(): number {
    return this.#view.getInt8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  i16(): number {
    return this.#view.getInt16(this.#take(2), true);
  }

  /** Big-endian, for the devices that turned a field round. */
  u16be(): number {
    return this.#view.getUint16(this.#take(2), false);
  }

  u24(): number {
    const at = this.#take(3);
    return this.#view.getUint16(at, true) | (this.#view.getUint8(at + 2) << 16);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  skip(count: number): void {
    this.#take(count);
  }

  #take(count: number): number {
    if (count > this.left) throw new Truncated(count, this.left);
    const at = this.#at;
    this.#at += count;
    return at;
  }
}
