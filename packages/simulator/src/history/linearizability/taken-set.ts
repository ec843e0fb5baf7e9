/** A set of operations: bits, with a hash that moves with each change, and the part of it that tells it from others. */
export class TakenSet {
  readonly words: Uint32Array;
  readonly #codes: Uint32Array;
  /** Of everything in the set. */
  hash = 0;
  /** The first word that is not full. */
  #low = 0;
  #highest = -1;

  constructor(size: number) {
    this.words = new Uint32Array((size + 31) >>> 5);
    // One code an operation, by the mixing step of murmur3.
    this.#codes = Uint32Array.from({ length: size }, (_, number) => mixed(number + 1));
  }

  has(number: number): boolean {
    return (((this.words[number >>> 5] ?? 0) >>> (number & 31)) & 1) === 1;
  }

  /** Answers what `remove` needs to know. */
  add(number: number): number {
    const highest = this.#highest;
    const word = number >>> 5;
    this.words[word] = (this.words[word] ?? 0) | (1 << (number & 31));
    this.hash ^= this.#codes[number] ?? 0;
    if (number > highest) this.#highest = number;
    while (this.words[this.#low] === 0xffff_ffff) this.#low++;
    return highest;
  }

  /** Undoes `add` of the same number; in the opposite order. */
  remove(number: number, highestBefore: number): void {
    const word = number >>> 5;
    this.words[word] = (this.words[word] ?? 0) & ~(1 << (number & 31));
    this.hash ^= this.#codes[number] ?? 0;
    this.#highest = highestBefore;
    if (word < this.#low) this.#low = word;
  }

  /** The first word that is not full: all before it are. */
  get low(): number {
    return this.#low;
  }

  /** One behind the last word that has anything beyond `low`. */
  get end(): number {
    return Math.max(this.#low, (this.#highest >>> 5) + (this.#highest < 0 ? 0 : 1));
  }
}

/** Spreads what is close together over 32 bits. */
export function mixed(number: number): number {
  let bits = Math.imul(number ^ (number >>> 16), 0x85eb_ca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2_ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
