import { Backlog } from "./backlog.ts";
import type { NodeId, Term } from "./entry.ts";
import { invariant } from "./invariant.ts";
import { LeaderLease } from "./leader-lease.ts";
import { followMembership } from "./leader-peers.ts";
import { PauseMeter } from "./pause-meter.ts";
import { ReadRounds } from "./read-rounds.ts";
import { appendOwn } from "./replication.ts";
import { knownLeader, type LeaderState, type RaftState, type RoleState } from "./role-state.ts";

/** Follows `leader`, or nobody yet, in `term`, which is not behind one's own (Raft, section 5.1). */
export function becomeFollower(state: RaftState, term: Term, leader: NodeId | undefined): void {
  const { role, hardState } = state;
  const isNewTerm = term > hardState.term;
  if (isNewTerm) hardState.enterTerm(term, state.nextBatch);
  invariant(term === hardState.term, "nobody follows into a term that is past");
  if (role.kind === "follower" && role.leader === leader && !isNewTerm) return;
  if (role.kind !== "follower") state.timer.reset();
  changeRole(state, { kind: "follower", leader, matched: 0, leaderCommit: 0 });
}

export function becomePreCandidate(state: RaftState): void {
  invariant(state.role.kind !== "leader", "a leader does not campaign");
  state.timer.reset();
  changeRole(state, { kind: "preCandidate", campaignTerm: state.hardState.term + 1, votes: new Map() });
}

/** Enters a new term and votes for itself in it (Raft, section 5.2). */
export function becomeCandidate(state: RaftState): void {
  invariant(state.role.kind !== "leader", "a leader does not campaign");
  const { hardState, nextBatch } = state;
  hardState.enterTerm(hardState.term + 1, nextBatch);
  hardState.vote(state.config.nodeId, state.config.memberId, nextBatch);
  state.timer.reset();
  changeRole(state, { kind: "candidate", votes: new Map(), voteBatch: nextBatch });
}

/** Leads, and appends a no-op at once: it commits what came before (Raft, section 8). */
export function becomeLeader(state: RaftState): void {
  invariant(state.role.kind === "candidate", "only a candidate becomes leader");
  const { config, log } = state;
  const noopIndex = log.lastIndex + 1;
  const leader: LeaderState = {
    kind: "leader",
    progress: new Map(),
    departing: new Map(),
    catchUps: new Map(),
    noopIndex,
    backlog: new Backlog(noopIndex, config.maxUncommittedBytes),
    reads: new ReadRounds(),
    lease: config.maxClockDrift === undefined ? undefined : new LeaderLease(config.maxClockDrift),
    round: 0,
    heartbeatElapsedMs: 0,
    newsElapsedMs: 0,
    transfer: undefined,
    pauses: new PauseMeter(2 * config.electionTimeoutMaxMs),
    preferred: new Map(),
  };
  changeRole(state, leader);
  followMembership(state, leader, noopIndex);
  appendOwn(state, leader, [{ kind: "noop", term: state.hardState.term, index: noopIndex }]);
  for (const id of state.reads.takeAll()) leader.reads.addLocal(id);
}

function changeRole(state: RaftState, next: RoleState): void {
  const { role: previous } = state;
  state.role = next;
  const leader = knownLeader(state);
  if (previous.kind === "leader") keepReads(state, previous);
  if (leader !== undefined) state.reads.leaderChanged();
}

/** What a deposed leader's own callers wanted to read, it asks of the next leader. */
function keepReads(state: RaftState, deposed: LeaderState): void {
  for (const id of deposed.reads.surrenderLocal()) {
    if (!state.reads.add(id)) state.effects.read({ kind: "dropped", id });
  }
}
