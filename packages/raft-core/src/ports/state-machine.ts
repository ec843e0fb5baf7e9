import type { Entry, Index } from "../algorithm/entry.ts";
import type { SnapshotSource } from "./snapshot.ts";

/** What the log is folded into. Deterministic: the same entries give the same state and results on every node. */
export interface StateMachine<Result = unknown> {
  /** The last entry that is part of the state. Moves in the same atomic write as the effects of applying. */
  appliedIndex(): Index;
  /** At most `appliedIndex()`: what survives power loss. The log is never compacted past it. */
  durableIndex(): Index;
  /**
   * Applies consecutive entries, the first at `appliedIndex() + 1`. One result an entry, in order. It may stop after any of
   * them, as where results become large: then it answers with those so far, and is given the rest again.
   */
  apply(entries: readonly Entry[]): Promise<readonly Result[]>;
  /** Makes everything applied so far durable; resolves with the durable index. */
  flush(): Promise<Index>;
  /** A consistent snapshot of the state at some index that is at most `appliedIndex()` and at least `durableIndex()`. */
  snapshot(): Promise<StateSnapshot>;
  /** Replaces the whole state by the snapshot, durably. A crash leaves the old state or the new one. */
  restore(source: SnapshotSource): Promise<void>;
  close(): Promise<void>;
}

/** The state at `index`. Term and membership at that index are the log's to add. */
export interface StateSnapshot {
  readonly index: Index;
  read(): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}
