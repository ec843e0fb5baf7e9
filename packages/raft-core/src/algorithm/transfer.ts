import type { TransferCause, TransferRefusal } from "./effects.ts";
import type { NodeId } from "./entry.ts";
import type { TransferId } from "./input.ts";
import type { Progress } from "./progress.ts";
import { knownLeader, type LeaderState, type RaftState, type Transfer } from "./role-state.ts";
import { send } from "./send.ts";
import { stepDown } from "./step-down.ts";
import { bestSuccessor, needsSnapshot } from "./successor.ts";
import type { TransferCall } from "./transfer-calls.ts";
import { mayCampaign, startElection } from "./vote.ts";

/**
 * Hands leadership to `to`, or to the voter that suits best (dissertation, section 3.10). Whoever asks for the transfer
 * that is under way waits with the others.
 */
export function handleTransfer(state: RaftState, id: TransferId, to: NodeId | undefined): void {
  const { role: leader } = state;
  if (leader.kind !== "leader") {
    refuse(state, id, "notLeader", "this node does not lead");
    return;
  }
  if (leader.transfer !== undefined) {
    if (to !== undefined && to !== leader.transfer.to) {
      refuse(state, id, "transferring", `leadership is on its way to node ${leader.transfer.to}`);
    } else takeCall(state, { id, to });
    return;
  }
  if (to !== undefined && (to === state.config.nodeId || !state.memberships.newest().voters.includes(to))) {
    refuse(state, id, "unknownMember", `node ${to} is no other voter of this cluster`);
    return;
  }
  const target = to === undefined ? bestSuccessor(state, leader) : leader.progress.get(to);
  const problem = target === undefined ? "no other voter answers and keeps up" : obstacle(state, target);
  if (target === undefined || problem !== undefined) {
    refuse(state, id, "targetNotReady", problem ?? "");
    return;
  }
  if (takeCall(state, { id, to })) beginTransfer(state, leader, target, "asked");
}

function takeCall(state: RaftState, call: TransferCall): boolean {
  if (state.transferCalls.add(call)) return true;
  refuse(state, call.id, "overloaded", "too many calls wait for leadership to move already");
  return false;
}

/** The target is a voter that stays. */
export function beginTransfer(state: RaftState, leader: LeaderState, target: Progress, cause: TransferCause): void {
  leader.transfer = { to: target.id, cause, elapsedMs: 0, isHolding: false, isTold: false };
  leader.lease?.end();
  state.effects.notice({ kind: "handingOver", to: target.id, cause });
  continueTransfer(state, leader, target);
}

/** Tells the target to campaign as soon as it holds the whole log; again with each sign of life, in case it was lost. */
export function continueTransfer(state: RaftState, leader: LeaderState, progress: Progress): void {
  const { transfer } = leader;
  if (transfer?.to !== progress.id || progress.match !== state.log.lastIndex) return;
  hold(state, transfer);
  transfer.isTold = true;
  send(state, progress.id, { kind: "timeoutNowRequest", term: state.hardState.term });
}

/**
 * At a turn's end. Until the target has been sent the whole log, proposals are taken: they would be held back for nothing
 * if it turned out to be too far behind.
 */
export function holdProposals(state: RaftState, { transfer, progress }: LeaderState): void {
  const target = transfer === undefined ? undefined : progress.get(transfer.to);
  if (transfer === undefined || target === undefined) return;
  if (target.next > state.log.lastIndex) hold(state, transfer);
}

function hold(state: RaftState, transfer: Transfer): void {
  transfer.isHolding = true;
  state.held.open();
}

/**
 * A transfer that takes longer than an election is given up, and so is one that cannot come to an end; proposals are
 * taken again. Answers whether this node still leads.
 */
export function tickTransfer(state: RaftState, leader: LeaderState, elapsedMs: number): boolean {
  const { transfer } = leader;
  if (transfer === undefined) return true;
  transfer.elapsedMs += elapsedMs;
  const problem = overdue(state, leader, transfer);
  if (problem !== undefined) giveUpTransfer(state, leader, problem);
  return state.role === leader;
}

/** Messages to `peer` are being lost: if it is the target, others are not kept waiting for it. */
export function transferUnreachable(state: RaftState, leader: LeaderState, peer: NodeId): void {
  if (leader.transfer?.to === peer) giveUpTransfer(state, leader, `node ${peer} cannot be reached`);
}

/** At a turn's end: whoever waits learns that another node leads, or that this one does again. */
export function settleTransfers(state: RaftState): void {
  const { role, transferCalls, effects } = state;
  if (transferCalls.isEmpty) return;
  const leader = knownLeader(state);
  if (leader === undefined || (role.kind === "leader" && role.transfer !== undefined)) return;
  for (const { id, to } of transferCalls.takeAll()) {
    if (role.kind !== "leader" && (to ?? leader) === leader) effects.transfer({ kind: "done", id, leader });
    else effects.transfer({ kind: "failed", id, detail: `node ${leader} leads in the next term`, leader });
  }
}

/** Time has passed while this node does not lead: nobody waits for ever for the next leader. */
export function tickTransferCalls(state: RaftState, elapsedMs: number): void {
  const { transferCalls, config } = state;
  if (transferCalls.isEmpty) return;
  transferCalls.tick(elapsedMs);
  if (transferCalls.leaderlessMs < 2 * config.electionTimeoutMaxMs) return;
  failCalls(state, `nobody is known to lead after ${transferCalls.leaderlessMs} ms`);
}

/** Campaigns at once, without a pre-vote: the leader itself has asked for it. */
export function handleTimeoutNow(state: RaftState): void {
  if (state.role.kind !== "leader" && mayCampaign(state) && !state.writes.isStalled) startElection(state, true);
}

function overdue(state: RaftState, leader: LeaderState, transfer: Transfer): string | undefined {
  const target = leader.progress.get(transfer.to);
  if (target === undefined || !state.memberships.newest().voters.includes(transfer.to)) {
    return `node ${transfer.to} is a voter no longer`;
  }
  if (transfer.elapsedMs >= state.config.electionTimeoutMaxMs) {
    if (transfer.isTold) return `node ${target.id} did not take over within ${transfer.elapsedMs} ms`;
    const lacking = state.log.lastIndex - target.match;
    return `node ${target.id} did not catch up within ${transfer.elapsedMs} ms: it lacks ${lacking} entries`;
  }
  return obstacle(state, target);
}

function obstacle(state: RaftState, target: Progress): string | undefined {
  if (needsSnapshot(state, target)) return `node ${target.id} needs a snapshot first`;
  // A leader that is new has heard of nobody yet: whom it has not given time to answer is not called silent.
  if (target.silentMs < state.config.electionTimeoutMaxMs) return undefined;
  return `node ${target.id} does not answer`;
}

function giveUpTransfer(state: RaftState, leader: LeaderState, detail: string): void {
  const { transfer } = leader;
  if (transfer === undefined) return;
  const { to, cause } = transfer;
  leader.transfer = undefined;
  state.tenures.failedToLead(to);
  state.effects.notice({ kind: "keeping", to, cause, detail });
  failCalls(state, detail);
  if (cause !== "writeStall" || !state.writes.isStalled) return;
  state.effects.notice({ kind: "steppingDown", cause, forMs: state.writes.oldestMs });
  stepDown(state, leader);
}

function failCalls(state: RaftState, detail: string): void {
  const leader = knownLeader(state);
  for (const { id } of state.transferCalls.takeAll()) state.effects.transfer({ kind: "failed", id, detail, leader });
}

function refuse(state: RaftState, id: TransferId, reason: TransferRefusal, detail: string): void {
  state.effects.transfer({ kind: "refused", id, reason, detail, leader: knownLeader(state) });
}
