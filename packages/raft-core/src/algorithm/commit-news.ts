import type { LeaderState } from "./role-state.ts";

/**
 * Whether a follower holds entries that were committed before the last tick, and has not been told. The commit index
 * rides on appends, so that a busy leader sends nothing only to tell it; when no append follows, a round of heartbeats
 * that comes early does.
 */
export function owesCommitNews(leader: LeaderState): boolean {
  for (const progress of leader.progress.values()) {
    if (Math.min(leader.commitAtTick, progress.match) > progress.commitSent) return true;
  }
  return false;
}
