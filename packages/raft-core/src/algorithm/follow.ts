import type { NodeId, Term } from "./entry.ts";
import { invariant } from "./invariant.ts";
import type { RaftState } from "./role-state.ts";
import { becomeFollower } from "./roles.ts";

/** Takes `from` as the leader of `term`, if that term is not past. Answers false for a leader of a past term. */
export function follow(state: RaftState, from: NodeId, term: Term): boolean {
  const { role, hardState } = state;
  if (term < hardState.term) return false;
  if (term === hardState.term) {
    invariant(role.kind !== "leader", "a term has one leader");
    invariant(role.kind !== "follower" || role.leader === undefined || role.leader === from, "a term has one leader");
  }
  becomeFollower(state, term, from);
  state.timer.heardLeader();
  return true;
}
