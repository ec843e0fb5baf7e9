import type { RaftState } from "./role-state.ts";
import { becomeFollower } from "./roles.ts";

/**
 * Somebody outside knows that the leader is gone: this node stops holding on to it, and may help to elect another at once.
 * It hears the leader again if that was wrong. A leader stays what it is.
 */
export function handleForgetLeader(state: RaftState): void {
  state.timer.forgetLeader();
  if (state.role.kind === "follower") becomeFollower(state, state.hardState.term, undefined);
}
