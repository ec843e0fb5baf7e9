import type { Entry, Index, NodeId } from "./entry.ts";
import { entrySize } from "./entry-cache.ts";
import type { LogRead } from "./input.ts";
import { invariant } from "./invariant.ts";
import { followCommit } from "./membership-handlers.ts";
import type { AppendResponse } from "./message.ts";
import type { Progress } from "./progress.ts";
import { quorumValue } from "./quorum.ts";
import type { LeaderState, RaftState } from "./role-state.ts";
import { send } from "./send.ts";
import { startSnapshot } from "./snapshot-source.ts";
import { continueTransfer } from "./transfer.ts";

/** The leader's own entries: they leave at once, but count for it only when they are durable here. */
export function appendOwn(state: RaftState, leader: LeaderState, entries: readonly Entry[]): void {
  state.log.append(entries, state.nextBatch);
  state.memberships.append(entries);
  for (const entry of entries) leader.backlog.add(entrySize(entry));
}

export function handleAppendResponse(state: RaftState, from: NodeId, response: AppendResponse): void {
  const leader = state.role;
  if (leader.kind !== "leader") return;
  const progress = leader.progress.get(from);
  if (progress === undefined) return;
  const { log } = state;
  if (response.rejected) {
    progress.rejected(response.prevIndex, log.lastWithTermAtMost(response.hintIndex, response.hintTerm));
    return;
  }
  invariant(response.match <= log.lastIndex, "a follower acknowledges only what the leader holds");
  if (progress.accepted(response.match, log.base.index)) advanceLeaderCommit(state, leader);
  if (state.role === leader) continueTransfer(state, leader, progress);
}

/** Entries that were asked of storage. They are sent only if they are still what the follower needs next. */
export function handleEntriesRead(state: RaftState, request: LogRead, entries: readonly Entry[]): void {
  const leader = state.role;
  if (leader.kind !== "leader" || request.term !== state.hardState.term) return;
  const progress = leader.progress.get(request.peer);
  if (progress?.reading?.from !== request.from) return;
  progress.doneReading();
  if (entries.length === 0) {
    progress.entriesGone();
    return;
  }
  const stillFits = progress.mayAppend && progress.next === request.from;
  if (stillFits && state.log.termAt(request.from - 1) !== undefined) sendEntries(state, progress, entries);
}

/** Only an entry of this term commits by counting copies; those before it commit with it (Raft, section 5.4.2). */
export function advanceLeaderCommit(state: RaftState, leader: LeaderState): void {
  const { log, hardState } = state;
  if (hardState.commit < log.lastIndex) {
    const replicated = quorumValue(state.memberships.newest(), (voter) =>
      voter === state.config.nodeId ? log.durable : (leader.progress.get(voter)?.match ?? 0),
    );
    if (replicated > hardState.commit && log.termAt(replicated) === hardState.term) hardState.advanceCommit(replicated);
  }
  leader.backlog.releaseThrough(Math.min(hardState.commit, log.durable));
  followCommit(state, leader);
}

/** At a turn's end: everything that the followers may get now, whatever the turn's inputs were. */
export function replicate(state: RaftState, leader: LeaderState): void {
  for (const progress of leader.progress.values()) replicateTo(state, leader, progress);
}

function replicateTo(state: RaftState, leader: LeaderState, progress: Progress): void {
  const { log } = state;
  if (progress.next <= log.base.index) {
    if (mayStartSnapshot(state, progress)) startSnapshot(state, leader, progress);
    return;
  }
  while (progress.mayAppend && progress.next <= log.lastIndex && progress.next >= log.cachedFrom) {
    sendEntries(state, progress, log.slice(progress.next, log.lastIndex, state.config.maxAppendBytes));
  }
  if (progress.mayAppend && progress.state === "replicate" && progress.next < log.cachedFrom)
    readFromLog(state, progress);
  if (progress.mayNudge || (progress.mayAppend && progress.state === "probe")) sendEmpty(state, progress);
}

function sendEntries(state: RaftState, progress: Progress, entries: readonly Entry[]): void {
  const last = progress.next - 1 + entries.length;
  const bytes = entries.reduce((sum, entry) => sum + entrySize(entry), 0);
  sendAppend(state, progress, entries, last);
  progress.sentEntries(last, bytes);
}

/** Carries nothing but where the leader's log stands: to probe, or to find what was lost. */
function sendEmpty(state: RaftState, progress: Progress): void {
  sendAppend(state, progress, [], progress.next - 1);
  progress.sentEmpty();
}

function sendAppend(state: RaftState, progress: Progress, entries: readonly Entry[], last: Index): void {
  const prevIndex = progress.next - 1;
  const prevTerm = state.log.termAt(prevIndex);
  invariant(prevTerm !== undefined, "an append follows an entry that the leader knows");
  const { term, commit } = state.hardState;
  send(state, progress.id, { kind: "appendRequest", term, prevIndex, prevTerm, entries, commit });
  progress.sentCommit(Math.min(commit, last));
}

function readFromLog(state: RaftState, progress: Progress): void {
  if (progress.reading !== undefined) return;
  const { log, hardState, config, effects } = state;
  const to = Math.min(log.lastIndex, log.cachedFrom - 1);
  const request: LogRead = {
    peer: progress.id,
    term: hardState.term,
    from: progress.next,
    to,
    maxBytes: config.maxAppendBytes,
  };
  progress.startReading(request);
  effects.readEntries(request);
}

/** The log no longer reaches back to what the follower needs (Raft, section 7). */
function mayStartSnapshot(state: RaftState, progress: Progress): boolean {
  const isItsTurn = progress.mayAppend || progress.mayNudge;
  return isItsTurn && progress.silentMs < state.config.electionTimeoutMaxMs;
}
