import { mkdir, open, stat } from "node:fs/promises";
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
    await makeWithParents(folder);
  } catch (error) {
    throw unwritable(folder, error);
  }
}

/**
 * Node's own recursive `mkdir` never comes back where the system answers "no such file" for a folder whose parent is
 * there, as it does in /proc: each parent is tried once here.
 */
async function makeWithParents(folder: string): Promise<void> {
  try {
    await makeOne(folder);
  } catch (error) {
    if (!hasCode(error, "ENOENT") || dirname(folder) === folder) throw error;
    await makeWithParents(dirname(folder));
    await makeOne(folder);
  }
}

async function makeOne(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if (await isFolder(folder)) return;
    throw error;
  }
  await syncFolder(dirname(folder));
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
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
