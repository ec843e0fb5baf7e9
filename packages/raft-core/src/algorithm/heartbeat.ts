import { advanceFollowerCommit } from "./append.ts";
import { commitNewsDueMs } from "./commit-news.ts";
import { endDepartureIfTold, tellDeparture } from "./departures.ts";
import type { NodeId } from "./entry.ts";
import { follow } from "./follow.ts";
import type { HeartbeatRequest, HeartbeatResponse } from "./message.ts";
import { answerReads } from "./read-index.ts";
import type { LeaderState, RaftState } from "./role-state.ts";
import { send } from "./send.ts";
import { continueTransfer } from "./transfer.ts";

/** Begins a round: proves leadership to whoever waits for that, and keeps the followers from campaigning. */
export function beginRound(state: RaftState, leader: LeaderState): void {
  const { term, commit } = state.hardState;
  leader.round++;
  leader.heartbeatElapsedMs = 0;
  leader.newsElapsedMs = 0;
  if (commit >= leader.noopIndex) leader.reads.begin(leader.round, commit);
  for (const progress of leader.progress.values()) {
    const known = Math.min(commit, progress.match);
    send(state, progress.id, { kind: "heartbeatRequest", term, commit: known, round: leader.round });
    progress.sentCommit(known);
    tellDeparture(leader, progress.id, known);
  }
  answerReads(state, leader);
}

/** How long until the next round has to begin. */
export function roundDueMs(state: RaftState, leader: LeaderState): number {
  const intervalMs = state.config.heartbeatIntervalMs - leader.heartbeatElapsedMs;
  return Math.min(intervalMs, commitNewsDueMs(state, leader));
}

/** A stale leader is answered too: it learns the term that deposed it. */
export function handleHeartbeatRequest(state: RaftState, from: NodeId, request: HeartbeatRequest): void {
  if (follow(state, from, request.term)) advanceFollowerCommit(state, request.commit);
  send(state, from, { kind: "heartbeatResponse", term: state.hardState.term, round: request.round });
}

/** Shows that the follower still followed when the round reached it, and that what it lacks must be sent again. */
export function handleHeartbeatResponse(state: RaftState, from: NodeId, response: HeartbeatResponse): void {
  const leader = state.role;
  if (leader.kind !== "leader") return;
  const progress = leader.progress.get(from);
  if (progress === undefined) return;
  progress.ackRound(response.round);
  const lacks = progress.match < state.log.lastIndex || progress.state === "probe";
  if (lacks) progress.nudgeIfIdle(state.config.heartbeatIntervalMs);
  answerReads(state, leader);
  continueTransfer(state, leader, progress);
  endDepartureIfTold(leader, progress);
}
