import type { Index } from "./entry.ts";

/**
 * The entries that a leader has appended and that are not yet both committed and durable here, in bytes. Each entry is
 * counted once when it is appended and released once, by index: nothing can leak.
 */
export class Backlog {
  readonly #maxBytes: number;
  #sizes: number[] = [];
  /** The entries below are released. */
  #first: Index;
  #bytes = 0;

  constructor(first: Index, maxBytes: number) {
    this.#first = first;
    this.#maxBytes = maxBytes;
  }

  /** A proposal that finds nothing waiting is always accepted, however large. */
  hasRoomFor(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= this.#maxBytes;
  }

  /** The next entry counts so much. */
  add(bytes: number): void {
    this.#sizes.push(bytes);
    this.#bytes += bytes;
  }

  releaseThrough(index: Index): void {
    const count = Math.min(Math.max(index - this.#first + 1, 0), this.#sizes.length);
    for (const bytes of this.#sizes.splice(0, count)) this.#bytes -= bytes;
    this.#first += count;
  }
}
