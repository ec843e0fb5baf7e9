import type { KeyId } from "../../state/key-id.ts";

/** Keys from `from` (inclusive) to `to` (exclusive; undefined: to the last key). */
export interface KeyRange {
  readonly from: KeyId;
  readonly to: KeyId | undefined;
}

/**
 * Ranges, and which of them hold a key, without a look at each: they stand in an array in the order of their first keys,
 * which is read as a balanced tree, its middle the root. Of each subtree the last end is known.
 */
export class RangeIndex<Range extends KeyRange> {
  readonly #ranges: Range[] = [];
  /** The last end in the subtree whose root stands there. Made anew with the first look after a change. */
  #lastEnds: (KeyId | undefined)[] | undefined;

  add(range: Range): void {
    this.#ranges.splice(this.#position(range.from), 0, range);
    this.#lastEnds = undefined;
  }

  remove(range: Range): void {
    for (let at = this.#position(range.from); at < this.#ranges.length; at++) {
      if (this.#ranges[at] !== range) continue;
      this.#ranges.splice(at, 1);
      this.#lastEnds = undefined;
      return;
    }
  }

  /** Calls back for each range that holds the key. */
  holding(key: KeyId, found: (range: Range) => void): void {
    if (this.#ranges.length === 0) return;
    if (this.#lastEnds === undefined) {
      this.#lastEnds = new Array(this.#ranges.length);
      this.#findLastEnds(this.#lastEnds, 0, this.#ranges.length);
    }
    this.#search(this.#lastEnds, key, 0, this.#ranges.length, found);
  }

  #findLastEnds(ends: (KeyId | undefined)[], low: number, high: number): KeyId | undefined {
    const middle = (low + high) >> 1;
    let last = this.#ranges[middle]?.to;
    if (low < middle) last = later(last, this.#findLastEnds(ends, low, middle));
    if (middle + 1 < high) last = later(last, this.#findLastEnds(ends, middle + 1, high));
    ends[middle] = last;
    return last;
  }

  #search(
    ends: readonly (KeyId | undefined)[],
    key: KeyId,
    low: number,
    high: number,
    found: (range: Range) => void,
  ): void {
    if (low >= high) return;
    const middle = (low + high) >> 1;
    if (!isBefore(key, ends[middle])) return;
    this.#search(ends, key, low, middle, found);
    const range = this.#ranges[middle];
    if (range === undefined || range.from > key) return;
    if (isBefore(key, range.to)) found(range);
    this.#search(ends, key, middle + 1, high, found);
  }

  /** Of the first range that does not begin before `from`. */
  #position(from: KeyId): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ranges[middle]?.from ?? "") < from) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function isBefore(key: KeyId, end: KeyId | undefined): boolean {
  return end === undefined || key < end;
}

function later(a: KeyId | undefined, b: KeyId | undefined): KeyId | undefined {
  if (a === undefined || b === undefined) return undefined;
  return a > b ? a : b;
}
