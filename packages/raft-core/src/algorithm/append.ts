import type { Entry, Index, NodeId } from "./entry.ts";
import { follow } from "./follow.ts";
import { invariant } from "./invariant.ts";
import type { AppendRequest } from "./message.ts";
import type { RaftState } from "./role-state.ts";
import { send } from "./send.ts";

/** AppendEntries, receiver (Raft, Figure 2). A stale leader is answered with the term that deposed it. */
export function handleAppendRequest(state: RaftState, from: NodeId, request: AppendRequest): void {
  if (!follow(state, from, request.term)) {
    reject(state, from, request.prevIndex, request.prevIndex);
    return;
  }
  const { log, hardState } = state;
  const end = request.prevIndex + request.entries.length;
  if (end <= hardState.commit) {
    accept(state, from, hardState.commit);
    learnCommit(state, from, request.commit);
    return;
  }
  // What is committed here is the same in every later leader's log, whether or not this log still holds it.
  const known = Math.max(hardState.commit, request.prevIndex);
  const knownTerm =
    known === request.prevIndex ? request.prevTerm : request.entries[known - request.prevIndex - 1]?.term;
  if (log.termAt(known) !== knownTerm) {
    invariant(known > hardState.commit, "a leader holds every committed entry");
    reject(state, from, request.prevIndex, log.lastWithTermAtMost(request.prevIndex, request.prevTerm));
    return;
  }
  appendMissing(state, request.entries.slice(known - request.prevIndex));
  accept(state, from, end);
  learnCommit(state, from, request.commit);
}

/** Everything up to `match` is the leader's: says so once it is durable. */
export function accept(state: RaftState, to: NodeId, match: Index): void {
  const { log, hardState, role } = state;
  if (role.kind === "follower") role.matched = Math.max(role.matched, match);
  send(state, to, { kind: "appendResponse", term: hardState.term, rejected: false, match }, log.batchOf(match));
}

/** The leader `from` has committed everything up to `commit`: true of this log as far as it is known to be the same. */
export function learnCommit(state: RaftState, from: NodeId, commit: Index): void {
  const { role } = state;
  if (role.kind !== "follower" || role.leader !== from) return;
  role.leaderCommit = Math.max(role.leaderCommit, commit);
  advanceFollowerCommit(state, Math.min(role.leaderCommit, role.matched));
}

/** The leader's word that everything up to `commit`, which this log holds, is committed. */
export function advanceFollowerCommit(state: RaftState, commit: Index): void {
  if (commit <= state.hardState.commit) return;
  invariant(commit <= state.log.lastIndex, "a node still holds what it has acknowledged");
  state.hardState.advanceCommit(commit);
}

/** Appends what the log lacks of `entries`, in place of what contradicts them (Raft, section 5.3). */
function appendMissing(state: RaftState, entries: readonly Entry[]): void {
  const { log, memberships, hardState } = state;
  const position = entries.findIndex((entry) => log.termAt(entry.index) !== entry.term);
  const first = entries[position];
  if (first === undefined) return;
  if (first.index <= log.lastIndex) {
    invariant(first.index > hardState.commit, "what is committed is never truncated");
    log.truncate(first.index);
    memberships.truncate(first.index);
  }
  const missing = entries.slice(position);
  log.append(missing, state.nextBatch);
  memberships.append(missing);
}

/** Names the last entry that may still be common, skipping whole terms. Never one before the commit index. */
function reject(state: RaftState, to: NodeId, prevIndex: Index, hint: Index): void {
  const { log, hardState } = state;
  const hintIndex = Math.min(Math.max(hint, hardState.commit), log.lastIndex);
  const hintTerm = log.termAt(hintIndex) ?? 0;
  send(state, to, { kind: "appendResponse", term: hardState.term, rejected: true, prevIndex, hintIndex, hintTerm });
}
