import type { Index, NodeId } from "./entry.ts";
import { invariant } from "./invariant.ts";

/** What a Raft instance is told once, when it is made. Times are milliseconds; sizes count payload bytes. */
export interface RaftConfig {
  readonly nodeId: NodeId;
  /** Of this node's data directory: a membership that names another under its id means its former self. */
  readonly memberId: string;
  /** Grows with each start of this node: makes read contexts unique across restarts. */
  readonly incarnation: number;
  /** An election timeout is drawn from [min, max). */
  readonly electionTimeoutMinMs: number;
  readonly electionTimeoutMaxMs: number;
  readonly heartbeatIntervalMs: number;
  /** News of a commit waits so long for an append to ride on. Absent: an eighth of the heartbeat interval. */
  readonly commitNewsMs?: number | undefined;
  /**
   * Set: a leader may read by lease. By how much, as a share, one node's clock may run faster than another's: a lease is
   * safe only within that bound.
   */
  readonly maxClockDrift?: number | undefined;
  /** A write that takes longer shows a disk that stands still: such a node should not lead. */
  readonly writeStallMs: number;
  /** How many append requests with entries may be unanswered by one follower. */
  readonly maxInflightMessages: number;
  /** Once so many bytes are unanswered by one follower, the next append waits. */
  readonly maxInflightBytes: number;
  /** An append request carries at most this much, but always at least one entry. */
  readonly maxAppendBytes: number;
  /** Proposals are refused while so much would not be committed, or not be durable here, yet. */
  readonly maxUncommittedBytes: number;
  /** Durable entries stay in memory, for followers and for applying, up to this much. */
  readonly maxCachedBytes: number;
  /** Another follower may be asked to send a snapshot, so that the leader is spared. */
  readonly snapshotsFromFollowers: boolean;
  /** A larger payload is refused. */
  readonly maxEntryBytes: number;
  /** What the state machine has applied at start; at least the log's base. */
  readonly appliedIndex: Index;
}

/** Fails on settings that cannot work; the edge that parses them owes the user a better message. */
export function checkConfig(config: RaftConfig): void {
  const { electionTimeoutMinMs: min, electionTimeoutMaxMs: max, heartbeatIntervalMs: heartbeat } = config;
  invariant(Number.isSafeInteger(config.nodeId) && config.nodeId > 0, "the node id is a positive integer");
  invariant(heartbeat > 0 && heartbeat < min, "the heartbeat interval is shorter than the election timeout");
  invariant((config.commitNewsMs ?? 1) > 0, "news of a commit may wait some time");
  invariant(config.writeStallMs > 0, "a write may take some time");
  invariant(min <= max, "the election timeout's minimum is at most its maximum");
  const { maxClockDrift: drift = 0 } = config;
  invariant(drift >= 0 && Number.isFinite(drift), "the clocks' drift is a share");
  invariant(config.maxInflightMessages > 0 && config.maxInflightBytes > 0, "something may be in flight");
}
