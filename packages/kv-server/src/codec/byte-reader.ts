/** Reads what `ByteWriter` wrote. Throws a `RangeError` where the bytes end early or a number is no safe integer. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #position: number;

  constructor(bytes: Uint8Array, position = 0) {
    this.#bytes = bytes;
    this.#position = position;
  }

  get remaining(): number {
    return this.#bytes.length - this.#position;
  }

  byte(): number {
    const value = this.#bytes[this.#position];
    if (value === undefined) throw new RangeError(`the bytes end at ${this.#bytes.length}, where more was expected`);
    this.#position++;
    return value;
  }

  /** Passes over the next byte if it is this one. */
  skipIf(expected: number): boolean {
    if (this.#bytes[this.#position] !== expected) return false;
    this.#position++;
    return true;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 8; count++) {
      const group = this.byte();
      value += (group & 0x7f) * scale;
      if (group >= 0x80) {
        scale *= 0x80;
        continue;
      }
      if (value > Number.MAX_SAFE_INTEGER) break;
      return value;
    }
    throw new RangeError("a number is larger than a safe integer");
  }

  uint32(): number {
    return this.byte() * 0x100_0000 + ((this.byte() << 16) | (this.byte() << 8) | this.byte());
  }

  uint64(): number {
    const value = this.uint32() * 0x1_0000_0000 + this.uint32();
    if (value > Number.MAX_SAFE_INTEGER) throw new RangeError("a number is larger than a safe integer");
    return value;
  }

  /** A view of the next `length` bytes; no copy. */
  raw(length: number): Uint8Array {
    if (length > this.remaining) throw new RangeError(`${length} bytes were expected, ${this.remaining} are left`);
    const bytes = this.#bytes.subarray(this.#position, this.#position + length);
    this.#position += length;
    return bytes;
  }

  prefixed(): Uint8Array {
    return this.raw(this.varint());
  }

  /** Nothing may be left. */
  end(): void {
    if (this.remaining > 0) throw new RangeError(`${this.remaining} bytes are left over`);
  }
}
