import type { Backlog } from "./backlog.ts";
import type { CatchUp } from "./catch-up.ts";
import type { RaftConfig } from "./config.ts";
import type { TransferCause } from "./effects.ts";
import type { EffectsBuffer } from "./effects-buffer.ts";
import type { ElectionTimer } from "./election-timer.ts";
import type { Index, NodeId, Term } from "./entry.ts";
import type { HardStateKeeper } from "./hard-state.ts";
import type { HeldProposals } from "./held-proposals.ts";
import type { BatchId } from "./input.ts";
import type { LeaderLease } from "./leader-lease.ts";
import type { LogView } from "./log-view.ts";
import type { Member } from "./membership.ts";
import type { MembershipTracker } from "./membership-tracker.ts";
import type { PauseMeter } from "./pause-meter.ts";
import type { PreferredVoter } from "./preferred-leader.ts";
import type { Progress } from "./progress.ts";
import type { ReadRounds } from "./read-rounds.ts";
import type { Tenures } from "./tenures.ts";
import type { TransferCalls } from "./transfer-calls.ts";
import type { VotePromise } from "./vote-promise.ts";
import type { WaitingReads } from "./waiting-reads.ts";
import type { WriteWatch } from "./write-watch.ts";

/** Everything a Raft instance knows. The handlers work on it; each part guards its own invariants. */
export interface RaftState {
  readonly config: RaftConfig;
  readonly hardState: HardStateKeeper;
  readonly log: LogView;
  readonly memberships: MembershipTracker;
  readonly timer: ElectionTimer;
  /** Linearizable reads while this node does not lead. */
  readonly reads: WaitingReads;
  /** Until when this node votes for nobody. Outlasts its role. */
  readonly promise: VotePromise;
  /** Who waits for leadership to move. Outlasts the role: the answer comes when another node leads. */
  readonly transferCalls: TransferCalls;
  /** Proposals that wait for leadership to have moved, or not. They outlast the role too. */
  readonly held: HeldProposals;
  /** How long leaders have led, as far as this node has seen. */
  readonly tenures: Tenures;
  readonly writes: WriteWatch;
  readonly effects: EffectsBuffer;
  /** The batch that the next write will be. */
  nextBatch: BatchId;
  /** What the state machine has applied. */
  applied: Index;
  role: RoleState;
}

export type RoleState = FollowerState | PreCandidateState | CandidateState | LeaderState;

export interface FollowerState {
  readonly kind: "follower";
  readonly leader: NodeId | undefined;
  /** The log is the leader's up to here, by what this leader has sent in this term. */
  matched: Index;
  /** The leader's commit index as last heard of; counts here up to `matched`. */
  leaderCommit: Index;
}

/** Asks whether it could win, before it disturbs anybody (dissertation, section 9.6). */
export interface PreCandidateState {
  readonly kind: "preCandidate";
  readonly campaignTerm: Term;
  readonly votes: Map<NodeId, boolean>;
}

export interface CandidateState {
  readonly kind: "candidate";
  readonly votes: Map<NodeId, boolean>;
  /** Its own vote counts once this batch is durable. */
  readonly voteBatch: BatchId;
}

export interface LeaderState {
  readonly kind: "leader";
  /** Everybody in the newest membership but the leader itself, and who is departing from it. */
  readonly progress: Map<NodeId, Progress>;
  /** Who is no longer in the newest membership, and does not know yet that this is committed. */
  readonly departing: Map<NodeId, Departure>;
  /** The learners that become voters when they have caught up. */
  readonly catchUps: Map<NodeId, CatchUp>;
  /** The first entry of this term: until it is committed, nothing may be read and nobody knows what is committed. */
  readonly noopIndex: Index;
  readonly backlog: Backlog;
  readonly reads: ReadRounds;
  /** Undefined: this cluster does not read by lease. */
  readonly lease: LeaderLease | undefined;
  /** The last heartbeat round begun; counts up within the term. */
  round: number;
  heartbeatElapsedMs: number;
  /** How long some follower has not been told of a commit that it could act on. */
  newsElapsedMs: number;
  transfer: Transfer | undefined;
  readonly pauses: PauseMeter;
  /** Voters that are preferred to this leader. */
  readonly preferred: Map<NodeId, PreferredVoter>;
}

/** A node on its way out of the membership: it still gets the log, so that it learns to be quiet. */
export interface Departure {
  readonly member: Member;
  /** The entry that removes it. */
  readonly index: Index;
  /** The heartbeat round that told it of the commit of that entry. */
  toldInRound: number | undefined;
  /** Since that entry is committed. */
  elapsedMs: number;
}

/** Leadership on its way to another node (dissertation, section 3.10). */
export interface Transfer {
  readonly to: NodeId;
  readonly cause: TransferCause;
  elapsedMs: number;
  /** Proposals are held back: the target has been sent the whole log. */
  isHolding: boolean;
  /** The target has been told to campaign. */
  isTold: boolean;
}

/** Who leads, as far as this node knows. */
export function knownLeader(state: RaftState): NodeId | undefined {
  if (state.role.kind === "leader") return state.config.nodeId;
  return state.role.kind === "follower" ? state.role.leader : undefined;
}
