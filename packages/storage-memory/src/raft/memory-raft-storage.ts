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
import { copyEntry, copyMembership, copyMetadata } from "../copies.ts";
import type { DiskImage } from "../disk/disk-image.ts";
import type { WriteQueue } from "../disk/write-queue.ts";
import { MemorySnapshotSink } from "./memory-snapshot-sink.ts";
import { bytesOf, imageOf, type PartialImage, type SnapshotImage, sourceOf } from "./snapshot-image.ts";

/** A `RaftStorage` over an image in memory. Whatever goes in or comes out is copied. */
export class MemoryRaftStorage implements RaftStorage {
  readonly #image: DiskImage;
  readonly #queue: WriteQueue;
  readonly #onClosed: () => void;
  #sink: MemorySnapshotSink | undefined;

  constructor(image: DiskImage, queue: WriteQueue, onClosed: () => void) {
    this.#image = image;
    this.#queue = queue;
    this.#onClosed = onClosed;
  }

  identity(): Identity {
    return { ...this.#image.identity };
  }

  async form(clusterId: string, membership: Membership, electionTimeout?: ElectionTimeout): Promise<void> {
    const bootstrap = copyMembership(membership);
    await this.#queue.write({
      kind: "form",
      prepare: () => {
        this.#assertUnformed(clusterId);
        return () => {
          const said = electionTimeout === undefined ? {} : { electionTimeout: { ...electionTimeout } };
          this.#image.identity = { ...this.#image.identity, clusterId, ...said };
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
    const { log, snapshot, partial } = this.#image;
    return { ...log.usage(), snapshotBytes: bytesOf(snapshot?.chunks ?? []) + bytesOf(partial?.chunks ?? []) };
  }

  async saveSnapshot(source: SnapshotSource): Promise<void> {
    this.#queue.assertOpen();
    // Read before it is queued, so that no write waits for the source.
    await this.#save(await imageOf(source));
  }

  async receiveSnapshot(reception: SnapshotReception): Promise<SnapshotSink> {
    this.#queue.assertOpen();
    await this.#sink?.abort();
    const { partial } = this.#image;
    if (reception.from > 0 && !continues(partial, reception)) {
      throw new Error(`What is held of a snapshot does not end at byte ${reception.from} of the one that is offered.`);
    }
    const held = reception.from > 0 ? (partial?.chunks ?? []) : [];
    if (reception.from === 0 && partial !== undefined) await this.#keep(undefined);
    const sink = new MemorySnapshotSink(reception, {
      held,
      keep: (kept) => this.#keep(kept),
      save: (image) =>
        this.#save(image, () => {
          this.#image.partial = undefined;
        }),
      ended: () => {
        if (this.#sink === sink) this.#sink = undefined;
      },
    });
    this.#sink = sink;
    return sink;
  }

  async partialSnapshot(): Promise<PartialSnapshot | undefined> {
    this.#queue.assertOpen();
    const { partial } = this.#image;
    if (partial === undefined || this.#sink !== undefined) return undefined;
    return { metadata: copyMetadata(partial.metadata), content: partial.content, bytes: bytesOf(partial.chunks) };
  }

  async removePartialSnapshot(): Promise<void> {
    if (this.#image.partial !== undefined) await this.#keep(undefined);
  }

  async openSnapshot(): Promise<StoredSnapshot | undefined> {
    this.#queue.assertOpen();
    const { snapshot } = this.#image;
    return snapshot && sourceOf(snapshot);
  }

  async removeSnapshotsBelow(index: Index): Promise<void> {
    await this.#queue.write({
      kind: "removeSnapshots",
      apply: () => {
        const { snapshot, partial } = this.#image;
        if (snapshot && snapshot.metadata.index < index) this.#image.snapshot = undefined;
        if (partial && partial.metadata.index < index) this.#image.partial = undefined;
      },
    });
  }

  async close(): Promise<void> {
    try {
      await this.#sink?.suspend().catch(() => undefined);
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

  async #keep(partial: PartialImage | undefined): Promise<void> {
    await this.#queue.write({
      kind: "keepPartial",
      apply: () => {
        this.#image.partial = partial;
      },
    });
  }

  async #save(saved: SnapshotImage, andThen: () => void = () => {}): Promise<void> {
    await this.#queue.write({
      kind: "saveSnapshot",
      apply: () => {
        andThen();
        const present = this.#image.snapshot;
        if (present && present.metadata.index > saved.metadata.index) return;
        this.#image.snapshot = saved;
      },
    });
  }
}

function continues(partial: PartialImage | undefined, { metadata, content, from }: SnapshotReception): boolean {
  if (partial === undefined || content === undefined || bytesOf(partial.chunks) !== from) return false;
  const isSameState = partial.metadata.index === metadata.index && partial.metadata.term === metadata.term;
  return isSameState && partial.content.digest === content.digest && partial.content.bytes === content.bytes;
}

function copyBatch(batch: WriteBatch): WriteBatch {
  return {
    ...batch,
    append: batch.append.map(copyEntry),
    ...(batch.resetTo && { resetTo: copyMetadata(batch.resetTo) }),
  };
}
