import { hasActiveQuorum } from "./check-quorum.ts";
import type { NodeId } from "./entry.ts";
import { unansweredMs } from "./heartbeat-answers.ts";
import type { BatchId } from "./input.ts";
import type { Membership } from "./membership.ts";
import { allVoters, isVoterAs } from "./membership-tracker.ts";
import type { PreVoteRequest, PreVoteResponse, VoteRequest, VoteResponse } from "./message.ts";
import { voteResult } from "./quorum.ts";
import { type CandidateState, knownLeader, type PreCandidateState, type RaftState } from "./role-state.ts";
import { becomeCandidate, becomeFollower, becomeLeader, becomePreCandidate } from "./roles.ts";
import { send, sendTo } from "./send.ts";

/** Asks the voters whether an election could be won; nothing is changed or written by that. */
export function startPreVote(state: RaftState): void {
  if (state.role.kind === "leader") return;
  if (!mayCampaign(state) || state.writes.isStalled) {
    loseLeader(state);
    return;
  }
  becomePreCandidate(state);
  const role = state.role;
  if (role.kind !== "preCandidate") return;
  if (countsItself(state)) role.votes.set(state.config.nodeId, true);
  askVoters(state, (to) => {
    const { index: lastIndex, term: lastTerm } = state.log.last;
    const { campaignTerm } = role;
    send(state, to, { kind: "preVoteRequest", term: state.hardState.term, campaignTerm, lastIndex, lastTerm });
  });
  countPreVotes(state, role);
}

/** Campaigns in a new term. The requests leave when term and own vote are durable, and so does the own vote count. */
export function startElection(state: RaftState, leadershipTransfer: boolean): void {
  becomeCandidate(state);
  askVoters(state, (to) => {
    const { index: lastIndex, term: lastTerm } = state.log.last;
    send(state, to, { kind: "voteRequest", term: state.hardState.term, lastIndex, lastTerm, leadershipTransfer });
  });
}

/** Whether this node is a voter of the membership that is in force or of the one last known to be committed. */
export function mayCampaign(state: RaftState): boolean {
  const { memberships, hardState } = state;
  return hasVote(state, memberships.newest()) || hasVote(state, memberships.at(hardState.commit));
}

export function handlePreVoteRequest(state: RaftState, from: NodeId, request: PreVoteRequest): void {
  const { term } = state.hardState;
  const { campaignTerm } = request;
  const granted =
    campaignTerm > term &&
    !knowsLiveLeader(state) &&
    state.log.isCoveredBy({ index: request.lastIndex, term: request.lastTerm });
  send(state, from, { kind: "preVoteResponse", term, campaignTerm, granted });
}

export function handlePreVoteResponse(state: RaftState, from: NodeId, response: PreVoteResponse): void {
  const { role } = state;
  if (role.kind !== "preCandidate" || role.campaignTerm !== response.campaignTerm) return;
  role.votes.set(from, response.granted);
  countPreVotes(state, role);
}

/** Who asks for a vote. An id may have two bearers, and a vote is for one of them. */
interface Candidate {
  readonly id: NodeId;
  /** Undefined: the transport does not tell bearers of an id apart. */
  readonly memberId: string | undefined;
}

/** RequestVote, receiver (Raft, Figure 2), and leader stickiness (section 6; dissertation, section 4.2.3). */
export function handleVoteRequest(state: RaftState, from: Candidate, request: VoteRequest): void {
  const { hardState } = state;
  if (request.term > hardState.term) {
    if (knowsLiveLeader(state) && !request.leadershipTransfer) {
      answerVote(state, from, false);
      return;
    }
    becomeFollower(state, request.term, undefined);
  }
  const granted = request.term === hardState.term && mayVoteFor(state, from, request);
  if (granted) {
    // Who was about to campaign gives way to whom it votes for.
    becomeFollower(state, hardState.term, knownLeader(state));
    hardState.vote(from.id, from.memberId, state.nextBatch);
    state.timer.reset();
  }
  answerVote(state, from, granted);
}

export function handleVoteResponse(state: RaftState, from: NodeId, response: VoteResponse): void {
  const { role } = state;
  if (role.kind !== "candidate") return;
  role.votes.set(from, response.granted);
  countVotes(state, role);
}

/** A candidate's own vote counts from now on, if the write that holds it is among those done. */
export function handleVotePersisted(state: RaftState, batch: BatchId): void {
  const { role } = state;
  if (role.kind !== "candidate" || batch < role.voteBatch || role.votes.has(state.config.nodeId)) return;
  if (countsItself(state)) role.votes.set(state.config.nodeId, true);
  countVotes(state, role);
}

/** The log is looked at each time: where the transport cannot tell, an id's next bearer may ask, with another log. */
function mayVoteFor(state: RaftState, { id, memberId }: Candidate, request: VoteRequest): boolean {
  if (!state.log.isCoveredBy({ index: request.lastIndex, term: request.lastTerm })) return false;
  const { hardState } = state;
  if (hardState.votedFor !== undefined) return hardState.isVoteFor(id, memberId);
  if (knownLeader(state) !== undefined) return false;
  return !state.promise.holds || request.leadershipTransfer;
}

/** An answer to another bearer of the id would be counted by it. */
function answerVote(state: RaftState, { id, memberId }: Candidate, granted: boolean): void {
  const to = memberId === undefined ? { to: id } : { to: id, toMemberId: memberId };
  sendTo(state, to, { kind: "voteResponse", term: state.hardState.term, granted });
}

/** Who hears a leader, or leads with a quorum behind it, does not help to depose it. */
function knowsLiveLeader(state: RaftState): boolean {
  if (state.role.kind !== "leader") return state.timer.heardLeaderLately || state.promise.holds;
  return hasActiveQuorum(state, state.role, unansweredMs(state.config));
}

function countsItself(state: RaftState): boolean {
  return hasVote(state, state.memberships.newest());
}

function hasVote({ config }: RaftState, membership: Membership): boolean {
  return isVoterAs(membership, config.nodeId, config.memberId);
}

function askVoters(state: RaftState, ask: (voter: NodeId) => void): void {
  for (const voter of allVoters(state.memberships.newest())) {
    if (voter !== state.config.nodeId) ask(voter);
  }
}

function countPreVotes(state: RaftState, role: PreCandidateState): void {
  const result = voteResult(state.memberships.newest(), (voter) => role.votes.get(voter));
  // Whoever campaigns votes for itself, which a promise to a leader excludes.
  if (result === "lost" || (result === "won" && state.promise.holds)) {
    becomeFollower(state, state.hardState.term, undefined);
  } else if (result === "won") {
    startElection(state, false);
  }
}

function countVotes(state: RaftState, role: CandidateState): void {
  const result = voteResult(state.memberships.newest(), (voter) => role.votes.get(voter));
  if (result === "won") becomeLeader(state);
  if (result === "lost") becomeFollower(state, state.hardState.term, undefined);
}

/** A node that cannot campaign, or whose vote for itself would not get to its disk, only stops pointing others to a leader that it no longer hears. */
function loseLeader(state: RaftState): void {
  becomeFollower(state, state.hardState.term, undefined);
  state.timer.reset();
}
