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

/** So many entries back, and so many revisions, each has its mark. */
export const KEPT_MARKS = 16_384;
/** Of those that are told: the newest at multiples of each, and so many of them. */
const STEPS = [1, 16, 256, 4_096] as const;
const TOLD_OF_A_STEP = 16;

/** The marks of the entries that were applied last: a ring, so that a mark costs a few stores and no memory. */
export class StateMarks {
  readonly #indexes = new Float64Array(KEPT_MARKS);
  readonly #revisions = new Float64Array(KEPT_MARKS);
  readonly #high = new Uint32Array(KEPT_MARKS);
  readonly #low = new Uint32Array(KEPT_MARKS);
  readonly #ofRevision = {
    revisions: new Float64Array(KEPT_MARKS),
    high: new Uint32Array(KEPT_MARKS),
    low: new Uint32Array(KEPT_MARKS),
  };
  #newest = 0;

  /** `counters` as they are once the entry at their index is applied. */
  note(counters: Counters): void {
    if (!hashesChanges(counters)) return;
    const { appliedIndex } = counters;
    const slot = appliedIndex % KEPT_MARKS;
    this.#indexes[slot] = appliedIndex;
    this.#revisions[slot] = counters.revision;
    this.#high[slot] = counters.hashHigh;
    this.#low[slot] = counters.hashLow;
    this.#newest = appliedIndex;
  }

  /** A change was made, within an entry; of several at one revision the last one counts. */
  noteRevision({ revision, hashHigh, hashLow }: Pick<Counters, "revision" | "hashHigh" | "hashLow">): void {
    const { revisions, high, low } = this.#ofRevision;
    const slot = revision % KEPT_MARKS;
    revisions[slot] = revision;
    high[slot] = hashHigh;
    low[slot] = hashLow;
  }

  /** The state is another one from here on. */
  restart(counters: Counters): void {
    this.#indexes.fill(0);
    this.#ofRevision.revisions.fill(0);
    this.#newest = 0;
    this.note(counters);
  }

  /** Undefined: it is too long ago, or has not come yet. */
  at(index: Index): StateMark | undefined {
    const slot = index % KEPT_MARKS;
    if (index === 0 || this.#indexes[slot] !== index) return undefined;
    return { index, revision: this.#revisions[slot] ?? 0, hash: hashOf(this.#high[slot], this.#low[slot]) };
  }

  /** As it was right after `revision`, within an entry: `index` is 0. Undefined: it is too long ago, or has not come yet. */
  atRevision(revision: number): StateMark | undefined {
    const { revisions, high, low } = this.#ofRevision;
    const slot = revision % KEPT_MARKS;
    if (revision === 0 || revisions[slot] !== revision) return undefined;
    return { index: 0, revision, hash: hashOf(high[slot], low[slot]) };
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
}

function hashOf(high = 0, low = 0): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}
