import type { RestoredState } from "../algorithm/restored-state.ts";
import type { RaftStorage } from "../ports/raft-storage.ts";
import type { StateMachine } from "../ports/state-machine.ts";
import { StorageError } from "../ports/storage-error.ts";
import { restoreFromStorage } from "./applier.ts";

/**
 * Brings log, snapshots and state together after a restart, or refuses. Three things can have been cut off half-way:
 * a snapshot that was received and not taken over (dropped), one that was taken over and not restored (done again),
 * and applying (replayed from the log, later).
 */
export async function restoreAtStart(
  storage: RaftStorage,
  stateMachine: StateMachine,
  { base, lastIndex, hardState }: RestoredState,
): Promise<void> {
  if (stateMachine.appliedIndex() > lastIndex) {
    throw new StorageError(
      "corrupt",
      `the state has applied entries up to ${stateMachine.appliedIndex()}, and the log ends at ${lastIndex}: it has ` +
        "lost entries. Leave this node down: the others serve while they are a majority",
    );
  }
  const behind = stateMachine.appliedIndex() < base.index;
  const snapshot = await storage.openSnapshot();
  const metadata = snapshot?.metadata;
  await snapshot?.close();
  if (!behind) {
    const known = Math.max(hardState.commit, stateMachine.appliedIndex());
    // The next leader's snapshot may end before this one: the file must not be taken for that one then.
    if (metadata !== undefined && metadata.index > known) await storage.removeSnapshotsBelow(metadata.index + 1);
    return;
  }
  if (metadata === undefined || metadata.index < base.index) {
    throw new StorageError(
      "corrupt",
      `the state ends at index ${stateMachine.appliedIndex()}, the log begins after ${base.index}, and there is no ` +
        "snapshot to fill the gap. Leave this node down: the others serve while they are a majority",
    );
  }
  await restoreFromStorage(storage, stateMachine, metadata);
}
