import { isQuorum } from "./quorum.ts";
import type { LeaderState, RaftState } from "./role-state.ts";
import { becomeFollower } from "./roles.ts";

/** Whether a quorum, the leader counted in, has been heard within the last `withinMs`. */
export function hasActiveQuorum(state: RaftState, leader: LeaderState, withinMs: number): boolean {
  return isQuorum(state.memberships.newest(), (voter) => {
    if (voter === state.config.nodeId) return true;
    const progress = leader.progress.get(voter);
    return progress !== undefined && progress.silentMs < withinMs;
  });
}

/**
 * A leader that a quorum no longer answers stops leading: its clients should look elsewhere (dissertation, section
 * 6.2). Answers whether it still leads.
 */
export function checkQuorum(state: RaftState, leader: LeaderState): boolean {
  if (hasActiveQuorum(state, leader, state.config.electionTimeoutMaxMs)) return true;
  becomeFollower(state, state.hardState.term, undefined);
  return false;
}
