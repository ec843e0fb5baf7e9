import { type SnapshotSink, StorageError } from "@raftkv/raft-core";

interface SinkParts {
  write(chunk: Uint8Array): Promise<void>;
  /** `written`: resolves once what was handed in before has been written. */
  commit(written: Promise<void>): Promise<void>;
  suspend(): Promise<void>;
  abort(): Promise<void>;
  ended(): void;
}

/** Ends once. What ends it waits for what is being written. */
export class FileSink implements SnapshotSink {
  readonly #parts: SinkParts;
  #writing: Promise<unknown> = Promise.resolve();
  #ended = false;

  constructor(parts: SinkParts) {
    this.#parts = parts;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#requireOpen();
    const writing = this.#parts.write(chunk);
    this.#writing = writing.catch(() => undefined);
    await writing;
  }

  async commit(): Promise<void> {
    this.#requireOpen();
    // At once, so that a storage that closes now knows that something is taking its place.
    await this.#parts.commit(this.#end());
  }

  async suspend(): Promise<void> {
    if (this.#ended) return;
    await this.#end();
    await this.#parts.suspend();
  }

  async abort(): Promise<void> {
    if (this.#ended) return;
    await this.#end();
    await this.#parts.abort();
  }

  async #end(): Promise<void> {
    this.#ended = true;
    this.#parts.ended();
    await this.#writing;
  }

  #requireOpen(): void {
    if (this.#ended) throw new StorageError("closed", "this snapshot was committed or given up already");
  }
}
