import type { Index, RaftStorage } from "@raftkv/raft-core";

/** Before any election: whoever holds the backup is ahead of every founder that begins with an empty log. */
const FIRST_TERM = 1;

/**
 * Lets the log of a founder that was restored from a backup begin where that was taken, as if it had received it as a
 * snapshot (see decision 25). Every other founder gets it as one, so nothing is committed before a majority has it. Does
 * nothing where that has been done, or nothing was restored; so it is done again at each start, in case the one that
 * formed the cluster was cut off in between.
 */
export async function beginWithBackup(raft: RaftStorage, stateIndex: Index): Promise<void> {
  if (stateIndex === 0 || raft.identity().clusterId === undefined) return;
  const { base, lastIndex, hardState } = await raft.load();
  if (lastIndex > 0 || hardState.term > 0) return;
  await raft.write({
    id: 0,
    hardState: { term: FIRST_TERM, votedFor: undefined, commit: stateIndex },
    append: [],
    resetTo: { index: stateIndex, term: FIRST_TERM, membership: base.membership },
  });
}
