import type { Index } from "@raftkv/raft-core";
import type { LeasedTransaction, LeaseRefusal } from "../history/models/leased-operation.ts";
import type { StoreAnswer } from "../history/models/store-operation.ts";
import type { StoreReplay } from "../history/replay/store-replay.ts";
import type { LeaseLife } from "./lease-replay.ts";

/** What the store was when an entry had been applied. */
export interface StoreMoment {
  readonly revision: number;
  /** The earliest revision that could be read. */
  readonly earliest: number;
  /** The earliest whose changes could be told: what was written last before history was kept is known, and not how. */
  readonly earliestTold: number;
  readonly clusterTimeMs: number;
  /** By then somebody had applied it, and all before it. */
  readonly atMs: number;
  /** Sooner nobody can have seen it: some node came to know that it is committed. */
  readonly committedMs: number;
}

/** A transaction that has taken effect, with what one at a time would have answered. */
export interface Carried {
  readonly call: LeasedTransaction;
  readonly answer: StoreAnswer;
  readonly revision: number;
}

/** A transaction of which nothing was carried out, and why not. */
export interface Refused {
  readonly call: LeasedTransaction;
  readonly refusal: LeaseRefusal;
}

interface StoreHistoryParts {
  readonly replay: StoreReplay;
  /** After each entry, from the state before the first one on. */
  readonly moments: readonly StoreMoment[];
  readonly transactions: readonly Carried[];
  readonly refused: readonly Refused[];
  readonly leases: readonly LeaseLife[];
}

/** A store at every revision, and which of them was when. */
export class StoreHistory {
  readonly replay: StoreReplay;
  /** In the order in which they took effect. */
  readonly transactions: readonly Carried[];
  readonly refused: readonly Refused[];
  /** In the order in which they were granted. */
  readonly leases: readonly LeaseLife[];
  readonly #moments: readonly StoreMoment[];

  constructor({ replay, moments, transactions, refused, leases }: StoreHistoryParts) {
    this.replay = replay;
    this.transactions = transactions;
    this.refused = refused;
    this.leases = leases;
    this.#moments = moments;
  }

  /** After the entry at `index`. */
  at(index: Index): StoreMoment {
    const moment = this.#moments[index];
    if (moment === undefined) throw new Error(`nothing is known of entry ${index}`);
    return moment;
  }

  /** The last entry that anybody had applied before then. */
  appliedBefore(ms: number): Index {
    return Math.max(0, this.#countWhile(({ atMs }) => atMs < ms) - 1);
  }

  /** The last entry that anybody can have seen by then. */
  committedBy(ms: number): Index {
    return Math.max(0, this.#countWhile(({ committedMs }) => committedMs <= ms) - 1);
  }

  /** The entry that brought that revision. */
  indexOf(revision: number): Index {
    return Math.min(
      this.#countWhile((moment) => moment.revision < revision),
      this.#moments.length - 1,
    );
  }

  /** Of the moments, for which it holds: from the first on. */
  #countWhile(holds: (moment: StoreMoment) => boolean): number {
    let [low, high] = [0, this.#moments.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holds(this.at(middle))) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
