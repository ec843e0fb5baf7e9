import type { NodeId } from "@raftkv/raft-core";

/** A node that cluster.conf names as one of the first. */
export interface Founder {
  readonly id: NodeId;
  readonly address: string;
  /** See `Member.priority` of `@raftkv/raft-core`. */
  readonly priority?: number | undefined;
}

/** The node that forms, with a data directory that no cluster knows yet. */
export interface Newcomer {
  readonly nodeId: NodeId;
  readonly memberId: string;
  readonly address: string;
  readonly priority?: number | undefined;
}
