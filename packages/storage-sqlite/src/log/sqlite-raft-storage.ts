import {
  type ElectionTimeout,
  type Entry,
  type Identity,
  type Index,
  type Membership,
  type PartialSnapshot,
  type RaftStorage,
  type RestoredState,
  type SnapshotMetadata,
  type SnapshotReception,
  type SnapshotSink,
  type SnapshotSource,
  StorageError,
  type StorageUsage,
  type StoredSnapshot,
  type WriteBatch,
} from "@raftkv/raft-core";
import type { FailStop } from "../fail-stop.ts";
import type { SnapshotDirectory } from "../snapshots/snapshot-directory.ts";
import { runningError } from "../sqlite/sqlite-error.ts";
import { expectAnswer, type WorkerClient } from "../thread/worker-client.ts";
import { decodeBlock, encodeBlocks } from "./block.ts";
import type { LogReadThread } from "./log-read-thread.ts";
import type { LogAnswer, LogChange, LogRequest, LogStatus, LogWrite } from "./protocol.ts";

export interface SqliteRaftStorageParts {
  readonly raftDb: string;
  readonly thread: WorkerClient<LogRequest, LogAnswer>;
  readonly reads: LogReadThread;
  readonly snapshots: SnapshotDirectory;
  readonly failStop: FailStop;
  readonly identity: Identity;
  readonly status: LogStatus;
  /** Called once everything is closed. */
  readonly closed: () => void;
}

/** `RaftStorage` over a thread with `raft.db` and a folder of snapshot files. */
export class SqliteRaftStorage implements RaftStorage {
  readonly #parts: SqliteRaftStorageParts;
  #identity: Identity;
  #status: LogStatus;
  #forming = false;
  #closing: Promise<void> | undefined;

  constructor(parts: SqliteRaftStorageParts) {
    this.#parts = parts;
    this.#identity = parts.identity;
    this.#status = parts.status;
  }

  identity(): Identity {
    return this.#identity;
  }

  usage(): StorageUsage {
    return { ...this.#status.usage, snapshotBytes: this.#parts.snapshots.fileBytes };
  }

  /** The number of the last commit that is known to be durable. The state's database bears witness to it as well. */
  durableSequence(): number {
    return this.#status.sequence;
  }

  async form(clusterId: string, membership: Membership, electionTimeout?: ElectionTimeout): Promise<void> {
    this.#requireOpen();
    if (this.#forming || this.#identity.clusterId !== undefined) {
      throw new StorageError(
        "wrongOwner",
        `${this.#parts.raftDb} belongs to cluster ${this.#identity.clusterId ?? clusterId} already: a data directory ` +
          "forms a cluster once. To start another cluster, choose a fresh data directory.",
      );
    }
    this.#forming = true;
    await this.#change({ kind: "form", clusterId, membership, electionTimeout });
    this.#identity = { ...this.#identity, clusterId, ...(electionTimeout === undefined ? {} : { electionTimeout }) };
  }

  async load(): Promise<RestoredState> {
    this.#requireOpen();
    return expectAnswer(await this.#parts.thread.call({ kind: "load" }), "loaded").state;
  }

  async write(batch: WriteBatch): Promise<void> {
    this.#requireOpen();
    const write = this.#pack(batch);
    return this.#change(
      write,
      write.append.map(({ body }) => body.buffer),
    );
  }

  async entries(from: Index, to: Index, maxBytes: number): Promise<readonly Entry[]> {
    this.#requireOpen();
    const blocks = await this.#parts.reads.read(from, to, maxBytes);
    try {
      return blocks.flatMap((block) => decodeBlock(block, this.#parts.raftDb));
    } catch (error) {
      throw this.#parts.failStop.fail(error);
    }
  }

  async compact(base: SnapshotMetadata): Promise<void> {
    this.#requireOpen();
    return this.#change({ kind: "compact", base });
  }

  async saveSnapshot(source: SnapshotSource): Promise<void> {
    this.#requireOpen();
    return this.#parts.snapshots.save(source);
  }

  async receiveSnapshot(reception: SnapshotReception): Promise<SnapshotSink> {
    this.#requireOpen();
    return this.#parts.snapshots.receive(reception);
  }

  async partialSnapshot(): Promise<PartialSnapshot | undefined> {
    this.#requireOpen();
    return this.#parts.snapshots.partial();
  }

  async removePartialSnapshot(): Promise<void> {
    this.#requireOpen();
    return this.#parts.snapshots.removePartial();
  }

  async openSnapshot(): Promise<StoredSnapshot | undefined> {
    this.#requireOpen();
    return this.#parts.snapshots.open();
  }

  async removeSnapshotsBelow(index: Index): Promise<void> {
    this.#requireOpen();
    return this.#parts.snapshots.removeBelow(index);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { snapshots, thread, reads, failStop, closed } = this.#parts;
    try {
      await snapshots.close();
      await reads.close();
      await (failStop.error === undefined ? thread.finish({ kind: "close" }) : thread.terminate());
    } finally {
      closed();
    }
  }

  async #change(change: LogChange, transfer: readonly ArrayBuffer[] = []): Promise<void> {
    this.#status = expectAnswer(await this.#parts.thread.call(change, transfer), "durable").status;
  }

  /** Entries that do not follow each other are a fault of the caller's, after which its log cannot be vouched for. */
  #pack(batch: WriteBatch): LogWrite {
    const { hardState, resetTo, truncateFrom } = batch;
    try {
      return { kind: "write", hardState, resetTo, truncateFrom, append: encodeBlocks(batch.append) };
    } catch (error) {
      throw this.#parts.failStop.fail(runningError(error, this.#parts.raftDb, "writing to"));
    }
  }

  #requireOpen(): void {
    if (this.#parts.failStop.error !== undefined) throw this.#parts.failStop.error;
    if (this.#closing !== undefined) throw new StorageError("closed", "the storage is closed");
  }
}
