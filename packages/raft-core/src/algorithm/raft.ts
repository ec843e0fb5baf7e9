import { handleAppendRequest } from "./append.ts";
import { checkQuorum } from "./check-quorum.ts";
import { tickCommitNews } from "./commit-news.ts";
import { checkConfig, type RaftConfig } from "./config.ts";
import { tickDepartures } from "./departures.ts";
import type { Effects, RoleChange, WriteBatch } from "./effects.ts";
import { EffectsBuffer } from "./effects-buffer.ts";
import { ElectionTimer } from "./election-timer.ts";
import type { Index, NodeId, SnapshotMetadata, Term } from "./entry.ts";
import { handleForgetLeader } from "./forget-leader.ts";
import { HardStateKeeper } from "./hard-state.ts";
import { beginRound, handleHeartbeatRequest, handleHeartbeatResponse, roundDueMs } from "./heartbeat.ts";
import { HeldProposals } from "./held-proposals.ts";
import type { BatchId, Input } from "./input.ts";
import { invariant, unreachable } from "./invariant.ts";
import { LogView } from "./log-view.ts";
import type { Member, Membership } from "./membership.ts";
import { handleChangeMembership, handleLeaveJoint, promoteCaughtUp } from "./membership-handlers.ts";
import { isUnknown, MembershipTracker } from "./membership-tracker.ts";
import type { Message } from "./message.ts";
import { nextDeadlineMs } from "./next-deadline.ts";
import { PeerList } from "./peer-list.ts";
import { tickPreferred } from "./preferred-leader.ts";
import { handlePropose, settleHeld, tickHeld } from "./proposal.ts";
import type { Random } from "./random.ts";
import {
  advanceReads,
  handleCancelRead,
  handleRead,
  handleReadIndexRequest,
  handleReadIndexResponse,
  type ReadLease,
  readLease,
  tickReads,
} from "./read-index.ts";
import { advanceLeaderCommit, handleAppendResponse, handleEntriesRead, replicate } from "./replication.ts";
import type { RestoredState } from "./restored-state.ts";
import { knownLeader, type LeaderState, type RaftState } from "./role-state.ts";
import { handleCompacted, handleSnapshotReceived } from "./snapshot.ts";
import {
  handleSnapshotMoved,
  handleSnapshotReport,
  handleSnapshotRequest,
  handleSnapshotSent,
  tickSnapshots,
} from "./snapshot-source.ts";
import { leadsInSpiteOfStalls } from "./stall.ts";
import { type RaftStatus, statusOf } from "./status.ts";
import { Tenures } from "./tenures.ts";
import { admitTerm, type MessageInTerm } from "./term.ts";
import {
  handleTimeoutNow,
  handleTransfer,
  holdProposals,
  settleTransfers,
  tickTransfer,
  tickTransferCalls,
  transferUnreachable,
} from "./transfer.ts";
import { TransferCalls } from "./transfer-calls.ts";
import {
  handlePreVoteRequest,
  handlePreVoteResponse,
  handleVotePersisted,
  handleVoteRequest,
  handleVoteResponse,
  startPreVote,
} from "./vote.ts";
import { VotePromise } from "./vote-promise.ts";
import { WaitingReads } from "./waiting-reads.ts";
import { WriteWatch } from "./write-watch.ts";

/** A preferred voter is watched for so many election timeouts before it is made leader. */
const trialTimeouts = 5;

/**
 * Raft as a pure state machine: it takes one input at a time and hands out effects. No I/O, no clock, no chance of
 * its own: the same inputs give the same effects. A turn is any number of `step`s and one `takeEffects`; whatever the
 * turn's inputs want sent or written is sent and written together.
 *
 * `step` throws an `InvariantViolation` when something impossible has happened; the instance is not to be used again.
 */
export class Raft {
  readonly #state: RaftState;
  /** What the last commit effect said. */
  #reportedCommit: Index;
  #reportedRole: RoleChange;
  readonly #peers: PeerList;
  /** As it was when it was last asked for. */
  #lastStatus: RaftStatus | undefined;
  /** The same, as long as nothing has happened since then. */
  #status: RaftStatus | undefined;

  /** Takes up where `restored` ends; the caller has restored the state machine to the log's base at least. */
  constructor(config: RaftConfig, restored: RestoredState, random: Random) {
    checkConfig(config);
    const commit = Math.max(restored.hardState.commit, config.appliedIndex);
    invariant(config.appliedIndex >= restored.base.index, "the state reaches the log's base");
    invariant(commit <= restored.lastIndex, "the log holds everything committed");
    this.#state = {
      config,
      hardState: new HardStateKeeper(restored.hardState, commit),
      log: new LogView(restored, config.maxCachedBytes),
      memberships: new MembershipTracker(restored.base, restored.memberships),
      timer: new ElectionTimer(config, random, restored.hardState.term > 0),
      reads: new WaitingReads(),
      promise: new VotePromise(quietMs(config, restored)),
      transferCalls: new TransferCalls(),
      held: new HeldProposals(config.maxUncommittedBytes),
      tenures: new Tenures(trialTimeouts * config.electionTimeoutMaxMs),
      writes: new WriteWatch(config.writeStallMs),
      effects: new EffectsBuffer(),
      nextBatch: 1,
      applied: config.appliedIndex,
      role: { kind: "follower", leader: undefined, matched: 0, leaderCommit: 0 },
    };
    this.#reportedCommit = config.appliedIndex;
    this.#reportedRole = this.#roleNow();
    this.#peers = new PeerList(this.#state);
  }

  step(input: Input): void {
    const state = this.#state;
    this.#status = undefined;
    switch (input.kind) {
      case "tick":
        tick(state, input.elapsedMs, input.stalledMs ?? 0);
        break;
      case "clock":
        state.promise.clock(input.nowMs);
        break;
      case "suspended":
        if (state.role.kind === "leader") state.role.lease?.forget();
        break;
      case "message":
        handleMessage(state, input.from, input.fromMemberId, input.message);
        break;
      case "propose":
        handlePropose(state, input.id, input.payloads);
        break;
      case "changeMembership":
        handleChangeMembership(state, input.id, input.change);
        break;
      case "leaveJoint":
        handleLeaveJoint(state, input.id);
        break;
      case "readIndex":
        handleRead(state, input.id);
        break;
      case "cancelRead":
        handleCancelRead(state, input.id);
        break;
      case "transferLeadership":
        handleTransfer(state, input.id, input.to);
        break;
      case "forgetLeader":
        handleForgetLeader(state);
        break;
      case "campaign":
        startPreVote(state);
        break;
      case "persisted":
        handlePersisted(state, input.batch);
        break;
      case "applied":
        this.#handleApplied(input.index);
        break;
      case "entriesRead":
        handleEntriesRead(state, input.request, input.entries);
        break;
      case "compacted":
        handleCompacted(state, input.metadata);
        break;
      case "snapshotReceived":
        handleSnapshotReceived(state, input.from, input.term, input.metadata);
        break;
      case "snapshotSent":
        handleSnapshotSent(state, input.to, input.at?.index, input);
        break;
      case "snapshotMoved":
        handleSnapshotMoved(state, input.to, input);
        break;
      case "unreachable":
        handleUnreachable(state, input.peer);
        break;
      default:
        unreachable(input);
    }
  }

  /** Ends the turn: what is to be done now, or undefined if there is nothing. */
  takeEffects(): Effects | undefined {
    const state = this.#state;
    this.#status = undefined;
    settleHeld(state);
    if (state.role.kind === "leader") {
      promoteCaughtUp(state, state.role);
      replicate(state, state.role);
      holdProposals(state, state.role);
    }
    settleTransfers(state);
    advanceReads(state);
    return state.effects.take({
      persist: takeWrite(state),
      commit: this.#takeCommit(),
      role: this.#takeRole(),
      peers: this.#peers.take(state),
    });
  }

  /** When the next tick is due at the latest, in milliseconds from the last one, if no other input comes. */
  nextDeadlineMs(): number {
    return nextDeadlineMs(this.#state);
  }

  /** The same object as long as it says the same. */
  status(): RaftStatus {
    this.#status ??= statusOf(this.#state, this.#lastStatus);
    this.#lastStatus = this.#status;
    return this.#status;
  }

  /** The lease that this node leads by, as far as it is known now; undefined: it has none. */
  lease(): ReadLease | undefined {
    return readLease(this.#state);
  }

  /** Whom this node has to reach; from then on a `peers` effect tells of each change. */
  peers(): readonly Member[] {
    return this.#peers.current;
  }

  /** The term of the entry at `index`; undefined below the log's base and beyond its end. */
  termAt(index: Index): Term | undefined {
    return this.#state.log.termAt(index);
  }

  /** In force at `index`, which is not below the log's base. */
  membershipAt(index: Index): Membership {
    return this.#state.memberships.at(index);
  }

  /**
   * What a snapshot of the state at `index` is labelled with; undefined below the log's base and beyond its end, and
   * where this log does not say who the members were.
   */
  metadataAt(index: Index): SnapshotMetadata | undefined {
    const term = this.#state.log.termAt(index);
    if (term === undefined) return undefined;
    const membership = this.#state.memberships.at(index);
    return isUnknown(membership) ? undefined : { index, term, membership };
  }

  #handleApplied(index: Index): void {
    invariant(index <= this.#mayBeApplied(), "only what was handed out as committed is applied");
    this.#state.applied = Math.max(this.#state.applied, index);
  }

  /** What is committed and not durable here is not applied yet: a crash would leave a state ahead of its log. */
  #takeCommit(): Index | undefined {
    const { hardState, log } = this.#state;
    const commit = Math.min(hardState.commit, log.durable);
    if (commit <= this.#mayBeApplied()) return undefined;
    this.#reportedCommit = commit;
    return commit;
  }

  /** What the node was told to apply, or to restore: the base is the index of the last snapshot. */
  #mayBeApplied(): Index {
    return Math.max(this.#reportedCommit, this.#state.log.base.index);
  }

  #takeRole(): RoleChange | undefined {
    const { role, term, leader } = this.#reportedRole;
    const state = this.#state;
    if (state.role.kind === role && state.hardState.term === term && knownLeader(state) === leader) return undefined;
    this.#reportedRole = this.#roleNow();
    return this.#reportedRole;
  }

  #roleNow(): RoleChange {
    const state = this.#state;
    return { role: state.role.kind, term: state.hardState.term, leader: knownLeader(state) };
  }
}

/** For so long since its restart a node may be bound by what it promised before, under whatever configuration that was. */
function quietMs({ electionTimeoutMinMs }: RaftConfig, { hardState: { term, promiseMs = 0 } }: RestoredState): number {
  return term > 0 ? Math.max(electionTimeoutMinMs, promiseMs) : 0;
}

function handleMessage(state: RaftState, from: NodeId, fromMemberId: string | undefined, message: Message): void {
  switch (message.kind) {
    case "preVoteRequest":
      handlePreVoteRequest(state, from, message);
      break;
    case "voteRequest":
      handleVoteRequest(state, { id: from, memberId: fromMemberId }, message);
      break;
    case "appendRequest":
      handleAppendRequest(state, from, message);
      break;
    case "heartbeatRequest":
      handleHeartbeatRequest(state, from, message);
      break;
    default:
      if (admitTerm(state, from, message)) handleInTerm(state, from, fromMemberId, message);
  }
}

/** The rest makes sense in the present term only. */
function handleInTerm(state: RaftState, from: NodeId, fromMemberId: string | undefined, message: MessageInTerm): void {
  switch (message.kind) {
    case "preVoteResponse":
      handlePreVoteResponse(state, from, message);
      break;
    case "voteResponse":
      handleVoteResponse(state, from, message);
      break;
    case "appendResponse":
      handleAppendResponse(state, from, message);
      break;
    case "heartbeatResponse":
      handleHeartbeatResponse(state, from, message);
      break;
    case "readIndexRequest":
      handleReadIndexRequest(state, from, fromMemberId, message);
      break;
    case "readIndexResponse":
      handleReadIndexResponse(state, from, message);
      break;
    case "timeoutNowRequest":
      handleTimeoutNow(state);
      break;
    case "snapshotRequest":
      handleSnapshotRequest(state, from, message);
      break;
    case "snapshotReport":
      handleSnapshotReport(state, from, message);
      break;
    default:
      unreachable(message);
  }
}

function tick(state: RaftState, elapsedMs: number, stalledMs: number): void {
  invariant(elapsedMs >= 0, "time does not go back");
  tickReads(state, elapsedMs);
  state.timer.advance(elapsedMs);
  state.writes.tick(elapsedMs);
  state.tenures.tick(elapsedMs, knownLeader(state));
  if (state.role.kind === "leader") {
    tickLeader(state, state.role, elapsedMs, stalledMs);
    return;
  }
  tickTransferCalls(state, elapsedMs);
  tickHeld(state, elapsedMs);
  if (state.timer.expired && !state.promise.holds) startPreVote(state);
}

function tickLeader(state: RaftState, leader: LeaderState, elapsedMs: number, stalledMs: number): void {
  for (const progress of leader.progress.values()) progress.tick(elapsedMs);
  if (!checkQuorum(state, leader)) return;
  if (!leadsInSpiteOfStalls(state, leader, elapsedMs, stalledMs)) return;
  if (!tickTransfer(state, leader, elapsedMs)) return;
  tickPreferred(state, leader, elapsedMs);
  tickDepartures(state, leader, elapsedMs);
  for (const catchUp of leader.catchUps.values()) catchUp.tick(elapsedMs);
  tickSnapshots(state, leader);
  leader.heartbeatElapsedMs += elapsedMs;
  tickCommitNews(state, leader, elapsedMs);
  if (roundDueMs(state, leader) <= 0) beginRound(state, leader);
}

function handlePersisted(state: RaftState, batch: BatchId): void {
  invariant(batch < state.nextBatch, "only what was handed out can be durable");
  state.writes.persisted(batch);
  state.hardState.persisted(batch);
  state.log.persisted(batch);
  state.effects.persisted(batch);
  handleVotePersisted(state, batch);
  if (state.role.kind === "leader") advanceLeaderCommit(state, state.role);
}

function handleUnreachable(state: RaftState, peer: NodeId): void {
  if (state.role.kind !== "leader") return;
  state.role.progress.get(peer)?.unreachable(state.role.round);
  transferUnreachable(state, state.role, peer);
}

/** One write a turn at most. */
function takeWrite(state: RaftState): WriteBatch | undefined {
  const logWrite = state.log.takeWrite();
  const hardState = state.hardState.takeWrite(logWrite !== undefined);
  if (logWrite === undefined && hardState === undefined) return undefined;
  state.writes.handedOut(state.nextBatch);
  return { id: state.nextBatch++, ...(hardState === undefined ? {} : { hardState }), append: [], ...logWrite };
}
