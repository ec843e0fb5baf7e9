import type { NodeId } from "./entry.ts";
import { follow } from "./follow.ts";
import { allMembers } from "./membership-tracker.ts";
import type { AppendRequest, HeartbeatRequest, Message, PreVoteRequest, VoteRequest } from "./message.ts";
import type { RaftState } from "./role-state.ts";
import { becomeFollower } from "./roles.ts";

/** Messages that are no bid for leadership: those have rules of their own for terms. */
export type MessageInTerm = Exclude<Message, PreVoteRequest | VoteRequest | AppendRequest | HeartbeatRequest>;

/**
 * The rule of terms (Raft, section 5.1): whoever hears of a
 * later term joins it, and what belongs to a past term is dropped. Answers whether the message still matters.
 */
export function admitTerm(state: RaftState, from: NodeId, message: MessageInTerm): boolean {
  const { hardState, role } = state;
  // A node that lags behind may grant a pre-vote all the same: that answer names the campaign it is for.
  if (message.term < hardState.term) return message.kind === "preVoteResponse";
  if (message.term === hardState.term) {
    if (role.kind === "leader") role.progress.get(from)?.heard();
    return true;
  }
  if (isFromLeader(message)) return follow(state, from, message.term);
  // A node that was removed may be terms ahead; it must not depose a leader that it has no part in any more.
  if (isMember(state, from)) becomeFollower(state, message.term, undefined);
  return false;
}

function isFromLeader(message: MessageInTerm): boolean {
  return ["readIndexResponse", "timeoutNowRequest", "snapshotRequest"].includes(message.kind);
}

function isMember(state: RaftState, id: NodeId): boolean {
  const { memberships, hardState } = state;
  return allMembers(memberships.newest()).includes(id) || allMembers(memberships.at(hardState.commit)).includes(id);
}
