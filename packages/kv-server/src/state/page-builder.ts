import { entryBytes, type Found, type Page, type RangeRead } from "./range-plan.ts";

/** Takes what a range finds, in key order, until the page is full. */
export class PageBuilder {
  readonly #range: RangeRead;
  readonly #pageBytes: number;
  readonly #found: Found[] = [];
  #bytes = 0;

  constructor(range: RangeRead, pageBytes: number) {
    this.#range = range;
    this.#pageBytes = pageBytes;
  }

  /** False: it does not fit, though the first always does. */
  take(next: Found): boolean {
    const size = entryBytes(next.key, next.record, this.#range.keysOnly);
    const count = this.#found.length;
    if (count >= this.#range.limit || (count > 0 && this.#bytes + size > this.#pageBytes)) return false;
    this.#found.push(next);
    this.#bytes += size;
    return true;
  }

  /** There is nothing more in the range. */
  whole(): Page {
    return { found: this.#found, next: undefined, bytes: this.#bytes };
  }

  /** The next page begins at `next`. */
  cutAt(next: Uint8Array): Page {
    return { found: this.#found, next, bytes: this.#bytes };
  }
}
