import { accept, advanceFollowerCommit } from "./append.ts";
import type { NodeId, SnapshotMetadata, Term } from "./entry.ts";
import { follow } from "./follow.ts";
import { invariant } from "./invariant.ts";
import type { RaftState } from "./role-state.ts";
import { send } from "./send.ts";

/**
 * InstallSnapshot, receiver (Raft, section 7): the snapshot has arrived whole and is durable. `from` leads in `term`,
 * whoever sent it on its behalf.
 */
export function handleSnapshotReceived(state: RaftState, from: NodeId, term: Term, metadata: SnapshotMetadata): void {
  const { hardState, log } = state;
  if (!follow(state, from, term)) {
    const { index: hintIndex, term: hintTerm } = log.last;
    const prevIndex = metadata.index;
    const stale = {
      kind: "appendResponse",
      term: hardState.term,
      rejected: true,
      prevIndex,
      hintIndex,
      hintTerm,
    } as const;
    send(state, from, stale);
    return;
  }
  if (metadata.index <= hardState.commit) {
    accept(state, from, hardState.commit);
    return;
  }
  if (log.termAt(metadata.index) === metadata.term) advanceFollowerCommit(state, metadata.index);
  else replaceLog(state, metadata);
  accept(state, from, metadata.index);
}

/** Storage has dropped a prefix of the log. */
export function handleCompacted(state: RaftState, metadata: SnapshotMetadata): void {
  invariant(metadata.index <= state.hardState.commit, "only what is committed is compacted");
  if (state.log.compact(metadata)) state.memberships.compact(metadata);
}

function replaceLog(state: RaftState, metadata: SnapshotMetadata): void {
  state.log.reset(metadata, state.nextBatch);
  state.memberships.reset(metadata);
  state.hardState.advanceCommit(metadata.index);
  state.effects.restoreSnapshot(metadata);
}
