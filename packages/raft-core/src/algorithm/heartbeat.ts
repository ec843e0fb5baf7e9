import { advanceFollowerCommit } from "./append.ts";
import { commitNewsDueMs } from "./commit-news.ts";
import { endDepartureIfTold, tellDeparture } from "./departures.ts";
import type { NodeId } from "./entry.ts";
import { follow } from "./follow.ts";
import { needsAnswer } from "./heartbeat-answers.ts";
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
  const { nowMs } = state.promise;
  const asksPromise = leader.lease !== undefined && !leader.lease.isOver && nowMs !== undefined;
  if (asksPromise) leader.lease.sent(leader.round, nowMs);
  const round = { round: leader.round, ...(asksPromise ? { asksPromise } : {}) };
  let message: HeartbeatRequest | undefined;
  for (const progress of leader.progress.values()) {
    const known = Math.min(commit, progress.match);
    const needsNoAnswer = !needsAnswer(state, leader, progress);
    // Mostly all are told the same: then it is one message.
    if (message?.commit !== known || (message.needsNoAnswer ?? false) !== needsNoAnswer) {
      const needs = needsNoAnswer ? { needsNoAnswer } : {};
      message = { kind: "heartbeatRequest", term, commit: known, ...round, ...needs };
    }
    send(state, progress.id, message);
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

/**
 * A stale leader is always answered: it learns the term that deposed it, and nothing of its round. It may lead again by the
 * time that it hears of it, in that very term, and its rounds have the same numbers in every term.
 */
export function handleHeartbeatRequest(state: RaftState, from: NodeId, request: HeartbeatRequest): void {
  const follows = follow(state, from, request.term);
  if (follows) advanceFollowerCommit(state, request.commit);
  if (follows && request.needsNoAnswer === true) return;
  const promise = follows && request.asksPromise === true ? promiseOf(state) : {};
  const { term } = state.hardState;
  send(state, from, { kind: "heartbeatResponse", term, round: follows ? request.round : 0, ...promise });
}

/** Shows that the follower still followed when the round reached it, and that what it lacks must be sent again. */
export function handleHeartbeatResponse(state: RaftState, from: NodeId, response: HeartbeatResponse): void {
  const leader = state.role;
  if (leader.kind !== "leader") return;
  const progress = leader.progress.get(from);
  if (progress === undefined) return;
  progress.ackRound(response.round);
  if (response.promiseMs !== undefined) leader.lease?.promised(from, response.round, response.promiseMs);
  const lacks = progress.match < state.log.lastIndex || progress.state === "probe";
  if (lacks) progress.nudgeIfIdle(state.config.heartbeatIntervalMs);
  answerReads(state, leader);
  continueTransfer(state, leader, progress);
  endDepartureIfTold(leader, progress);
}

/**
 * Stickiness for the shortest election timeout (dissertation, section 4.2.3), as a promise that the leader may rely on: of
 * whole milliseconds, as on the wire. How long it is stands on the disk, so that a restart with a shorter election timeout
 * keeps to it too; when it was given does not.
 */
function promiseOf({ promise, config, hardState, nextBatch }: RaftState): { readonly promiseMs?: number } {
  const promiseMs = Math.floor(config.electionTimeoutMinMs);
  if (!promise.give(promiseMs)) return {};
  if (!promise.keepsOld) hardState.promisesLast(promiseMs);
  hardState.promise(promiseMs, nextBatch);
  return { promiseMs };
}
