import type { NodeId } from "./entry.ts";
import type { Progress } from "./progress.ts";
import type { LeaderState, RaftState } from "./role-state.ts";
import { send } from "./send.ts";
import { mayCampaign, startElection } from "./vote.ts";

/**
 * Hands leadership to `to`, or to the live voter whose log reaches furthest (dissertation, section 3.10). Meanwhile
 * proposals are refused. Nothing happens if this node does not lead or there is nobody to hand over to.
 */
export function handleTransfer(state: RaftState, to: NodeId | undefined): void {
  const leader = state.role;
  if (leader.kind !== "leader") return;
  const target = to === undefined ? furthestVoter(state, leader) : voterProgress(state, leader, to);
  if (target === undefined || leader.transfer?.to === target.id) return;
  leader.transfer = { to: target.id, elapsedMs: 0 };
  leader.lease?.end();
  continueTransfer(state, leader, target);
}

/** Tells the target to campaign as soon as it holds the whole log; again with each sign of life, in case it was lost. */
export function continueTransfer(state: RaftState, leader: LeaderState, progress: Progress): void {
  if (leader.transfer?.to !== progress.id || progress.match !== state.log.lastIndex) return;
  send(state, progress.id, { kind: "timeoutNowRequest", term: state.hardState.term });
}

/** A transfer that takes longer than an election is given up, and proposals are taken again. */
export function tickTransfer(state: RaftState, leader: LeaderState, elapsedMs: number): void {
  if (leader.transfer === undefined) return;
  leader.transfer.elapsedMs += elapsedMs;
  if (leader.transfer.elapsedMs >= state.config.electionTimeoutMaxMs) leader.transfer = undefined;
}

/** Campaigns at once, without a pre-vote: the leader itself has asked for it. */
export function handleTimeoutNow(state: RaftState): void {
  if (state.role.kind !== "leader" && mayCampaign(state)) startElection(state, true);
}

function voterProgress(state: RaftState, leader: LeaderState, id: NodeId): Progress | undefined {
  return state.memberships.newest().voters.includes(id) ? leader.progress.get(id) : undefined;
}

/** Of the voters that are alive and stay, the one that holds most of the log. */
export function furthestVoter(state: RaftState, leader: LeaderState): Progress | undefined {
  const { voters } = state.memberships.newest();
  const live = [...leader.progress.values()].filter(
    ({ id, silentMs }) => voters.includes(id) && silentMs < state.config.electionTimeoutMaxMs,
  );
  return live.reduce<Progress | undefined>(
    (best, next) => (best === undefined || next.match > best.match ? next : best),
    undefined,
  );
}
