export type { RaftConfig } from "./algorithm/config.ts";
export {
  describeEffects,
  describeEntry,
  describeEntryId,
  describeHardState,
  describeMembership,
  describeMessage,
  describeOutgoing,
  describeSnapshot,
  describeStatus,
  describeWrite,
} from "./algorithm/describe.ts";
export type * from "./algorithm/effects.ts";
export type * from "./algorithm/entry.ts";
export type * from "./algorithm/input.ts";
export { InvariantViolation } from "./algorithm/invariant.ts";
export type * from "./algorithm/membership.ts";
export type * from "./algorithm/membership-change.ts";
export type * from "./algorithm/message.ts";
export type { ProgressState } from "./algorithm/progress.ts";
export { Raft } from "./algorithm/raft.ts";
export type * from "./algorithm/random.ts";
export type * from "./algorithm/restored-state.ts";
export type { SnapshotAdvance } from "./algorithm/snapshot-course.ts";
export type { ProgressStatus, RaftStatus, SnapshotProgress } from "./algorithm/status.ts";
export type * from "./node/consensus.ts";
export { cryptoRandom } from "./node/crypto-random.ts";
export type { LogFields, Logger } from "./node/logger.ts";
export { RaftError, type RaftErrorCode } from "./node/raft-error.ts";
export { RaftNode } from "./node/raft-node.ts";
export {
  defaultRaftNodeConfig,
  type RaftNodeConfig,
  type RaftNodeOptions,
  type SnapshotPolicy,
} from "./node/raft-node-options.ts";
export { systemClock } from "./node/system-clock.ts";
export type * from "./ports/clock.ts";
export type * from "./ports/identity.ts";
export type * from "./ports/raft-storage.ts";
export type * from "./ports/raft-transport.ts";
export type * from "./ports/snapshot.ts";
export type * from "./ports/state-machine.ts";
export { StorageError, type StorageErrorCode } from "./ports/storage-error.ts";
