/** So many marks are kept, the last ones. */
export const KEPT_MARKS = 16_384;
/** How many the first ring holds: so few that the runtime keeps them among its objects, as a start should be cheap. */
const KEPT_AT_FIRST = 8;

/** What a ring holds of one place. */
export interface RingMark {
  readonly revision: number;
  readonly hash: bigint;
}

/**
 * Marks by their positions, which only ever grow: the last ones, in a ring that grows until it holds all that are kept. Numbers of
 * one kind lie together, so a mark costs a few stores and no memory.
 */
export class MarkRing {
  #ring = new Slots(KEPT_AT_FIRST);

  /** Takes the place of what was noted at the same position before. From 1 on. */
  note(position: number, revision: number, high: number, low: number): void {
    while (this.#ring.size < KEPT_MARKS && this.#ring.isTaken(position)) this.#grow();
    this.#ring.set(position, revision, high, low);
  }

  /** Undefined: it is too long ago, or has not come yet. */
  at(position: number): RingMark | undefined {
    const { size, positions, revisions, high, low } = this.#ring;
    const slot = position % size;
    if (position === 0 || positions[slot] !== position) return undefined;
    const hash = (BigInt(high[slot] ?? 0) << 32n) | BigInt(low[slot] ?? 0);
    return { revision: revisions[slot] ?? 0, hash };
  }

  clear(): void {
    this.#ring = new Slots(KEPT_AT_FIRST);
  }

  #grow(): void {
    const { size, positions, revisions, high, low } = this.#ring;
    const larger = new Slots(Math.min(KEPT_MARKS, 4 * size));
    for (let slot = 0; slot < size; slot++) {
      const position = positions[slot] ?? 0;
      if (position > 0) larger.set(position, revisions[slot] ?? 0, high[slot] ?? 0, low[slot] ?? 0);
    }
    this.#ring = larger;
  }
}

/** One mark each at `position % size`. */
class Slots {
  readonly size: number;
  readonly positions: Float64Array;
  readonly revisions: Float64Array;
  readonly high: Uint32Array;
  readonly low: Uint32Array;

  constructor(size: number) {
    this.size = size;
    this.positions = new Float64Array(size);
    this.revisions = new Float64Array(size);
    this.high = new Uint32Array(size);
    this.low = new Uint32Array(size);
  }

  /** Another position's mark is where this one's would be. */
  isTaken(position: number): boolean {
    const there = this.positions[position % this.size];
    return there !== 0 && there !== position;
  }

  set(position: number, revision: number, high: number, low: number): void {
    const slot = position % this.size;
    this.positions[slot] = position;
    this.revisions[slot] = revision;
    this.high[slot] = high;
    this.low[slot] = low;
  }
}
