import type { Index } from "@raftkv/raft-core";
import type { ChangeHash } from "./change-hash.ts";

/** The part of the state that is not about one key or one session. Moves with each applied entry. */
export interface Counters extends ChangeHash {
  appliedIndex: Index;
  /** The store's revision. An empty store is at 1, as in etcd, so the first put makes it 2. */
  revision: number;
  /** Never goes back. */
  clusterTimeMs: number;
  applyVersion: number;
  /**
   * Reads at earlier revisions are refused, and what only they would show is removed. 0 where no history is kept, before
   * `HISTORY_APPLY_VERSION`.
   */
  compactRevision: number;
}

/** From this apply version on, what is superseded is kept until it is compacted. */
export const HISTORY_APPLY_VERSION = 2;

/** From this apply version on there are leases. */
export const LEASE_APPLY_VERSION = 3;

export function hasLeases({ applyVersion }: Pick<Counters, "applyVersion">): boolean {
  return applyVersion >= LEASE_APPLY_VERSION;
}

/** From this one on there are transactions, deletions of ranges, previous values and fences. */
export const TRANSACTIONS_APPLY_VERSION = 3;

export function hasTransactions({ applyVersion }: Pick<Counters, "applyVersion">): boolean {
  return applyVersion >= TRANSACTIONS_APPLY_VERSION;
}

export function keepsHistory({ applyVersion }: Pick<Counters, "applyVersion">): boolean {
  return applyVersion >= HISTORY_APPLY_VERSION;
}

/** The earliest revision that can be read. */
export function earliestRevision(counters: Counters): number {
  return keepsHistory(counters) ? counters.compactRevision : counters.revision;
}

/** Deletions from this revision on are kept. */
export function earliestDeletion(counters: Counters): number {
  return keepsHistory(counters) ? counters.compactRevision : Number.POSITIVE_INFINITY;
}

export const FIRST_REVISION = 1;
/** The latest way of applying entries that this version knows. A state with a later one was made by a newer raftkv. */
export const APPLY_VERSION = 3;
/** How the first version applied entries: where every cluster starts, until all of its nodes know a later one. */
export const FIRST_APPLY_VERSION = 1;
