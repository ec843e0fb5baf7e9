import type { StateStore, Storage } from "@raftkv/kv-server";
import type { RaftStorage, SnapshotSink, StoredSnapshot } from "@raftkv/raft-core";
import type { StorageCall, StorageGate } from "./storage-fault.ts";

/** Both stores, every call of which goes through the gate. */
export function gatedStorage({ raft, state }: Storage, gate: StorageGate): Storage {
  return { raft: gatedRaft(raft, gate), state: gatedState(state, gate) };
}

function gatedRaft(raft: RaftStorage, gate: StorageGate): RaftStorage {
  return {
    identity: () => raft.identity(),
    usage: () => raft.usage(),
    form: (clusterId, membership) => gate.pass("form", () => raft.form(clusterId, membership)),
    load: () => gate.pass("load", () => raft.load()),
    write: (batch) => gate.pass("write", () => raft.write(batch)),
    entries: (from, to, maxBytes) => gate.pass("entries", () => raft.entries(from, to, maxBytes)),
    compact: (base) => gate.pass("compact", () => raft.compact(base)),
    saveSnapshot: (source) => gate.pass("saveSnapshot", () => raft.saveSnapshot(source)),
    receiveSnapshot: async (reception) =>
      gatedSink(await gate.pass("receiveSnapshot", () => raft.receiveSnapshot(reception)), gate),
    partialSnapshot: () => gate.pass("partialSnapshot", () => raft.partialSnapshot()),
    openSnapshot: async () => {
      const snapshot = await gate.pass("openSnapshot", () => raft.openSnapshot());
      return snapshot && gatedSnapshot(snapshot, gate);
    },
    removeSnapshotsBelow: (index) => gate.pass("removeSnapshotsBelow", () => raft.removeSnapshotsBelow(index)),
    removePartialSnapshot: () => gate.pass("removePartialSnapshot", () => raft.removePartialSnapshot()),
    close: () => gate.pass("close", () => raft.close()),
  };
}

function gatedSink(sink: SnapshotSink, gate: StorageGate): SnapshotSink {
  return {
    write: (chunk) => gate.pass("sink.write", () => sink.write(chunk)),
    commit: () => gate.pass("sink.commit", () => sink.commit()),
    suspend: () => gate.pass("sink.suspend", () => sink.suspend()),
    abort: () => gate.pass("sink.abort", () => sink.abort()),
  };
}

function gatedSnapshot(snapshot: StoredSnapshot, gate: StorageGate): StoredSnapshot {
  return {
    metadata: snapshot.metadata,
    content: snapshot.content,
    read: (from) => gatedItems("snapshot.read", snapshot.read(from), gate),
    close: () => gate.pass("snapshot.close", () => snapshot.close()),
  };
}

function gatedState(state: StateStore, gate: StorageGate): StateStore {
  return {
    appliedIndex: () => state.appliedIndex(),
    sizeBytes: () => state.sizeBytes(),
    usedBytes: () => state.usedBytes(),
    getMany: (keys) => gate.pass("state.getMany", () => state.getMany(keys)),
    scan: (range) => gate.pass("state.scan", () => state.scan(range)),
    write: (batch) => gate.pass("state.write", () => state.write(batch)),
    replace: (index, rows) => gate.pass("state.replace", () => state.replace(index, rows)),
    view: async () => {
      const view = await gate.pass("state.view", () => state.view());
      return {
        appliedIndex: view.appliedIndex,
        rows: (after) => gatedItems("state.view.rows", view.rows(after), gate),
        close: () => gate.pass("state.view.close", () => view.close()),
      };
    },
    close: () => gate.pass("state.close", () => state.close()),
  };
}

/** Each step to the next item is a call. */
async function* gatedItems<Item>(
  call: StorageCall,
  items: AsyncIterable<Item>,
  gate: StorageGate,
): AsyncGenerator<Item, void, undefined> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await gate.pass(call, () => iterator.next());
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}
