import type { Random } from "../algorithm/random.ts";
import type { Clock } from "../ports/clock.ts";
import type { RaftStorage } from "../ports/raft-storage.ts";
import type { RaftTransport } from "../ports/raft-transport.ts";
import type { StateMachine } from "../ports/state-machine.ts";
import type { Logger } from "./logger.ts";

/** What a node runs on. The node closes none of it: whoever opened it closes it, after the node. */
export interface RaftNodeOptions<Result = unknown> {
  /** Belongs to a formed cluster (`identity().clusterId` is set). */
  readonly storage: RaftStorage;
  readonly transport: RaftTransport;
  readonly stateMachine: StateMachine<Result>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** What is left out is as in `defaultRaftNodeConfig`; the heartbeat interval is a third of the election timeout. */
  readonly config?: Partial<RaftNodeConfig>;
  /** Called once, when the node has stopped for good: a write failed, or applying did. Restart it from disk. */
  readonly onFailure: (error: Error) => void;
}

/** Times, bounds and policies of one node. Bytes are bytes of payload. */
export interface RaftNodeConfig {
  /** The election timeout is drawn anew from [min, max) for each election (Raft, section 5.2). */
  readonly electionTimeoutMinMs: number;
  readonly electionTimeoutMaxMs: number;
  /** How often a leader proves itself; well below the election timeout. */
  readonly heartbeatIntervalMs: number;
  /**
   * News of a commit waits so long for an append to ride on, and then goes by itself: so much later do followers show a lone
   * write to those who only look, and watch. Absent: an eighth of the heartbeat interval.
   */
  readonly commitNewsMs?: number | undefined;
  /**
   * Lets this node, while it leads, read by lease. By how much, as a share, one clock of the cluster may run faster than
   * another: 0.1 covers the quickest corrections that time services make. Absent: no leases. Followers need no setting.
   */
  readonly maxClockDrift?: number | undefined;
  /**
   * A leader whose write has been under way for so long hands over to a voter that is ahead of its disk, and no node
   * campaigns while its own disk stands still for so long. Infinity: never.
   */
  readonly writeStallMs: number;
  /** One append request carries at most this much, but at least one entry. */
  readonly maxAppendBytes: number;
  /** What may be under way to one follower without an answer: so many append requests, and so many bytes. */
  readonly maxInflightMessages: number;
  readonly maxInflightBytes: number;
  /** What a leader takes in beyond its commit index before it refuses with `overloaded`. */
  readonly maxUncommittedBytes: number;
  /** A larger payload is refused with `tooLarge`. */
  readonly maxEntryBytes: number;
  /** The tail of the log kept in memory for followers; what is not durable yet comes on top. */
  readonly maxCachedBytes: number;
  /** Entries kept in memory until they are applied; beyond it they are read back from storage. */
  readonly maxUnappliedCachedBytes: number;
  /**
   * One call to `StateMachine.apply` carries at most this much, but at least one entry. Folding it in may block the
   * event loop, and must not take as long as a heartbeat can wait.
   */
  readonly maxApplyBytes: number;
  /** What may be committed and not applied yet before proposals are refused with `overloaded`. */
  readonly maxApplyBacklogBytes: number;
  /** Reads that may wait at one time; more are refused with `overloaded`. */
  readonly maxPendingReads: number;
  readonly snapshot: SnapshotPolicy;
  /**
   * A snapshot that makes no progress for so long is given up. After one that broke off, the file and the log behind it
   * stay for so long, so that it can go on where it was.
   */
  readonly snapshotTimeoutMs: number;
  /**
   * So much more log than `snapshot.bytes` is kept for the sake of a snapshot on its way, or one that broke off, and of a
   * follower that catches up behind one. A log that grows further is compacted, and a newer snapshot begins anew.
   */
  readonly maxHeldLogBytes: number;
  /** What this node sends of snapshots a second, all together; infinite: as fast as it goes. */
  readonly snapshotBytesPerSecond: number;
  /** A follower may be asked to send a snapshot to another, so that the leader is spared. */
  readonly snapshotsFromFollowers: boolean;
}

/** When the log is compacted. */
export interface SnapshotPolicy {
  /** Compact once so many entries have gathered since the log's base … */
  readonly entries: number;
  /** … or so many bytes. */
  readonly bytes: number;
  /** Entries left in the log for followers that are a little behind; at most half of `bytes` worth of them. */
  readonly tailEntries: number;
}

const MIB = 1024 * 1024;

export const defaultRaftNodeConfig: RaftNodeConfig = {
  electionTimeoutMinMs: 300,
  electionTimeoutMaxMs: 600,
  heartbeatIntervalMs: 100,
  writeStallMs: 600,
  maxAppendBytes: MIB,
  maxInflightMessages: 256,
  maxInflightBytes: 8 * MIB,
  maxUncommittedBytes: 64 * MIB,
  maxEntryBytes: 8 * MIB,
  maxCachedBytes: 32 * MIB,
  maxUnappliedCachedBytes: 32 * MIB,
  maxApplyBytes: MIB / 4,
  maxApplyBacklogBytes: 64 * MIB,
  maxPendingReads: 100_000,
  snapshot: { entries: 100_000, bytes: 128 * MIB, tailEntries: 10_000 },
  snapshotTimeoutMs: 60_000,
  maxHeldLogBytes: 4096 * MIB,
  snapshotBytesPerSecond: Number.POSITIVE_INFINITY,
  snapshotsFromFollowers: true,
};

/** Fills in what was left out. What is measured by the election timeout follows it, unless it is given. */
export function completeConfig(config: Partial<RaftNodeConfig> = {}): RaftNodeConfig {
  const electionTimeoutMinMs = config.electionTimeoutMinMs ?? defaultRaftNodeConfig.electionTimeoutMinMs;
  const heartbeatIntervalMs = Math.max(1, Math.round(electionTimeoutMinMs / 3));
  const writeStallMs = config.electionTimeoutMaxMs ?? defaultRaftNodeConfig.writeStallMs;
  return { ...defaultRaftNodeConfig, heartbeatIntervalMs, writeStallMs, ...config };
}
