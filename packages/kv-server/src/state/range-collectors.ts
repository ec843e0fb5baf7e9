import { OPERATION_BOUNDS } from "./operation-bounds.ts";
import { passes } from "./range-options.ts";
import { type Collector, entryBytes, type Found, type Page, type RangeRead } from "./range-plan.ts";

/** The last keys of a range, last first: whatever its size, no more is held than is shown. */
export class LastKeys implements Collector {
  readonly #range: RangeRead;
  /** A ring: the oldest stands at `#oldest` once it is full. */
  readonly #found: Found[] = [];
  #oldest = 0;

  constructor(range: RangeRead) {
    this.#range = range;
  }

  take(next: Found): boolean {
    const { filter, limit } = this.#range;
    if (!passes(next.record, filter)) return true;
    if (this.#found.length < limit) {
      this.#found.push(next);
      return this.#found.length <= OPERATION_BOUNDS.maxKeys;
    }
    this.#found[this.#oldest] = next;
    this.#oldest = (this.#oldest + 1) % limit;
    return true;
  }

  page(next: Uint8Array | undefined): Page {
    const found = [...this.#found.slice(this.#oldest), ...this.#found.slice(0, this.#oldest)].reverse();
    return onlyPage(found, this.#range, next !== undefined);
  }
}

/** All keys of a range, unless they are more than so many, or their values together larger than that: then no further are looked at. */
export class BoundedKeys implements Collector {
  readonly #maxKeys: number;
  readonly #found: Found[] = [];
  #bytesLeft: number;

  constructor(maxKeys: number, maxValueBytes: number) {
    this.#maxKeys = maxKeys;
    this.#bytesLeft = maxValueBytes;
  }

  take(next: Found): boolean {
    this.#bytesLeft -= next.record.valueLength;
    if (this.#found.length >= this.#maxKeys || this.#bytesLeft < 0) return false;
    this.#found.push(next);
    return true;
  }

  page(next: Uint8Array | undefined): Page {
    return { found: this.#found, next, bytes: 0, count: 0 };
  }
}

/** All keys of a range, since only together can they be put in order. */
export class AllKeys implements Collector {
  readonly #range: RangeRead;
  readonly #found: Found[] = [];
  #valueBytes = 0;

  constructor(range: RangeRead) {
    this.#range = range;
  }

  take(next: Found): boolean {
    const { filter, order } = this.#range;
    if (!passes(next.record, filter)) return true;
    this.#found.push(next);
    if (order?.target === "value") this.#valueBytes += next.record.valueLength;
    return this.#found.length <= OPERATION_BOUNDS.maxKeys && this.#valueBytes <= OPERATION_BOUNDS.maxValueBytes;
  }

  page(next: Uint8Array | undefined): Page {
    return onlyPage(this.#found, this.#range, next !== undefined);
  }
}

export function onlyPage(found: readonly Found[], { keysOnly }: RangeRead, isTooLarge: boolean): Page {
  const bytes = found.reduce((sum, { key, record }) => sum + entryBytes(key, record, keysOnly), 0);
  return { found, next: undefined, bytes, count: 0, isTooLarge };
}
