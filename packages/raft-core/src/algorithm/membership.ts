import type { NodeId } from "./entry.ts";

/** One node of the cluster, as the membership records it. */
export interface Member {
  readonly id: NodeId;
  /** `host:port` at which the node serves peers and clients. */
  readonly address: string;
  /**
   * The identity of the data directory that joined under this id. A fresh directory has a fresh member id, so a node
   * that lost its disk is never taken for its former self.
   */
  readonly memberId: string;
  /**
   * Among voters that could lead, the one with the highest leads, as long as it is up and keeps up: a whole number from 0
   * to 100. Absent: 0.
   */
  readonly priority?: number;
}

/**
 * Who takes part in consensus (Raft, section 6). While `outgoingVoters` is not empty the membership is joint: each
 * decision needs a majority of `voters` and a majority of `outgoingVoters`.
 */
export interface Membership {
  /** The voters, in ascending order. */
  readonly voters: readonly NodeId[];
  /** The voters of the membership that is being left; empty unless the membership is joint. Ascending. */
  readonly outgoingVoters: readonly NodeId[];
  /** Nodes that receive the log and answer reads, but do not count. Ascending. */
  readonly learners: readonly NodeId[];
  /** Address and identity of every node named above. Ascending by id. */
  readonly members: readonly Member[];
  /**
   * Those of `outgoingVoters` that stay as learners when the joint membership is left. They have a say until then, so
   * they cannot be learners yet. Ascending; absent if there are none.
   */
  readonly learnersNext?: readonly NodeId[];
  /** The joint membership stays until leaving it is asked for; absent: the leader leaves it by itself. */
  readonly leavesOnRequest?: true;
  /** Those of `learners` that the leader makes voters once they have caught up. Ascending; absent if there are none. */
  readonly promoteWhenCaughtUp?: readonly NodeId[];
}
