import type { NodeId, RaftStorage } from "@raftkv/raft-core";
import type { Observe } from "../invariants/observation.ts";

/** The storage itself, with everything that matters about it seen. */
export function observedStorage(storage: RaftStorage, node: NodeId, observe: Observe): RaftStorage {
  return {
    identity: () => storage.identity(),
    form: (clusterId, membership, electionTimeout) => storage.form(clusterId, membership, electionTimeout),
    async load() {
      const state = await storage.load();
      observe({ kind: "restored", node, memberId: storage.identity().memberId, state });
      return state;
    },
    async write(batch) {
      observe({ kind: "writing", node, batch });
      await storage.write(batch);
      observe({ kind: "durable", node, batch });
    },
    entries: (from, to, maxBytes) => storage.entries(from, to, maxBytes),
    async compact(base) {
      await storage.compact(base);
      observe({ kind: "compacted", node, base });
    },
    usage: () => storage.usage(),
    saveSnapshot: (source) => storage.saveSnapshot(source),
    receiveSnapshot: (reception) => storage.receiveSnapshot(reception),
    partialSnapshot: () => storage.partialSnapshot(),
    removePartialSnapshot: () => storage.removePartialSnapshot(),
    openSnapshot: () => storage.openSnapshot(),
    removeSnapshotsBelow: (index) => storage.removeSnapshotsBelow(index),
    close: () => storage.close(),
  };
}
