import type { Role } from "./effects.ts";
import type { EntryId, HardState, Index, NodeId } from "./entry.ts";
import type { Membership } from "./membership.ts";
import { isUnknown } from "./membership-tracker.ts";
import type { Progress, ProgressState } from "./progress.ts";
import { knownLeader, type LeaderState, type RaftState } from "./role-state.ts";
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

/** `before` itself, where it still says how things are. */
export function statusOf(state: RaftState, before: RaftStatus | undefined): RaftStatus {
  return before !== undefined && stillHolds(before, state) ? before : statusNow(state);
}

function statusNow(state: RaftState): RaftStatus {
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

/**
 * In the order in which they change most. The memberships stay while the log begins and ends with the same entries: then it
 * is the same (Raft, section 5.3: Log Matching).
 */
function stillHolds(status: RaftStatus, state: RaftState): boolean {
  const { role, log, hardState } = state;
  return (
    status.applied === state.applied &&
    status.durable === log.durable &&
    status.last === log.last &&
    status.hardState === hardState.current() &&
    status.role === role.kind &&
    status.leader === knownLeader(state) &&
    status.base === log.base &&
    status.cachedFrom === log.cachedFrom &&
    (role.kind !== "leader" || (status.transferTo === role.transfer?.to && progressHolds(status.progress, state, role)))
  );
}

function progressHolds(known: readonly ProgressStatus[], state: RaftState, { progress }: LeaderState): boolean {
  if (known.length !== progress.size) return false;
  let position = 0;
  for (const peer of progress.values()) {
    const before = known[position++];
    if (before?.id !== peer.id || before.match !== peer.match || before.next !== peer.next) return false;
    if (before.state !== peer.state || before.recentlyActive !== isRecentlyActive(state, peer)) return false;
    // How far a snapshot has come, and when that was heard, changes all the time.
    if (before.snapshot !== undefined || peer.course !== undefined) return false;
  }
  return true;
}

function isRecentlyActive({ config }: RaftState, { silentMs }: Progress): boolean {
  return silentMs < config.electionTimeoutMaxMs;
}

function progressOf(raft: RaftState, progress: Progress): ProgressStatus {
  const { id, state, match, next, course } = progress;
  const recentlyActive = isRecentlyActive(raft, progress);
  const snapshot = course && { source: course.source, silentMs: course.silentMs, ...course.advance };
  return { id, state, match, next, recentlyActive, snapshot };
}

function foundingMembership({ log, memberships }: RaftState): Membership | undefined {
  if (log.base.index > 0) return undefined;
  const first = memberships.at(0);
  return isUnknown(first) ? undefined : first;
}
