import type { Index, NodeId } from "@raftkv/raft-core";

/** A node that cluster.conf names as one of the first. */
export interface Founder {
  readonly id: NodeId;
  readonly address: string;
  /** See `Member.priority` of `@raftkv/raft-core`. */
  readonly priority?: number | undefined;
}

/** A node with a data directory that no cluster knows yet. */
export interface Newcomer {
  readonly nodeId: NodeId;
  readonly memberId: string;
  /** Where others reach it. */
  readonly address: string;
  readonly priority?: number | undefined;
  /** Its state was restored from a backup, up to there: the cluster is to begin with it. 0 unless told: it is empty. */
  readonly restoredIndex?: Index;
}
