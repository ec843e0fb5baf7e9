import type { LeaderState, RaftState } from "./role-state.ts";

/** The commit index waits so much of a heartbeat interval for an append to ride on, unless told how long. */
const patience = 1 / 8;

/**
 * Whether a follower holds entries that are committed, and has not been told. The commit index rides on appends, so
 * that a busy leader sends nothing only to tell it; when no append follows, a round of heartbeats that comes early does.
 */
function owesCommitNews({ hardState }: RaftState, leader: LeaderState): boolean {
  for (const progress of leader.progress.values()) {
    if (Math.min(hardState.commit, progress.match) > progress.commitSent) return true;
  }
  return false;
}

export function tickCommitNews(state: RaftState, leader: LeaderState, elapsedMs: number): void {
  leader.newsElapsedMs = owesCommitNews(state, leader) ? leader.newsElapsedMs + elapsedMs : 0;
}

/** When the followers are to be told by a round, if nothing else does. */
export function commitNewsDueMs(state: RaftState, leader: LeaderState): number {
  if (!owesCommitNews(state, leader)) return Number.POSITIVE_INFINITY;
  const { heartbeatIntervalMs, commitNewsMs = heartbeatIntervalMs * patience } = state.config;
  return commitNewsMs - leader.newsElapsedMs;
}
