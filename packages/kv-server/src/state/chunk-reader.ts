/** Takes exact numbers of bytes from chunks of any size. */
export class ChunkReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Throws a `RangeError` where the chunks end before. */
  async take(length: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let missing = length;
    while (missing > 0) {
      if (this.#held.length === 0 && !(await this.#fetch())) throw new RangeError(`it ends ${missing} bytes early`);
      const part = this.#held.subarray(0, missing);
      this.#held = this.#held.subarray(part.length);
      missing -= part.length;
      parts.push(part);
    }
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
  }

  /** Throws a `RangeError` where anything is left. */
  async end(): Promise<void> {
    while (this.#held.length === 0) {
      if (!(await this.#fetch())) return;
    }
    throw new RangeError("bytes are left over after its end");
  }

  /** What is left, as it comes. */
  async *rest(): AsyncGenerator<Uint8Array, void, undefined> {
    while (this.#held.length > 0 || (await this.#fetch())) {
      const chunk = this.#held;
      this.#held = new Uint8Array(0);
      if (chunk.length > 0) yield chunk;
    }
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #fetch(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    if (done) return false;
    this.#held = value;
    return true;
  }
}
