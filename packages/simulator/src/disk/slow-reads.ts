import type { StateStore } from "@raftkv/kv-server";
import type { RaftStorage } from "@raftkv/raft-core";

/** Resolves when the disk has what is asked for. */
type Delay = () => Promise<void>;

/** The log of a disk that takes its time to read. What is read is what was there when it was asked for. */
export function slowToReadLog(storage: RaftStorage, delay: Delay): RaftStorage {
  return {
    identity: () => storage.identity(),
    form: (clusterId, membership) => storage.form(clusterId, membership),
    load: () => storage.load(),
    write: (batch) => storage.write(batch),
    entries: async (from, to, maxBytes) => slowly(storage.entries(from, to, maxBytes), delay),
    compact: (base) => storage.compact(base),
    usage: () => storage.usage(),
    saveSnapshot: (source) => storage.saveSnapshot(source),
    receiveSnapshot: (reception) => storage.receiveSnapshot(reception),
    partialSnapshot: async () => slowly(storage.partialSnapshot(), delay),
    removePartialSnapshot: () => storage.removePartialSnapshot(),
    openSnapshot: async () => slowly(storage.openSnapshot(), delay),
    removeSnapshotsBelow: (index) => storage.removeSnapshotsBelow(index),
    close: () => storage.close(),
  };
}

/** The same of the state. */
export function slowToReadState(store: StateStore, delay: Delay): StateStore {
  return {
    appliedIndex: () => store.appliedIndex(),
    getMany: (keys) => slowly(store.getMany(keys), delay),
    scan: (range) => slowly(store.scan(range), delay),
    write: (batch) => store.write(batch),
    view: () => store.view(),
    replace: (appliedIndex, rows) => store.replace(appliedIndex, rows),
    sizeBytes: () => store.sizeBytes(),
    usedBytes: () => store.usedBytes(),
    close: () => store.close(),
  };
}

async function slowly<Result>(reading: Promise<Result>, delay: Delay): Promise<Result> {
  const delayed = delay();
  const result = await reading;
  await delayed;
  return result;
}
