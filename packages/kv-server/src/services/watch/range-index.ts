import type { KeyId } from "../../state/key-id.ts";

/** Keys from `from` (inclusive) to `to` (exclusive; undefined: to the last key). */
export interface KeyRange {
  readonly from: KeyId;
  readonly to: KeyId | undefined;
}

/** So many changes are gone through one by one before the tree is made anew. */
const MOST_CHANGES = 256;

/**
 * Ranges, and which of them hold a key, without a look at each: they stand in an array in the order of their first keys,
 * which is read as a balanced tree, its middle the root. Of each subtree the last end is known. What was added or removed since
 * the tree was made is few, and known beside it.
 */
export class RangeIndex<Range extends KeyRange> {
  #tree: readonly Range[] = [];
  /** The last end in the subtree whose root stands there. */
  #lastEnds: readonly (KeyId | undefined)[] = [];
  readonly #added = new Set<Range>();
  /** Of those in the tree. */
  readonly #removed = new Set<Range>();

  /** A range that is not there. */
  add(range: Range): void {
    if (!this.#removed.delete(range)) this.#added.add(range);
    this.#remakeIfOld();
  }

  /** A range that is there. */
  remove(range: Range): void {
    if (!this.#added.delete(range)) this.#removed.add(range);
    this.#remakeIfOld();
  }

  /** Calls back for each range that holds the key. */
  holding(key: KeyId, found: (range: Range) => void): void {
    this.#search(key, 0, this.#tree.length, found);
    for (const range of this.#added) if (range.from <= key && isBefore(key, range.to)) found(range);
  }

  #remakeIfOld(): void {
    if (this.#added.size + this.#removed.size <= MOST_CHANGES) return;
    const left = this.#tree.filter((range) => !this.#removed.has(range));
    this.#tree = [...left, ...this.#added].sort((a, b) => (a.from < b.from ? -1 : Number(a.from > b.from)));
    this.#added.clear();
    this.#removed.clear();
    const ends = new Array<KeyId | undefined>(this.#tree.length);
    this.#findLastEnds(ends, 0, this.#tree.length);
    this.#lastEnds = ends;
  }

  #findLastEnds(ends: (KeyId | undefined)[], low: number, high: number): KeyId | undefined {
    const middle = (low + high) >> 1;
    let last = this.#tree[middle]?.to;
    if (low < middle) last = later(last, this.#findLastEnds(ends, low, middle));
    if (middle + 1 < high) last = later(last, this.#findLastEnds(ends, middle + 1, high));
    ends[middle] = last;
    return last;
  }

  #search(key: KeyId, low: number, high: number, found: (range: Range) => void): void {
    if (low >= high) return;
    const middle = (low + high) >> 1;
    if (!isBefore(key, this.#lastEnds[middle])) return;
    this.#search(key, low, middle, found);
    const range = this.#tree[middle];
    if (range === undefined || range.from > key) return;
    if (isBefore(key, range.to) && !this.#removed.has(range)) found(range);
    this.#search(key, middle + 1, high, found);
  }
}

function isBefore(key: KeyId, end: KeyId | undefined): boolean {
  return end === undefined || key < end;
}

function later(a: KeyId | undefined, b: KeyId | undefined): KeyId | undefined {
  if (a === undefined || b === undefined) return undefined;
  return a > b ? a : b;
}
