import { passes } from "./range-options.ts";
import { type Collector, entryBytes, type Found, isPlain, type Page, type RangeRead } from "./range-plan.ts";

/** A page that does not show all keys ends after so many that it looked at: merges wait for reads. */
const MOST_LOOKED_AT = 50_000;

/** Takes what a range finds, or counts it, in key order, until the page is full. */
export class PageBuilder implements Collector {
  readonly #range: RangeRead;
  readonly #pageBytes: number;
  readonly #found: Found[] = [];
  #bytes = 0;
  #count = 0;
  #lookedAt = 0;
  readonly #isPlain: boolean;

  constructor(range: RangeRead, pageBytes: number) {
    this.#range = range;
    this.#pageBytes = pageBytes;
    this.#isPlain = isPlain(range);
  }

  /** False: it does not fit, though the first always does. */
  take(next: Found): boolean {
    const { filter, countOnly, keysOnly, limit } = this.#range;
    if (!this.#isPlain && this.#lookedAt++ >= MOST_LOOKED_AT) return false;
    if (!passes(next.record, filter)) return true;
    if (countOnly) {
      this.#count++;
      return true;
    }
    const size = entryBytes(next.key, next.record, keysOnly);
    const count = this.#found.length;
    if (count >= limit || (count > 0 && this.#bytes + size > this.#pageBytes)) return false;
    this.#found.push(next);
    this.#bytes += size;
    return true;
  }

  page(next: Uint8Array | undefined): Page {
    return { found: this.#found, next, bytes: this.#bytes, count: this.#count };
  }
}
