/**
 * Reads the fields of a protobuf message in the order of their numbers, as every encoder writes them. Whatever does not
 * come next is taken to be left out, so that what stands in another order, or is not known, is still there at the end. Throws
 * a `RangeError` where the bytes end early or a number is no safe integer.
 */
export class FieldReader {
  readonly #bytes: Uint8Array;
  #position: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, begin = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#position = begin;
    this.#end = end;
  }

  /** Everything was read. */
  get isAtEnd(): boolean {
    return this.#position === this.#end;
  }

  /** An unsigned number; 0 where it is left out. `tag`: field number and way of writing, in one byte. */
  number(tag: number): number {
    return this.#comes(tag) ? this.#varint() : 0;
  }

  /** A view; undefined where it is left out. */
  bytes(tag: number): Uint8Array | undefined {
    if (!this.#comes(tag)) return undefined;
    const end = this.#lengthPrefixed();
    const bytes = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return bytes;
  }

  /** The fields of the message in this field; undefined where it is left out. */
  message(tag: number): FieldReader | undefined {
    if (!this.#comes(tag)) return undefined;
    const end = this.#lengthPrefixed();
    const fields = new FieldReader(this.#bytes, this.#position, end);
    this.#position = end;
    return fields;
  }

  #comes(tag: number): boolean {
    if (this.#position >= this.#end || this.#bytes[this.#position] !== tag) return false;
    this.#position++;
    return true;
  }

  /** Where the field ends. */
  #lengthPrefixed(): number {
    const length = this.#varint();
    const end = this.#position + length;
    if (end > this.#end) throw new RangeError(`${length} bytes were expected, ${this.#end - this.#position} are left`);
    return end;
  }

  #varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 8 && this.#position < this.#end; count++) {
      const group = this.#bytes[this.#position++] ?? 0;
      value += (group & 0x7f) * scale;
      if (group < 0x80 && value <= Number.MAX_SAFE_INTEGER) return value;
      scale *= 0x80;
    }
    throw new RangeError("a number ends early, or is no safe integer");
  }
}
