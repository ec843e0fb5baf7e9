import type { LeaderState, RaftState } from "./role-state.ts";
import { becomeFollower } from "./roles.ts";
import { send } from "./send.ts";
import { bestSuccessor } from "./successor.ts";

/** Leads no longer, from now on. The best of the others need not wait for its election timeout. */
export function stepDown(state: RaftState, leader: LeaderState): void {
  const successor = bestSuccessor(state, leader);
  const { term } = state.hardState;
  if (successor !== undefined) send(state, successor.id, { kind: "timeoutNowRequest", term });
  becomeFollower(state, term, undefined);
}
