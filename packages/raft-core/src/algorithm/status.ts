import type { Role } from "./effects.ts";
import type { EntryId, HardState, Index, NodeId } from "./entry.ts";
import type { Membership } from "./membership.ts";
import { isUnknown } from "./membership-tracker.ts";
import type { Progress, ProgressState } from "./progress.ts";
import { knownLeader, type RaftState } from "./role-state.ts";
import type { SnapshotAdvance } from "./snapshot-course.ts";

/** What a Raft instance knows, for status and decisions outside of it. A copy: it does not change. */
export interface RaftStatus {
  readonly nodeId: NodeId;
  readonly role: Role;
  readonly leader: NodeId | undefined;
  /** Term, vote and commit index in memory; on disk they may be a write behind. */
  readonly hardState: HardState;
  /** What the state machine has applied. */
  readonly applied: Index;
  /** Everything up to here is on stable storage at this node. */
  readonly durable: Index;
  readonly base: EntryId;
  readonly last: EntryId;
  /** The newest membership, which is the one in force. */
  readonly membership: Membership;
  /** The index of the entry that holds it; the base's if that does. */
  readonly membershipIndex: Index;
  /** The membership at the commit index; not the newest while a change is under way. */
  readonly committedMembership: Membership;
  /** The membership that the cluster was formed with; undefined once the log no longer begins there, or never did. */
  readonly foundingMembership: Membership | undefined;
  /** Entries in memory begin here. */
  readonly cachedFrom: Index;
  /** On the leader: whom it hands leadership to. */
  readonly transferTo: NodeId | undefined;
  /** On the leader: how far each peer has come. */
  readonly progress: readonly ProgressStatus[];
}

export interface ProgressStatus {
  readonly id: NodeId;
  readonly state: ProgressState;
  readonly match: Index;
  readonly next: Index;
  /** Heard of within the last maximum election timeout. */
  readonly recentlyActive: boolean;
  /** The snapshot on its way to it, or the last one that broke off; undefined: it needs none. */
  readonly snapshot: SnapshotProgress | undefined;
}

export interface SnapshotProgress extends SnapshotAdvance {
  /** Who sends it: the leader, or a follower on its behalf. */
  readonly source: NodeId;
  /** Since it was last heard of. */
  readonly silentMs: number;
}

export function statusOf(state: RaftState): RaftStatus {
  const { role, log, hardState, config } = state;
  return {
    nodeId: config.nodeId,
    role: role.kind,
    leader: knownLeader(state),
    hardState: hardState.current(),
    applied: state.applied,
    durable: log.durable,
    base: log.base,
    last: log.last,
    membership: state.memberships.newest(),
    membershipIndex: state.memberships.newestIndex,
    committedMembership: state.memberships.at(hardState.commit),
    foundingMembership: foundingMembership(state),
    cachedFrom: log.cachedFrom,
    transferTo: role.kind === "leader" ? role.transfer?.to : undefined,
    progress: role.kind === "leader" ? [...role.progress.values()].map((peer) => progressOf(state, peer)) : [],
  };
}

function progressOf({ config }: RaftState, { id, state, match, next, silentMs, course }: Progress): ProgressStatus {
  const recentlyActive = silentMs < config.electionTimeoutMaxMs;
  const snapshot = course && { source: course.source, silentMs: course.silentMs, ...course.advance };
  return { id, state, match, next, recentlyActive, snapshot };
}

function foundingMembership({ log, memberships }: RaftState): Membership | undefined {
  if (log.base.index > 0) return undefined;
  const first = memberships.at(0);
  return isUnknown(first) ? undefined : first;
}
