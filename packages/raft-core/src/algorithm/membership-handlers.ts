import type { DropReason, MembershipRefusal } from "./effects.ts";
import { beginRound } from "./heartbeat.ts";
import type { ProposalId } from "./input.ts";
import { followMembership } from "./leader-peers.ts";
import type { Membership } from "./membership.ts";
import type { MembershipChange } from "./membership-change.ts";
import { afterJoint, planChange } from "./membership-plan.ts";
import { isJoint } from "./membership-tracker.ts";
import { isQuorum } from "./quorum.ts";
import { appendOwn, replicate } from "./replication.ts";
import { knownLeader, type LeaderState, type RaftState } from "./role-state.ts";
import { stepDown } from "./step-down.ts";

type Judgement =
  | { readonly kind: "possible"; readonly next: Membership }
  | { readonly kind: "refused"; readonly reason: DropReason; readonly detail: string };

/** Appends the membership that a change leads to; it is in force from then on (Raft, section 6). */
export function handleChangeMembership(state: RaftState, id: ProposalId, change: MembershipChange): void {
  settle(state, id, (leader) => judgeChange(state, leader, change));
}

/** Leaves a joint membership, also one that waits to be told. */
export function handleLeaveJoint(state: RaftState, id: ProposalId): void {
  settle(state, id, (leader) => {
    const newest = state.memberships.newest();
    if (!isJoint(newest)) return refused("invalidChange", "the membership is not joint");
    return judgeMoment(state, leader) ?? { kind: "possible", next: afterJoint(newest) };
  });
}

/**
 * The commit index may have moved. Once the newest membership is committed, a joint one is left, and a leader that has
 * no part in it any more has done its work (Raft, section 6).
 */
export function followCommit(state: RaftState, leader: LeaderState): void {
  if (!isSettled(state, leader)) return;
  const newest = state.memberships.newest();
  if (isJoint(newest)) {
    if (newest.leavesOnRequest !== true) adopt(state, leader, afterJoint(newest));
    return;
  }
  if (!newest.voters.includes(state.config.nodeId)) leave(state, leader);
}

/** At a turn's end: a learner that keeps up becomes a voter, if that was asked for. */
export function promoteCaughtUp(state: RaftState, leader: LeaderState): void {
  for (const [id, catchUp] of leader.catchUps) {
    const progress = leader.progress.get(id);
    catchUp.reached(progress?.match ?? 0, state.log.lastIndex);
    if (!catchUp.keepsUp || progress?.isAlive(state.config.electionTimeoutMinMs) !== true) continue;
    const judgement = judgeChange(state, leader, { steps: [{ kind: "promote", id }], transition: "auto" });
    if (judgement.kind === "refused") continue;
    adopt(state, leader, judgement.next);
    return;
  }
}

function settle(state: RaftState, id: ProposalId, judge: (leader: LeaderState) => Judgement): void {
  const { role, effects, hardState, log } = state;
  if (role.kind !== "leader") {
    effects.outcome({ kind: "dropped", id, reason: "notLeader", leader: knownLeader(state) });
    return;
  }
  const judgement = judge(role);
  if (judgement.kind === "refused") {
    const { reason, detail } = judgement;
    effects.outcome({ kind: "dropped", id, reason, leader: knownLeader(state), detail });
    return;
  }
  adopt(state, role, judgement.next);
  effects.outcome({ kind: "appended", id, first: { term: hardState.term, index: log.lastIndex }, count: 1 });
}

function judgeChange(state: RaftState, leader: LeaderState, change: MembershipChange): Judgement {
  const moment = judgeMoment(state, leader);
  if (moment !== undefined) return moment;
  const current = state.memberships.newest();
  if (isJoint(current)) return refused("changeInProgress", "the membership is joint: it has to be left first");
  const plan = planChange(current, change);
  if (plan.kind === "invalid") return refused("invalidChange", plan.problem);
  const silent = silentVoters(state, leader, plan.next);
  if (change.force === true || silent === undefined) return { kind: "possible", next: plan.next };
  return refused("wouldLoseQuorum", `without ${silent} the voters would be no quorum`);
}

/**
 * One change at a time, and none before an entry of this term is committed: else the changes of two leaders that do not
 * know of each other could lead to majorities that do not meet.
 */
function judgeMoment(state: RaftState, leader: LeaderState): Judgement | undefined {
  const { hardState, memberships } = state;
  if (leader.transfer !== undefined) return { kind: "refused", reason: "transferring", detail: "leadership moves" };
  if (hardState.commit < leader.noopIndex) return refused("tooEarly", "the leader has committed nothing in its term");
  if (isSettled(state, leader)) return undefined;
  return refused("changeInProgress", `the one at index ${memberships.newestIndex} is not committed`);
}

function refused(reason: MembershipRefusal, detail: string): Judgement {
  return { kind: "refused", reason, detail };
}

/** The newest membership is committed, and something of this term is. */
export function isSettled({ hardState, memberships }: RaftState, { noopIndex }: LeaderState): boolean {
  return hardState.commit >= noopIndex && hardState.commit >= memberships.newestIndex;
}

/** Names the voters that are not heard of, if the others are no quorum of `next`; a joint one has two to be found. */
function silentVoters(state: RaftState, leader: LeaderState, next: Membership): string | undefined {
  const { nodeId, electionTimeoutMaxMs } = state.config;
  const isAlive = (id: number) => id === nodeId || leader.progress.get(id)?.isAlive(electionTimeoutMaxMs) === true;
  if (isQuorum(next, isAlive)) return undefined;
  const silent = new Set([...next.voters, ...next.outgoingVoters].filter((id) => !isAlive(id)));
  return `${silent.size === 1 ? "node" : "nodes"} ${[...silent].join(", ")}`;
}

function adopt(state: RaftState, leader: LeaderState, membership: Membership): void {
  const index = state.log.lastIndex + 1;
  appendOwn(state, leader, [{ kind: "membership", term: state.hardState.term, index, membership }]);
  followMembership(state, leader, index);
}

/** The others hear of the commit before this node leads no longer. */
function leave(state: RaftState, leader: LeaderState): void {
  replicate(state, leader);
  beginRound(state, leader);
  stepDown(state, leader);
}
