import { mixed, type TakenSet } from "./taken-set.ts";

/** Words in front of the sets of an entry: the next in its bucket, the hash, the state, where the set begins and ends. */
const header = 5;

/**
 * Where the search has been: (operations with an answer that were taken, state), each with the operations without an
 * answer that were spent on the way. To come by again with the same spent, or more, is no use: whoever has spent less can
 * do all that the other can. Sets are compared word by word, so that no two are ever taken for the same.
 *
 * Its memory is bounded: once that is used up, nothing more is remembered.
 */
export class Visited {
  readonly #limitBytes: number;
  readonly #states = new Map<string, number>();
  // Small at first: most histories are of a few operations, and there are many.
  #buckets = new Int32Array(1 << 5).fill(-1);
  #entries = new Uint32Array(1 << 8);
  #used = 0;
  #count = 0;
  #stateBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Bytes in use, nearly. */
  get bytes(): number {
    return 4 * (this.#buckets.length + this.#entries.length) + this.#stateBytes;
  }

  /** Whether there is no need to go on from here; remembers that somebody did. */
  comesAgain(taken: TakenSet, spent: TakenSet, description: string): boolean {
    const known = this.#states.get(description);
    const state = known ?? this.#states.size;
    const hash = mixed(taken.hash ^ Math.imul(state, 0x9e37_79b1));
    if (known === undefined) {
      const bytes = 2 * description.length + 64;
      if (this.bytes + bytes > this.#limitBytes) return false;
      this.#stateBytes += bytes;
      this.#states.set(description, state);
    } else if (this.#finds(hash, taken, spent, state)) return true;
    this.#remember(hash, taken, spent, state);
    return false;
  }

  #finds(hash: number, taken: TakenSet, spent: TakenSet, state: number): boolean {
    const entries = this.#entries;
    const { low, end } = taken;
    let entry = this.#buckets[this.#bucketOf(hash)] ?? -1;
    for (; entry >= 0; entry = (entries[entry] ?? 0) - 1) {
      if (entries[entry + 1] !== hash || entries[entry + 2] !== state) continue;
      if (entries[entry + 3] !== low || entries[entry + 4] !== end) continue;
      if (this.#isSame(entry + header, taken) && this.#spentNoMore(entry + header + end - low, spent)) return true;
    }
    return false;
  }

  #isSame(from: number, { low, end, words }: TakenSet): boolean {
    for (let word = low; word < end; word++) if (this.#entries[from + word - low] !== words[word]) return false;
    return true;
  }

  #spentNoMore(from: number, { words }: TakenSet): boolean {
    for (let word = 0; word < words.length; word++) {
      if (((this.#entries[from + word] ?? 0) & ~(words[word] ?? 0)) !== 0) return false;
    }
    return true;
  }

  #remember(hash: number, taken: TakenSet, spent: TakenSet, state: number): void {
    const { low, end, words } = taken;
    const size = header + end - low + spent.words.length;
    if (!this.#makeRoom(size, spent.words.length)) return;
    const entry = this.#used;
    this.#entries[entry + 1] = hash;
    this.#entries[entry + 2] = state;
    this.#entries[entry + 3] = low;
    this.#entries[entry + 4] = end;
    this.#entries.set(words.subarray(low, end), entry + header);
    this.#entries.set(spent.words, entry + header + end - low);
    this.#link(entry);
    this.#used += size;
    this.#count++;
  }

  #makeRoom(size: number, spentWords: number): boolean {
    if (this.#used + size > this.#entries.length) {
      const length = Math.max(2 * this.#entries.length, this.#used + size);
      if (this.bytes + 4 * (length - this.#entries.length) > this.#limitBytes) return false;
      const entries = new Uint32Array(length);
      entries.set(this.#entries);
      this.#entries = entries;
    }
    if (this.#count >= this.#buckets.length && this.bytes + 4 * this.#buckets.length <= this.#limitBytes) {
      this.#buckets = new Int32Array(2 * this.#buckets.length).fill(-1);
      for (let entry = 0; entry < this.#used; entry += this.#sizeAt(entry, spentWords)) this.#link(entry);
    }
    return true;
  }

  #sizeAt(entry: number, spentWords: number): number {
    return header + (this.#entries[entry + 4] ?? 0) - (this.#entries[entry + 3] ?? 0) + spentWords;
  }

  /** To the front of its bucket. Places are counted from 1 in an entry, since 0 ends a bucket. */
  #link(entry: number): void {
    const bucket = this.#bucketOf(this.#entries[entry + 1] ?? 0);
    this.#entries[entry] = (this.#buckets[bucket] ?? -1) + 1;
    this.#buckets[bucket] = entry;
  }

  #bucketOf(hash: number): number {
    return hash & (this.#buckets.length - 1);
  }
}
