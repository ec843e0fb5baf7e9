import type { Index, SnapshotSource } from "@raftkv/raft-core";

/** A received snapshot, of a cluster of one. */
export function sourceOf(index: Index, chunks: AsyncIterable<Uint8Array>): SnapshotSource {
  const membership = { voters: [1], outgoingVoters: [], learners: [], members: [] };
  return { metadata: { index, term: 1, membership }, read: () => chunks, close: async () => undefined };
}
