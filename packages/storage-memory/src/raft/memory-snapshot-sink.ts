import { type SnapshotMetadata, type SnapshotSink, StorageError } from "@raftkv/raft-core";
import { copyBytes } from "../copies.ts";
import type { SnapshotImage } from "./snapshot-image.ts";

/** Gathers a snapshot from a peer; nobody sees it before it is committed. */
export class MemorySnapshotSink implements SnapshotSink {
  readonly #metadata: SnapshotMetadata;
  readonly #save: (image: SnapshotImage) => Promise<void>;
  #chunks: Uint8Array[] | undefined = [];

  constructor(metadata: SnapshotMetadata, save: (image: SnapshotImage) => Promise<void>) {
    this.#metadata = metadata;
    this.#save = save;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#receiving().push(copyBytes(chunk));
  }

  async commit(): Promise<void> {
    const chunks = this.#receiving();
    this.#chunks = undefined;
    await this.#save({ metadata: this.#metadata, chunks });
  }

  async abort(): Promise<void> {
    this.#chunks = undefined;
  }

  #receiving(): Uint8Array[] {
    if (this.#chunks) return this.#chunks;
    throw new StorageError(
      "closed",
      `The sink of the snapshot at index ${this.#metadata.index} was committed or aborted before.`,
    );
  }
}
