import { mkdir, open } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { unwritable } from "./storage-fault.ts";

/** Where everything lies below one node's data directory. */
export interface DataDirectory {
  readonly root: string;
  /** Held locked for as long as the storage is open. */
  readonly lock: string;
  /** Who holds the lock, for a message that a person reads; nothing depends on it. */
  readonly lockOwner: string;
  readonly logs: string;
  readonly raftDb: string;
  readonly witness: string;
  readonly snapshots: string;
  readonly state: string;
  readonly kvDb: string;
}

export function dataDirectory(dataDir: string): DataDirectory {
  const root = resolve(dataDir);
  const logs = join(root, "logs");
  const state = join(root, "state");
  return {
    root,
    lock: join(root, "lock"),
    lockOwner: join(root, "lock.pid"),
    logs,
    raftDb: join(logs, "raft.db"),
    witness: join(logs, "witness"),
    snapshots: join(root, "snapshots"),
    state,
    kvDb: join(state, "kv.db"),
  };
}

/** Makes `folder` and what is missing above it, each name on stable storage. Rejects with `unwritable`. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    const firstMade = await mkdir(folder, { recursive: true });
    if (firstMade === undefined) return;
    const top = dirname(firstMade);
    for (let made = folder; made !== top; made = dirname(made)) await syncFolder(dirname(made));
  } catch (error) {
    throw unwritable(folder, error);
  }
}

/** Puts the names in `folder` on stable storage: a synced file may still lose its name without it. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
