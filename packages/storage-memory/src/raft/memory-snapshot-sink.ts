import { type SnapshotReception, type SnapshotSink, StorageError } from "@raftkv/raft-core";
import { copyBytes, copyMetadata } from "../copies.ts";
import { contentOf, type PartialImage, type SnapshotImage } from "./snapshot-image.ts";

/** So many chunks become durable at once: a crash loses those that came after. */
const chunksPerSync = 4;

interface SinkParts {
  /** Chunks that are held already. */
  readonly held: readonly Uint8Array[];
  keep(partial: PartialImage | undefined): Promise<void>;
  save(image: SnapshotImage): Promise<void>;
  ended(): void;
}

/** Gathers a snapshot from a peer; nobody sees it before it is committed. */
export class MemorySnapshotSink implements SnapshotSink {
  readonly #reception: SnapshotReception;
  readonly #parts: SinkParts;
  readonly #chunks: Uint8Array[];
  #ended = false;

  constructor(reception: SnapshotReception, parts: SinkParts) {
    this.#reception = { ...reception, metadata: copyMetadata(reception.metadata) };
    this.#parts = parts;
    this.#chunks = [...parts.held];
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#requireOpen();
    this.#chunks.push(copyBytes(chunk));
    if (this.#chunks.length % chunksPerSync === 0) await this.#keep();
  }

  async commit(): Promise<void> {
    this.#requireOpen();
    this.#end();
    const { metadata, content } = this.#reception;
    const found = contentOf(this.#chunks);
    if (content !== undefined && (content.digest !== found.digest || content.bytes !== found.bytes)) {
      await this.#parts.keep(undefined);
      throw new Error(`The snapshot at index ${metadata.index} is not the one that was offered.`);
    }
    await this.#parts.save({ metadata, chunks: this.#chunks, content: found });
  }

  async suspend(): Promise<void> {
    if (this.#ended) return;
    this.#end();
    await this.#keep();
  }

  async abort(): Promise<void> {
    if (this.#ended) return;
    this.#end();
    await this.#parts.keep(undefined);
  }

  async #keep(): Promise<void> {
    const { metadata, content } = this.#reception;
    if (content !== undefined) await this.#parts.keep({ metadata, content, chunks: [...this.#chunks] });
  }

  #end(): void {
    this.#ended = true;
    this.#parts.ended();
  }

  #requireOpen(): void {
    if (!this.#ended) return;
    throw new StorageError(
      "closed",
      `The sink of the snapshot at index ${this.#reception.metadata.index} was committed or aborted before.`,
    );
  }
}
