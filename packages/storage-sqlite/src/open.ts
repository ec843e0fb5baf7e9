import { dirname } from "node:path";
import type { Storage, StorageOptions } from "@raftkv/kv-server";
import { type Identity, StorageError } from "@raftkv/raft-core";
import { asStorageError } from "./as-storage-error.ts";
import { type DataDirectory, dataDirectory, makeFolder, syncFolder } from "./data-directory.ts";
import { DirectoryLock } from "./directory-lock.ts";
import { FailStop } from "./fail-stop.ts";
import { LogReadThread } from "./log/log-read-thread.ts";
import type { LogAnswer, LogFound, LogRequest } from "./log/protocol.ts";
import { SqliteRaftStorage } from "./log/sqlite-raft-storage.ts";
import { SnapshotDirectory } from "./snapshots/snapshot-directory.ts";
import { openingError } from "./sqlite/sqlite-error.ts";
import type { StateAnswer, StateRequest } from "./state/protocol.ts";
import { SqliteStateStore } from "./state/sqlite-state-store.ts";
import { StateReader } from "./state/state-reader.ts";
import { damaged } from "./storage-fault.ts";
import { expectAnswer, WorkerClient } from "./thread/worker-client.ts";

type LogThread = WorkerClient<LogRequest, LogAnswer>;
type StateThread = WorkerClient<StateRequest, StateAnswer>;

/**
 * Opens, or makes, the data of one node below `options.dataDir`, and counts the start (`incarnation`) durably. Rejects
 * with a `StorageError`: `locked`, `wrongOwner`, `newerFormat`, `corrupt`, `unwritable`, or `failed` where the disk
 * refuses. Nothing is left open then.
 */
export async function open(options: StorageOptions): Promise<Storage> {
  const directory = dataDirectory(options.dataDir);
  try {
    await makeFolder(directory.root);
    return await openLocked(directory, options, DirectoryLock.acquire(directory));
  } catch (error) {
    throw asStorageError(error instanceof StorageError ? error : openingError(error, directory.root));
  }
}

async function openLocked(directory: DataDirectory, options: StorageOptions, lock: DirectoryLock): Promise<Storage> {
  const failStop = new FailStop();
  const log: LogThread = new WorkerClient("./log/log-worker", import.meta.url, "raftkv log", failStop);
  const state: StateThread = new WorkerClient("./state/state-worker", import.meta.url, "raftkv state", failStop);
  try {
    const storage = await openAll(directory, options, { lock, failStop, log, state });
    failStop.notify(options.onFailure);
    return storage;
  } catch (error) {
    await Promise.all([log.terminate(), state.terminate()]);
    lock.release();
    throw error;
  }
}

interface Opening {
  readonly lock: DirectoryLock;
  readonly failStop: FailStop;
  readonly log: LogThread;
  readonly state: StateThread;
}

/** Everything is looked at before the start is counted: a refused start leaves the witnesses' verdict as it was. */
async function openAll(directory: DataDirectory, options: StorageOptions, opening: Opening): Promise<Storage> {
  const { lock, failStop, log, state } = opening;
  for (const folder of [directory.logs, directory.snapshots, directory.state]) await makeFolder(folder);
  const snapshots = new SnapshotDirectory(directory.snapshots, failStop);
  await snapshots.clean();
  const found = await openLog(directory, options, log);
  const kvDb = directory.kvDb;
  const opened = expectAnswer(await state.call({ kind: "open", kvDb, memberId: found.identity.memberId }), "opened");
  requireLog(directory, found, opened.applied.logSequence);
  const started = expectAnswer(await log.call({ kind: "start" }), "started");
  const reader = new StateReader(kvDb);
  for (const file of [directory.lock, directory.raftDb, kvDb]) await syncFolder(dirname(file));

  let open = 2;
  const closed = () => {
    open--;
    if (open === 0) lock.release();
  };
  const { identity, status } = started;
  const raft = new SqliteRaftStorage({
    raftDb: directory.raftDb,
    thread: log,
    reads: new LogReadThread(directory.raftDb, failStop),
    snapshots,
    failStop,
    identity,
    status,
    closed,
  });
  return {
    raft,
    state: new SqliteStateStore({
      kvDb,
      thread: state,
      reader,
      failStop,
      appliedIndex: opened.applied.appliedIndex,
      size: opened.size,
      logSequence: () => raft.durableSequence(),
      closed,
    }),
  };
}

async function openLog(directory: DataDirectory, options: StorageOptions, log: LogThread): Promise<LogFound> {
  const { raftDb, witness } = directory;
  const opened = expectAnswer(await log.call({ kind: "open", raftDb, witness }), "opened");
  if (opened.found !== undefined) {
    requireNode(directory, opened.found.identity, options.nodeId);
    return opened.found;
  }
  const create = { kind: "create", nodeId: options.nodeId ?? 1, memberId: options.newMemberId() } as const;
  const { found } = expectAnswer(await log.call(create), "opened");
  if (found === undefined) throw new StorageError("failed", `${raftDb} could not be made`);
  return found;
}

function requireNode(directory: DataDirectory, identity: Identity, nodeId: number | undefined): void {
  if (nodeId === undefined || identity.nodeId === nodeId) return;
  throw new StorageError(
    "wrongOwner",
    `${directory.root} belongs to node ${identity.nodeId}, but this is node ${nodeId}. Start node ` +
      `${identity.nodeId} on it, or give node ${nodeId} a data directory of its own.`,
  );
}

/** The state was merged when a certain commit of the log was durable; the log must reach that commit still. */
function requireLog(directory: DataDirectory, found: LogFound, seen: number): void {
  if (found.sequence >= seen) return;
  throw damaged(
    directory.raftDb,
    `it ends with commit ${found.sequence}, but ${directory.kvDb} was written when commit ${seen} was durable. Its ` +
      "write-ahead log was lost or damaged, or an old copy was put in its place",
  );
}
