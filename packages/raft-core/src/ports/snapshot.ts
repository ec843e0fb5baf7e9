import type { SnapshotMetadata } from "../algorithm/entry.ts";

/** Names a snapshot's bytes: where this is equal, the bytes are, whoever made them. */
export interface SnapshotContent {
  /** How many there are. */
  readonly bytes: number;
  /** Their SHA-256, in lower-case hexadecimal. */
  readonly digest: string;
}

/** A snapshot that can be read from its beginning; independent of what is applied or compacted meanwhile. */
export interface SnapshotSource {
  readonly metadata: SnapshotMetadata;
  /** The state machine's bytes, in chunks of at most 1 MiB. */
  read(): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** A whole snapshot in storage. */
export interface StoredSnapshot extends SnapshotSource {
  readonly content: SnapshotContent;
  /** The bytes from `from` on, or all, in chunks of at most 1 MiB. */
  read(from?: number): AsyncIterable<Uint8Array>;
}

/** The beginning of a snapshot whose sending broke off. */
export interface PartialSnapshot {
  readonly metadata: SnapshotMetadata;
  /** What it would be once it is whole. */
  readonly content: SnapshotContent;
  /** So many of its bytes are here, verified. */
  readonly bytes: number;
}

/** Takes in a snapshot piece by piece. Ends once, by one of its last three methods. */
export interface SnapshotSink {
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Resolves once the snapshot is whole, verified and durable. Where its bytes are not those that `content` names it
   * rejects with an error that is no `StorageError`, leaves no trace, and harms nothing.
   */
  commit(): Promise<void>;
  /** Keeps what was written, durably, to go on from later; where no content was named it is as `abort`. */
  suspend(): Promise<void>;
  /** Leaves no trace. */
  abort(): Promise<void>;
}
