import type { Index } from "@raftkv/raft-core";

/** The part of the state that is not about one key or one session. Moves with each applied entry. */
export interface Counters {
  appliedIndex: Index;
  /** The store's revision. An empty store is at 1, as in etcd, so the first put makes it 2. */
  revision: number;
  /** Never goes back. */
  clusterTimeMs: number;
  applyVersion: number;
}

export const FIRST_REVISION = 1;
/** How this version applies entries. A state with a later one was made by a newer raftkv. */
export const APPLY_VERSION = 1;
