import type { Index } from "@raftkv/raft-core";
import { hashesChanges } from "./change-hash.ts";
import type { Counters } from "./counters.ts";

/** What a state is at one entry of the log: equal on all replicas. */
export interface StateMark {
  readonly index: Index;
  readonly revision: number;
  /** Of all changes up to there; see `ChangeHash`. */
  readonly hash: bigint;
}

/** So many entries back each has its mark. */
const KEPT = 16_384;
/** Of those that are told: the newest at multiples of each, and so many of them. */
const STEPS = [1, 16, 256, 4_096] as const;
const TOLD_OF_A_STEP = 16;

/** How many the first ring holds: most logs that are short need no other. */
const KEPT_AT_FIRST = 64;

/** One mark each at `index % size`. Numbers of one kind lie together: a mark costs a few stores and no memory. */
class Ring {
  readonly size: number;
  readonly indexes: Float64Array;
  readonly revisions: Float64Array;
  readonly high: Uint32Array;
  readonly low: Uint32Array;

  constructor(size: number) {
    this.size = size;
    this.indexes = new Float64Array(size);
    this.revisions = new Float64Array(size);
    this.high = new Uint32Array(size);
    this.low = new Uint32Array(size);
  }

  set(index: Index, revision: number, high: number, low: number): void {
    const slot = index % this.size;
    this.indexes[slot] = index;
    this.revisions[slot] = revision;
    this.high[slot] = high;
    this.low[slot] = low;
  }
}

/** The marks of the entries that were applied last, in a ring that grows until it holds all that are kept. */
export class StateMarks {
  #ring = new Ring(KEPT_AT_FIRST);
  #newest = 0;

  /** `counters` as they are once the entry at their index is applied. */
  note(counters: Counters): void {
    if (!hashesChanges(counters)) return;
    const { appliedIndex } = counters;
    const { size, indexes } = this.#ring;
    if (size < KEPT && indexes[appliedIndex % size] !== 0) this.#grow();
    this.#ring.set(appliedIndex, counters.revision, counters.hashHigh, counters.hashLow);
    this.#newest = appliedIndex;
  }

  /** The state is another one from here on. */
  restart(counters: Counters): void {
    this.#ring = new Ring(KEPT_AT_FIRST);
    this.#newest = 0;
    this.note(counters);
  }

  /** Undefined: it is too long ago, or has not come yet. */
  at(index: Index): StateMark | undefined {
    const { size, indexes, revisions, high, low } = this.#ring;
    const slot = index % size;
    if (index === 0 || indexes[slot] !== index) return undefined;
    const hash = (BigInt(high[slot] ?? 0) << 32n) | BigInt(low[slot] ?? 0);
    return { index, revision: revisions[slot] ?? 0, hash };
  }

  /** Some of them, ascending: close together near the newest one, further apart before; at indexes that others tell of too. */
  told(): readonly StateMark[] {
    const indexes = new Set<Index>();
    for (const step of STEPS) {
      const last = this.#newest - (this.#newest % step);
      for (let count = 0; count < TOLD_OF_A_STEP; count++) indexes.add(last - count * step);
    }
    return [...indexes]
      .filter((index) => index > 0)
      .toSorted((a, b) => a - b)
      .flatMap((index) => this.at(index) ?? []);
  }

  #grow(): void {
    const { size, indexes, revisions, high, low } = this.#ring;
    const larger = new Ring(Math.min(KEPT, 4 * size));
    for (let slot = 0; slot < size; slot++) {
      const index = indexes[slot] ?? 0;
      if (index > 0) larger.set(index, revisions[slot] ?? 0, high[slot] ?? 0, low[slot] ?? 0);
    }
    this.#ring = larger;
  }
}
