import type { WriteBatch } from "../algorithm/effects.ts";
import type { Entry, Index, SnapshotMetadata } from "../algorithm/entry.ts";
import type { Membership } from "../algorithm/membership.ts";
import type { RestoredState } from "../algorithm/restored-state.ts";
import type { ElectionTimeout, Identity } from "./identity.ts";
import type { PartialSnapshot, SnapshotContent, SnapshotSink, SnapshotSource, StoredSnapshot } from "./snapshot.ts";

/**
 * Term, vote, log and snapshots of one node, on stable storage.
 *
 * Every method rejects with a `StorageError`. After any rejected write the storage is failed for good: each further
 * call rejects with the same error, and the node stops (a sync is never retried: the kernel may report success for
 * pages it has dropped).
 */
export interface RaftStorage {
  identity(): Identity;
  /**
   * Makes a fresh directory a founding member: records the cluster and its bootstrap membership. Once only: again
   * is refused with `wrongOwner`, and harms nothing. `electionTimeout` is the cluster's, as far as it is known.
   */
  form(clusterId: string, membership: Membership, electionTimeout?: ElectionTimeout): Promise<void>;
  /** What a restart needs. Fails on damage: a shorter log is never made up for a damaged one. */
  load(): Promise<RestoredState>;
  /** Resolves once durable. Batches become durable in the order of the calls; calls need not wait for each other. */
  write(batch: WriteBatch): Promise<void>;
  /**
   * Entries `from` to `to` (inclusive) as far as `maxBytes` goes, but at least one; none if `from` was compacted. Sees
   * every write that has resolved. Waits for no write that is under way, and holds none up: a follower that catches up
   * must not slow down the others.
   */
  entries(from: Index, to: Index, maxBytes: number): Promise<readonly Entry[]>;
  /**
   * Drops the entries up to and including `base.index`, recording `base` in the same durable write. Does nothing where
   * the log is compacted that far already.
   */
  compact(base: SnapshotMetadata): Promise<void>;
  /** Bytes of payload in the log, where it starts and ends, and bytes of snapshots. Cheap; for policies and status. */
  usage(): StorageUsage;
  /**
   * Writes a snapshot aside and makes it visible whole, or not at all; replaces older ones. An error from the source is
   * passed on, and harms nothing. The caller closes the source.
   */
  saveSnapshot(source: SnapshotSource): Promise<void>;
  /**
   * Takes in a snapshot from a peer. It becomes visible, whole and verified, when the sink is committed. `from` is 0, or
   * what `partialSnapshot` has of the very same content, to go on there; anything else is refused with an error that
   * is no `StorageError`. One at a time: a sink that is open is aborted, and whatever else was kept of a snapshot goes.
   */
  receiveSnapshot(reception: SnapshotReception): Promise<SnapshotSink>;
  /**
   * What was kept of a snapshot by `suspend`, at most one, checked: what was torn off by a crash is not counted. None
   * while a sink is open.
   */
  partialSnapshot(): Promise<PartialSnapshot | undefined>;
  /** The newest whole snapshot, or undefined. The caller closes the source. */
  openSnapshot(): Promise<StoredSnapshot | undefined>;
  /** Removes the snapshots that nothing needs any more: those with an index below `index`, a partial one too. */
  removeSnapshotsBelow(index: Index): Promise<void>;
  /** Removes what `partialSnapshot` has, if anything. */
  removePartialSnapshot(): Promise<void>;
  /** Resolves once everything handed in is durable and all files are closed. Later calls are refused as `closed`. */
  close(): Promise<void>;
}

export interface SnapshotReception {
  readonly metadata: SnapshotMetadata;
  /** Undefined: its sender cannot tell, so nothing is kept if it breaks off. */
  readonly content: SnapshotContent | undefined;
  readonly from: number;
}

export interface StorageUsage {
  readonly logBytes: number;
  /** What snapshots take up: whole ones, and what is being saved, received, or kept of one that broke off. */
  readonly snapshotBytes: number;
  readonly firstIndex: Index;
  readonly lastIndex: Index;
}
