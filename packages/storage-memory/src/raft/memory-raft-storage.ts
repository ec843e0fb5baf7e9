import {
  type Entry,
  type Identity,
  type Index,
  type Membership,
  type RaftStorage,
  type RestoredState,
  type SnapshotMetadata,
  type SnapshotSink,
  type SnapshotSource,
  StorageError,
  type StorageUsage,
  type WriteBatch,
} from "@raftkv/raft-core";
import { copyEntry, copyMembership, copyMetadata } from "../copies.ts";
import type { DiskImage } from "../disk/disk-image.ts";
import type { WriteQueue } from "../disk/write-queue.ts";
import { MemorySnapshotSink } from "./memory-snapshot-sink.ts";
import { imageOf, type SnapshotImage, sourceOf } from "./snapshot-image.ts";

/** A `RaftStorage` over an image in memory. Whatever goes in or comes out is copied. */
export class MemoryRaftStorage implements RaftStorage {
  readonly #image: DiskImage;
  readonly #queue: WriteQueue;
  readonly #onClosed: () => void;

  constructor(image: DiskImage, queue: WriteQueue, onClosed: () => void) {
    this.#image = image;
    this.#queue = queue;
    this.#onClosed = onClosed;
  }

  identity(): Identity {
    return { ...this.#image.identity };
  }

  async form(clusterId: string, membership: Membership): Promise<void> {
    const bootstrap = copyMembership(membership);
    await this.#queue.write({
      kind: "form",
      prepare: () => {
        this.#assertUnformed(clusterId);
        return () => {
          this.#image.identity = { ...this.#image.identity, clusterId };
          this.#image.log.form(bootstrap);
        };
      },
    });
  }

  async load(): Promise<RestoredState> {
    this.#queue.assertOpen();
    return this.#image.log.restoredState();
  }

  async write(batch: WriteBatch): Promise<void> {
    const owned = copyBatch(batch);
    await this.#queue.write({ kind: "write", apply: () => this.#image.log.write(owned) });
  }

  async entries(from: Index, to: Index, maxBytes: number): Promise<readonly Entry[]> {
    this.#queue.assertOpen();
    return this.#image.log.entries(from, to, maxBytes);
  }

  async compact(base: SnapshotMetadata): Promise<void> {
    const owned = copyMetadata(base);
    await this.#queue.write({ kind: "compact", apply: () => this.#image.log.compact(owned) });
  }

  usage(): StorageUsage {
    return this.#image.log.usage();
  }

  async saveSnapshot(source: SnapshotSource): Promise<void> {
    this.#queue.assertOpen();
    // Read before it is queued, so that no write waits for the source.
    await this.#save(await imageOf(source));
  }

  async receiveSnapshot(metadata: SnapshotMetadata): Promise<SnapshotSink> {
    this.#queue.assertOpen();
    return new MemorySnapshotSink(copyMetadata(metadata), (image) => this.#save(image));
  }

  async openSnapshot(): Promise<SnapshotSource | undefined> {
    this.#queue.assertOpen();
    const { snapshot } = this.#image;
    return snapshot && sourceOf(snapshot);
  }

  async removeSnapshotsBelow(index: Index): Promise<void> {
    await this.#queue.write({
      kind: "removeSnapshots",
      apply: () => {
        const { snapshot } = this.#image;
        if (snapshot && snapshot.metadata.index < index) this.#image.snapshot = undefined;
      },
    });
  }

  async close(): Promise<void> {
    try {
      await this.#queue.close();
    } finally {
      this.#onClosed();
    }
  }

  #assertUnformed(clusterId: string): void {
    const { identity } = this.#image;
    if (identity.clusterId === undefined) return;
    throw new StorageError(
      "wrongOwner",
      `Node ${identity.nodeId} belongs to cluster ${identity.clusterId} and cannot be formed into ${clusterId}.`,
    );
  }

  async #save(saved: SnapshotImage): Promise<void> {
    await this.#queue.write({
      kind: "saveSnapshot",
      apply: () => {
        const present = this.#image.snapshot;
        if (present && present.metadata.index > saved.metadata.index) return;
        this.#image.snapshot = saved;
      },
    });
  }
}

function copyBatch(batch: WriteBatch): WriteBatch {
  return {
    ...batch,
    append: batch.append.map(copyEntry),
    ...(batch.resetTo && { resetTo: copyMetadata(batch.resetTo) }),
  };
}
