/** A place in the queue of a lock: a key, that goes with the lease of whoever took it. */
export interface LockPlace {
  readonly key: string;
  /** The revision at which the key was created. */
  readonly token: number;
  /** Undefined: it is there as far as is known. */
  readonly gone: LockGone | undefined;
}

/** By `at` it had gone, at that revision; `from`: sooner it cannot have; `at`, if left out. */
export interface LockGone {
  readonly from?: number;
  readonly at: number;
  readonly revision: number;
  /** False: its key was deleted while its lease lived. Nothing is judged by that where it is not told. */
  readonly withLease?: boolean;
}

/** Somebody was told that it holds the lock. */
export interface LockHold {
  readonly client: string;
  readonly key: string;
  readonly token: number;
  readonly calledAt: number;
  readonly answeredAt: number;
  /** When it asked for the end of that, if it did. */
  readonly releasedAt?: number | undefined;
}

/** What a holder has written under its fence, and was answered. */
export interface FencedWrite {
  readonly client: string;
  /** Of the fence. */
  readonly key: string;
  readonly token: number;
  readonly calledAt: number;
  readonly answeredAt: number;
  /** At which it took effect; undefined: it was refused, as the lock was not held any more. */
  readonly revision: number | undefined;
}

/** One lock, or an election, or with more permits than one a semaphore. */
export interface LockRecord {
  readonly name: string;
  readonly permits: number;
  /** All that there ever were. */
  readonly places: readonly LockPlace[];
  readonly holds: readonly LockHold[];
  readonly writes: readonly FencedWrite[];
}
