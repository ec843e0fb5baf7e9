import type { Index } from "@raftkv/raft-core";
import { hashesChanges } from "./change-hash.ts";
import type { Counters } from "./counters.ts";
import { MarkRing } from "./mark-ring.ts";

/** What a state is at one entry of the log: equal on all replicas. */
export interface StateMark {
  readonly index: Index;
  readonly revision: number;
  /** Of all changes up to there; see `ChangeHash`. */
  readonly hash: bigint;
}

/** Of those that are kept are told: the newest at multiples of each, and so many of them. */
const STEPS = [1, 16, 256, 4_096] as const;
const TOLD_OF_A_STEP = 16;

/** The marks of the entries that were applied last, and of the revisions. */
export class StateMarks {
  readonly #ofEntries = new MarkRing();
  readonly #ofRevisions = new MarkRing();
  #newest = 0;

  /** `counters` as they are once the entry at their index is applied. */
  note(counters: Counters): void {
    if (!hashesChanges(counters)) return;
    const { appliedIndex, revision, hashHigh, hashLow } = counters;
    this.#ofEntries.note(appliedIndex, revision, hashHigh, hashLow);
    this.#newest = appliedIndex;
  }

  /** A change was made, within an entry; of several at one revision the last one counts. */
  noteRevision({ revision, hashHigh, hashLow }: Pick<Counters, "revision" | "hashHigh" | "hashLow">): void {
    this.#ofRevisions.note(revision, revision, hashHigh, hashLow);
  }

  /** The state is another one from here on. */
  restart(counters: Counters): void {
    this.#ofEntries.clear();
    this.#ofRevisions.clear();
    this.#newest = 0;
    this.note(counters);
  }

  /** Undefined: it is too long ago, or has not come yet. */
  at(index: Index): StateMark | undefined {
    const mark = this.#ofEntries.at(index);
    return mark === undefined ? undefined : { index, ...mark };
  }

  /** As it was right after `revision`, within an entry: `index` is 0. Undefined: it is too long ago, or has not come yet. */
  atRevision(revision: number): StateMark | undefined {
    const mark = this.#ofRevisions.at(revision);
    return mark === undefined ? undefined : { index: 0, ...mark };
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
